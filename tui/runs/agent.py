"""One agent: an SDK client over the CLI. The only file that knows the SDK, inside functions."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.core.errors import RunFailed
from tui.core.text import one_line
from tui.runs.environment import read_env_file
from tui.runs.inbox import Decision
from tui.runs.protocol import AGENT_OPTIONS, RunSpec

if TYPE_CHECKING:
    from claude_agent_sdk import (
        ClaudeAgentOptions,
        ClaudeSDKClient,
        PermissionResultAllow,
        PermissionResultDeny,
        ToolPermissionContext,
    )

_LAST_WORDS_TRIES = 20
_MAX_MESSAGE = 256 * 1024 * 1024
# The SDK closes the CLI's input, asks by signal after 5 s, and would kill only after 10.
_KILL_AFTER_S = 6.0


@dataclass(frozen=True, slots=True)
class Initialized:
    """The CLI began a turn, and says as whom."""

    session_id: str
    model: str = ""
    permission_mode: str = ""
    cwd: str = ""


@dataclass(frozen=True, slots=True)
class Streamed:
    """A raw stream event of the API: some token of the message being written."""

    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that the transcript does not tell: a retry, a rate limit."""

    kind: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over; `error` is the reason in words when it failed."""

    subtype: str
    error: str = ""
    is_aborted: bool = False
    cost_usd: float | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    num_turns: int = 0
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rested:
    """Nothing runs any more, background tasks of the agent included."""


Happening = Initialized | Streamed | Noticed | TurnEnded | Rested


@dataclass(frozen=True, slots=True)
class Ask:
    """The agent asks whether it may use a tool."""

    tool: str
    input: Mapping[str, Any]
    suggestions: tuple[Mapping[str, Any], ...] = ()
    blocked_path: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the operator says to that; `reason` is told to the agent when it is a no."""

    decision: Decision
    reason: str = ""


