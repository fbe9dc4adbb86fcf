"""One agent: an SDK client over the CLI. Only this folder imports the SDK, inside functions."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tui.claude.transcript.notices import unusable_servers
from tui.claude.transcript_files.written_turn import WrittenTurns, writes_none
from tui.core.errors import Kind, RunFailed
from tui.core.event_loop import as_exceptions
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.runs.agent.chunk_lines import divert_chunks
from tui.runs.agent.cli_errors import (
    as_both,
    ended_early,
    error_words,
    how_to_go_on,
    is_of_ended_cli,
    kind_before_init,
    kind_of,
    memory_kills,
)
from tui.runs.agent.cli_process import connect, kill_cli, session_options
from tui.runs.agent.confinement import confining_environment, confining_options
from tui.runs.agent.environment import STATE_EVENTS, cli_environment
from tui.runs.agent.recorded_options import replayed
from tui.runs.agent.requesters import asker
from tui.runs.agent.sdk_import import import_lean_sdk, import_sdk
from tui.runs.agent.sdk_messages import (
    MessageIds,
    TurnSigns,
    composed,
    goes_as_text,
    is_answer,
    own_message,
    sent,
    told_of,
    turn_ended,
)
from tui.runs.agent.tool_calls import ToolCalls, granted_input
from tui.runs.agent.tool_guard import ToolGuard, hook_output
from tui.runs.folder.agent_events import (
    AgentIdle,
    AgentMessage,
    Happening,
    PermissionAnswer,
    PermissionAsk,
    RunNotice,
    StreamChunks,
    ToolReturned,
    TurnEnded,
    TurnStarted,
)
from tui.runs.folder.protocol import RunSpec
from tui.runs.prompt_queue import Prompt

if TYPE_CHECKING:
    from claude_agent_sdk import (
        ClaudeAgentOptions,
        ClaudeSDKClient,
        HookContext,
        PermissionMode,
        PermissionResultAllow,
        PermissionResultDeny,
        ToolPermissionContext,
    )
    from claude_agent_sdk.types import HookInput, HookJSONOutput

_LAST_WORDS_TRIES = 20
_MAX_MESSAGE = 256 * 1024 * 1024
# The SDK closes the CLI's input, asks by signal after 5 s, and would kill only after 10.
_KILL_AFTER_S = 6.0
# When everything is being cancelled, nobody hears the CLI's answer any more.
_INTERRUPT_WITHIN_S = 1.0


class AgentClient:
    """One client from `connect` to `close`, both in the same task. Raises only `RunFailed`.

    `hear` gets the stream events that the pipeline did not ask for; whether somebody follows them.
    `given` are the options of a pipeline that runs its agent itself: what is set there wins.
    """

    def __init__(
        self,
        spec: RunSpec,
        listing: Path,
        ask: Callable[[PermissionAsk], Awaitable[PermissionAnswer]],
        hear: Callable[[AgentMessage], bool],
        given: ClaudeAgentOptions | None = None,
    ) -> None:
        self._spec, self._listing, self._ask = spec, listing, ask
        self._hear, self._given = hear, given
        self._is_verbatim = given is not None and given.verbatim_prompts
        self._guard = ToolGuard(spec, is_hosted=given is not None)
        self._client: ClaudeSDKClient | None = None
        self._calls = ToolCalls()
        self._turn_signs, self._ids = TurnSigns(), MessageIds(is_resumed=spec.mode == "resume")
        self._complaints: deque[str] = deque(maxlen=20)
        self._memory_kills = memory_kills()
        self._has_begun = self.tells_rest = False
        self._written: WrittenTurns | None = None

    async def connect(self) -> None:
        """Start the CLI and greet it."""
        load = import_lean_sdk if self._given is None else import_sdk
        sdk = await asyncio.to_thread(load)
        try:
            options = self._options()
            if not writes_none(options.extra_args, os.environ | options.env):
                spec, home = self._spec, self._guard.home
                self._written = WrittenTurns(spec.config_dir, home, spec.session_id)
                await self._written.begin()
            self._client = sdk.ClaudeSDKClient(options)
            await connect(self._client)
            if self._given is None or not self._given.include_partial_messages:
                divert_chunks(self._client, lambda chunks: self._hear(told_of(chunks)))
        except RunFailed:
            raise
        except Exception as error:  # whatever the SDK raises ends the run with its reason
            raise await self._failure(error) from error

    async def say(self, prompt: Prompt) -> None:
        """Send a prompt: a turn begins. A pipeline's goes as the SDK sends it.

        What an operator typed is text, but for `/compact`, which makes room in the context. Files
        that a restricted console mentions are not inserted.
        """
        if prompt.is_restricted:
            self._guard.bind()
        is_text, text = self._is_verbatim, prompt.text
        if prompt.is_typed:
            hides_mentions = prompt.is_restricted and not self._spec.is_restricted
            is_text = goes_as_text(text, hides_mentions=hides_mentions)
            text = text.strip()
        given = composed(text) if is_text else None
        if prompt.message is not None:
            given = await self._ids.fresh(prompt.message, self._written)
        try:
            await self._connected().query(sent(given, is_text=is_text) if given else text)
        except Exception as error:  # whatever the SDK raises ends the run with its reason
            raise await self._failure(error) from error

    async def listen(self) -> AsyncIterator[AgentMessage]:
        """Yield what happens, turn after turn, until the CLI ends."""
        try:
            async for message in self._connected().receive_messages():
                self._calls.hear(message)
                self._turn_signs.hear(message)
                shown = message if self._is_expected(message) else None
                happening = await self._checked(self._told(message), message)
                yield AgentMessage(happening, shown, is_answer=is_answer(message))
        except Exception as error:  # whatever the SDK raises ends the run with its reason
            raise await self._failure(error) from error

    async def _checked(self, happening: Happening | None, message: object) -> Happening | None:
        """Return what a message means; a turn that the CLI could not write has failed."""
        if self._written is None:
            return happening
        message_id, is_said = own_message(message)
        self._written.hear(message_id, is_answer=is_said)
        if not isinstance(happening, TurnEnded) or happening.error or happening.is_aborted:
            return happening
        error, unchecked = await self._written.check()
        return replace(happening, error=error, unchecked=unchecked)

    async def interrupt(self) -> None:
        """Ask the agent to stop its turn; a CLI that is gone needs no asking."""
        with suppress(Exception):
            await self._connected().interrupt()

    async def change_model(self, name: str) -> None:
        """Go on with another model; raises `RunFailed` with what the CLI has against it."""
        await self._change(self._connected().set_model(name))

    async def change_mode(self, name: str) -> None:
        """Go on in another permission mode; raises `RunFailed` with what the CLI has against it."""
        await self._change(self._connected().set_permission_mode(cast("PermissionMode", name)))
        self._guard.mode = name

    async def _change(self, asking: Awaitable[None]) -> None:
        try:
            await asking
        except Exception as error:  # whatever the SDK raises: the run goes on as it was
            raise RunFailed(one_line(error) or type(error).__name__) from error

    async def close(self, *, in_turn: bool = False) -> None:
        """End the CLI, by signal if it does not go when asked; in a turn it would not."""
        if in_turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(_INTERRUPT_WITHIN_S):
                    await self.interrupt()
        client, self._client = self._client, None
        if client is None:
            return
        loop = asyncio.get_running_loop()
        killing = loop.call_later(_KILL_AFTER_S, kill_cli, self._spec.run_id)
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

        spec, given = self._spec, self._given or ClaudeAgentOptions()
        self._guard.home = self._home(given)
        # Said in any case: else a settings file that the agent can write would choose the mode.
        ours = {"permission_mode": "default"} if self._given is None else {}
        return replace(
            given,
            **ours | replayed(spec.agent, given) | self._confining(given),
            **session_options(spec, given.session_store),
            **self._asking(given),
            verbatim_prompts=False,  # else the CLI would take `/compact` for text
            cwd=self._guard.home,
            cli_path=given.cli_path or spec.cli_path,
            env={**given.env, **cli_environment(spec), **self._confining_environment()},
            include_partial_messages=True,
            stderr=self._complain,
            max_buffer_size=given.max_buffer_size or _MAX_MESSAGE,
        )

    def _home(self, given: ClaudeAgentOptions) -> Path:
        """Return where the agent works; raises `RunFailed` if that is not there: in another
        folder it may do more, and no later try would find it, either."""
        from claude_agent_sdk import CLIConnectionError

        home = Path(given.cwd or self._cwd())
        if not home.is_dir():
            words = f"the folder that the agent should work in is not there: {one_line(home)}"
            raise as_both(CLIConnectionError(words), words, Kind.SETUP)
        return home

    def _cwd(self) -> Path:
        """Return where the agent works; raises `RunFailed` when a link leads elsewhere by now."""
        cwd = self._spec.cwd
        is_plain = cwd == self._listing or os.path.realpath(cwd) == str(cwd)
        if self._given is None and not is_plain:
            raise RunFailed(f"its folder {one_line(cwd)} was replaced by a link after the start")
        return cwd

    def _confining(self, given: ClaudeAgentOptions) -> dict[str, Any]:
        """Return what a run of ours is confined by, and how its calls of tools come to be judged.

        What a pipeline set in its own query stays as it is: its hooks are the ones then.
        """
        from claude_agent_sdk import HookMatcher

        ours = confining_options(self._spec) if self._given is None else {}
        if given.hooks:
            return ours
        judging = HookMatcher(hooks=[self._judge], on_failure="block" if ours else None)
        return ours | {"hooks": {"PreToolUse": [judging]}}

    def _confining_environment(self) -> Mapping[str, str]:
        return confining_environment(self._spec) if self._given is None else {}

    async def _judge(self, said: HookInput, _id: str | None, _: HookContext) -> HookJSONOutput:
        call: Mapping[str, Any] = dict(said)
        try:
            tool, given, cwd = call["tool_name"], call["tool_input"], call["cwd"]
            verdict = await asyncio.to_thread(self._guard.verdict, tool, given, cwd)
        except Exception:  # what cannot be judged is denied
            verdict = "deny"
        return hook_output(verdict) if verdict else {}

    def _asking(self, given: ClaudeAgentOptions) -> dict[str, Any]:
        """Return who is asked for permission: the operators, unless the pipeline sees to it."""
        from claude_agent_sdk import CanUseToolShadowedWarning

        if given.can_use_tool or given.permission_prompt_tool_name:
            return {}
        # It tells the author of a callback that some tools need no asking; this one is ours.
        warnings.filterwarnings("ignore", category=CanUseToolShadowedWarning)
        return {"can_use_tool": self._may_use}

    def _complain(self, line: str) -> None:
        self._complaints.append(line)
        if self._given is not None and self._given.stderr is not None:
            with as_exceptions():
                self._given.stderr(line)

    async def _may_use(
        self, tool: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        from claude_agent_sdk import PermissionResultAllow, PermissionResultDeny

        who = await asyncio.to_thread(asker, self._spec, context)
        call = await self._calls.made(context.tool_use_id)
        ask = PermissionAsk(tool, given, who, call if call != given else None)
        answer = await self._ask(ask)
        if answer.decision == "deny":
            return PermissionResultDeny(message=answer.reason or "The operator said no.")
        return PermissionResultAllow(updated_input=granted_input(ask, answer))

    def _told(self, message: object) -> Happening | None:
        """Return what a message of the SDK means here; mostly nothing, the transcript has it."""
        from claude_agent_sdk import ResultMessage, SystemMessage, UserMessage
        from claude_agent_sdk.types import RateLimitEvent, StreamEvent

        match message:
            case StreamEvent(parent_tool_use_id=None):
                return StreamChunks((message.event,))
            case SystemMessage():
                return self._system(message.subtype, message.data)
            case ResultMessage():
                return turn_ended(message, self._turn_signs)
            case UserMessage(parent_tool_use_id=None):
                return ToolReturned()
            case RateLimitEvent():
                info = message.rate_limit_info
                return RunNotice("rate_limit", {"status": info.status, "until": info.resets_at})
        return None

    def _system(self, subtype: str, data: Mapping[str, Any]) -> Happening | None:
        match subtype:
            case "init":
                self._has_begun = True
                names = ("session_id", "model", "permissionMode", "cwd")
                begun = TurnStarted(*(str(data.get(name, "")) for name in names))
                return replace(begun, failed_servers=unusable_servers(data.get("mcp_servers")))
            case "session_state_changed":
                self.tells_rest = True
                return AgentIdle() if data.get("state") == "idle" else None
            case "api_retry":
                kept = ("attempt", "max_retries", "retry_delay_ms", "error_status", "error")
                return RunNotice("retry", {name: data.get(name) for name in kept})
        return None

    def _is_expected(self, message: object) -> bool:
        """Whether the pipeline asked for such a message, and not we alone."""
        from claude_agent_sdk import SystemMessage
        from claude_agent_sdk.types import StreamEvent

        given = self._given
        match message:
            case StreamEvent():
                return given is not None and given.include_partial_messages
            case SystemMessage(subtype="session_state_changed"):
                return STATE_EVENTS in (given.env if given else {}) or STATE_EVENTS in os.environ
        return True

    async def _failure(self, error: Exception) -> RunFailed:
        """Return what the run ends with: in the CLI's own words, before the SDK's."""
        if isinstance(error, RunFailed):
            return as_both(error, str(error))
        said = ""
        if is_of_ended_cli(error) and await self._has_complained():
            said = " ".join(self._complaints)
        is_short = memory_kills() > self._memory_kills
        early = kind_before_init(error, is_out_of_memory=is_short)
        kind = kind_of(error) if self._has_begun else early
        words = error_words(error, said, await self._again(kind), is_out_of_memory=is_short)
        return as_both(error, words, kind)

    async def ended_early(self, when: str) -> RunFailed:
        """Return the failure of a run whose CLI has ended `when`, without a word of the SDK."""
        return ended_early(when, await self._again(Kind.CLI_DIED))

    async def _again(self, kind: Kind) -> str:
        spec = self._spec
        return await asyncio.to_thread(how_to_go_on, spec.config_dir, spec.session_id, kind)

    async def _has_complained(self) -> bool:
        """Wait a moment for the last words of a CLI that died: they come on a pipe of their own."""
        for _ in range(_LAST_WORDS_TRIES):
            if self._complaints:
                break
            await asyncio.sleep(0.05)
        return bool(self._complaints)