class Agent:
    """One client from `connect` to `close`, both in the same task. Raises only `RunFailed`."""

    def __init__(
        self, spec: RunSpec, fallback_cwd: Path, ask: Callable[[Ask], Awaitable[Answer]]
    ) -> None:
        self._spec, self._fallback_cwd, self._ask = spec, fallback_cwd, ask
        self._client: ClaudeSDKClient | None = None
        self._complaints: deque[str] = deque(maxlen=20)
        self.tells_rest = False

    async def connect(self) -> None:
        """Start the CLI and greet it."""
        sdk = await asyncio.to_thread(importlib.import_module, "claude_agent_sdk")
        try:
            self._client = sdk.ClaudeSDKClient(self._options())
            await self._client.connect()
        except RunFailed:
            raise
        except Exception as error:  # whatever the SDK raises ends the run with its reason
            raise RunFailed(await self._reason(error)) from error

    async def say(self, prompt: str) -> None:
        """Send a prompt: a turn begins."""
        try:
            is_command = prompt.lstrip().startswith("/")
            await self._connected().query(_verbatim(prompt) if is_command else prompt)
        except Exception as error:  # whatever the SDK raises ends the run with its reason
            raise RunFailed(await self._reason(error)) from error

    async def happenings(self) -> AsyncIterator[Happening]:
        """Yield what happens, turn after turn, until the CLI ends."""
        try:
            async for message in self._connected().receive_messages():
                for happening in self._told(message):
                    yield happening
        except Exception as error:  # whatever the SDK raises ends the run with its reason
            raise RunFailed(await self._reason(error)) from error

    async def interrupt(self) -> None:
        """Ask the agent to stop its turn; a CLI that is gone needs no asking."""
        with suppress(Exception):
            await self._connected().interrupt()

    async def close(self) -> None:
        """End the CLI, by signal if it does not go when asked."""
        client, self._client = self._client, None
        if client is None:
            return
        loop = asyncio.get_running_loop()
        killing = loop.call_later(_KILL_AFTER_S, signal_children, signal.SIGKILL)
        try:
            # Whatever goes wrong in saying goodbye, the signals end the CLI.
            with suppress(Exception):
                await client.disconnect()
        finally:
            killing.cancel()

    def _connected(self) -> ClaudeSDKClient:
        if self._client is None:
            raise RunFailed("the agent is not connected")
        return self._client

    def _options(self) -> ClaudeAgentOptions:
        from claude_agent_sdk import ClaudeAgentOptions

        spec = self._spec
        chosen = {
            name: spec.agent[name] for name in AGENT_OPTIONS if spec.agent.get(name) is not None
        }
        return ClaudeAgentOptions(
            **chosen,
            **_identity(spec),
            cwd=spec.cwd if spec.cwd.is_dir() else self._fallback_cwd,
            cli_path=spec.cli_path,
            env=_environment(spec),
            include_partial_messages=True,
            can_use_tool=self._may_use,
            stderr=self._complaints.append,
            max_buffer_size=_MAX_MESSAGE,
        )

    async def _may_use(
        self, tool: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

        suggestions = tuple(one.to_dict() for one in context.suggestions)
        answer = await self._ask(Ask(tool, given, suggestions, context.blocked_path or ""))
        if answer.decision == "deny":
            return PermissionResultDeny(message=answer.reason or "The operator said no.")
        return PermissionResultAllow()

    def _told(self, message: object) -> list[Happening]:
        """Return what a message of the SDK means here; mostly nothing, the transcript has it."""
        from claude_agent_sdk import ResultMessage, SystemMessage
        from claude_agent_sdk.types import RateLimitEvent, StreamEvent

        match message:
            case StreamEvent(parent_tool_use_id=None):
                return [Streamed(message.event)]
            case SystemMessage():
                return self._system(message.subtype, message.data)
            case ResultMessage():
                return [_turn_ended(message)]
            case RateLimitEvent():
                info = message.rate_limit_info
                return [Noticed("rate_limit", {"status": info.status, "until": info.resets_at})]
        return []

    def _system(self, subtype: str, data: Mapping[str, Any]) -> list[Happening]:
        match subtype:
            case "init":
                names = ("session_id", "model", "permissionMode", "cwd")
                return [Initialized(*(str(data.get(name, "")) for name in names))]
            case "session_state_changed":
                self.tells_rest = True
                return [Rested()] if data.get("state") == "idle" else []
            case "api_retry":
                kept = ("attempt", "max_retries", "retry_delay_ms", "error_status", "error")
                return [Noticed("retry", {name: data.get(name) for name in kept})]
        return []

    async def _reason(self, error: Exception) -> str:
        """Return the reason in words: the CLI's own, before the SDK's."""
        from claude_agent_sdk import CLIConnectionError, CLINotFoundError, ProcessError, ResultError

        if isinstance(error, RunFailed):
            return str(error)
        if isinstance(error, CLINotFoundError):
            return f"the Claude CLI is missing: {one_line(error)}"
        if isinstance(error, ResultError):
            words = "; ".join(error.errors) or error.result or error.subtype
            return one_line(words or error)
        if isinstance(error, ProcessError | CLIConnectionError) and await self._has_complained():
            return f"the CLI ended: {one_line(' '.join(self._complaints))[-600:]}"
        return one_line(f"{type(error).__name__}: {error}")

    async def _has_complained(self) -> bool:
        """Wait a moment for the last words of a CLI that died: they come on a pipe of their own."""
        for _ in range(_LAST_WORDS_TRIES):
            if self._complaints:
                break
            await asyncio.sleep(0.05)
        return bool(self._complaints)


async def _verbatim(prompt: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the message that says it as text: the CLI would obey `/clear`, as another session.

    Not for every prompt, since the CLI then leaves out what else it tells the agent (its skills
    and tools, the rules of a folder): see `ClaudeAgentOptions.verbatim_prompts`.
    """
    message = {"role": "user", "content": prompt}
    yield {
        "type": "user",
        "message": message,
        "parent_tool_use_id": None,
        "client_composed": True,
    }


def children() -> tuple[int, ...]:
    """Return the pids of this process's children: the CLI."""
    return tuple(int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_ours(entry))


def signal_children(number: int) -> None:
    """Send a signal to this process's children."""
    for pid in children():
        with suppress(OSError):
            os.kill(pid, number)


def _is_ours(entry: Path) -> bool:
    try:
        fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return False
    return fields[1] == str(os.getpid()) and fields[0] not in ("Z", "X")


def _identity(spec: RunSpec) -> dict[str, Any]:
    match spec.mode:
        case "new":
            return {"session_id": spec.session_id}
        case "resume":
            return {"resume": spec.session_id}
        case "fork":
            fork = {"resume": spec.source_id, "fork_session": True}
            return fork | {"session_id": spec.session_id}


def _environment(spec: RunSpec) -> dict[str, str]:
    """Return what the CLI's environment adds to ours: the secrets, and where its sessions are."""
    secrets = read_env_file(spec.env_file) if spec.env_file else {}
    return secrets | {
        "CLAUDE_CONFIG_DIR": str(spec.config_dir),
        "CLAUDE_SESSION_DIR": str(spec.config_dir),
        "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",
    }


def _turn_ended(result: Any) -> TurnEnded:
    words = "; ".join(result.errors or ()) or result.result or result.subtype
    is_aborted = str(result.terminal_reason or "").startswith("aborted")
    return TurnEnded(
        subtype=str(result.subtype),
        error=one_line(words or "failed") if result.is_error and not is_aborted else "",
        is_aborted=is_aborted,
        cost_usd=result.total_cost_usd,
        usage=result.usage or {},
        num_turns=result.num_turns,
        duration_ms=result.duration_ms,
    )
