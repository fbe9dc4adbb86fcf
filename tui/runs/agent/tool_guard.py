"""What is answered to the CLI before a tool is used: go on, ask an operator, or no."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from tui.core.permission_modes import ASKING_MODES
from tui.runs.agent.closed_place_rules import is_closed, is_plan
from tui.runs.agent.tool_policy import (
    COMMAND_TOOLS,
    EDITING_TOOLS,
    HARMLESS_TOOLS,
    LOOKING_TOOLS,
    is_given,
    is_harmless,
)
from tui.runs.folder.protocol import RunSpec

if TYPE_CHECKING:
    from claude_agent_sdk.types import HookJSONOutput

Verdict = Literal["", "ask", "deny"]

_EDITING_MODE = "acceptEdits"
_MOST_TEXTS, _LONGEST_PATH = 100_000, 4096  # of a call: some three seconds of looking
_FILE_TOOLS = EDITING_TOOLS | LOOKING_TOOLS - {"Glob"}
# Where the tools of the CLI have paths; for `Glob`, as for a tool that is not known, any text is.
_PATHS = ("file_path", "notebook_path", "path", "glob")


class ToolGuard:
    """Judges each call of a tool in a run; `mode` is the permission mode that operators gave it.

    `home` is the folder that its agent works in.
    Closed places are closed to every run of ours; a pipeline's own (`is_hosted`) goes by what the
    pipeline says, until a restricted console prompts it.
    """

    def __init__(self, spec: RunSpec, *, is_hosted: bool) -> None:
        self._spec, self._is_hosted = spec, is_hosted
        self._is_bound, self.home = spec.is_restricted, spec.cwd
        self.mode = str(spec.agent.get("permission_mode") or "default")

    def bind(self) -> None:
        """Ask, from now on, for all that is neither harmless nor given by the settings.

        For good: what a restricted console's prompt told the agent to do may come in a later turn.
        """
        self._is_bound = True

    def verdict(self, tool: str, given: Mapping[str, Any], cwd: str) -> Verdict:
        """Return how to go on with a call, whose relative paths begin at `cwd`; looks at links."""
        if self._is_hosted and not self._is_bound:
            return ""
        if tool not in COMMAND_TOOLS:
            is_read = tool not in EDITING_TOOLS
            if any(is_closed(self._spec, one, is_read=is_read) for one in _paths(tool, given, cwd)):
                return "deny"
        is_unasked = self._is_bounded(tool, given, cwd) if self._is_bound else self._is_usual(tool)
        return "" if is_unasked else "ask"

    def _is_usual(self, tool: str) -> bool:
        """Whether the CLI may decide: of commands it would let pass what reads any secret."""
        rules = self._spec.agent.get("allowed_tools") or ()
        is_asking = tool in COMMAND_TOOLS and self.mode in ASKING_MODES
        return not is_asking or any(str(one).partition("(")[0] == tool for one in rules)

    def _is_bounded(self, tool: str, given: Mapping[str, Any], cwd: str) -> bool:
        rules = self._spec.stage_gives.get("allowed_tools") or ()
        if is_harmless(tool, given) or is_given(tool, given, rules):
            return True
        if tool in LOOKING_TOOLS and self._is_inside(tool, given, cwd):
            return True
        edited = [is_plan(one) for one in _paths(tool, given, cwd)] if tool in EDITING_TOOLS else []
        if edited and all(edited):
            return True
        if self.mode == _EDITING_MODE:
            return tool in EDITING_TOOLS | COMMAND_TOOLS
        return self.mode in ("auto", "bypassPermissions")

    def _is_inside(self, tool: str, given: Mapping[str, Any], cwd: str) -> bool:
        """Whether all that a tool looks at lies in the agent's folder, or is of its own run."""
        home = os.path.realpath(self.home)
        return all(
            one == home or one.startswith(f"{home}/") or self._spec.session_id in one.split("/")
            for one in _paths(tool, given, cwd)
        )


def _paths(tool: str, given: Mapping[str, Any], cwd: str) -> Iterator[str]:
    """Yield the paths in a call, links resolved; of a tool that is not known, each of its texts.

    Raises `ValueError` for more than can be looked at.
    """
    if tool in HARMLESS_TOOLS:
        return
    values = [given.get(name) for name in _PATHS] if tool in _FILE_TOOLS else [given]
    texts = dict.fromkeys(text for one in values for text in _texts(one))
    if len(texts) > _MOST_TEXTS:
        raise ValueError("too many values")
    base = _resolved(cwd, str(given.get("path") or "")) if tool in LOOKING_TOOLS else cwd
    for text in texts:
        for one in dict.fromkeys((cwd, base)):
            yield _resolved(one, text)


def _resolved(base: str, text: str) -> str:
    """Return the path that a text may be; of what is too long for one, `base`."""
    text = os.path.expanduser(text.removeprefix("file://"))  # noqa: PTH111 (raises for no home)
    path = os.path.join(base, text)  # noqa: PTH118 (as the system reads it)
    path = path if len(path) <= _LONGEST_PATH else os.path.normpath(path)
    return os.path.realpath(path if len(path) <= _LONGEST_PATH and "\0" not in path else base)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def hook_output(verdict: Verdict) -> HookJSONOutput:
    """Return how the CLI is told a verdict other than `""`."""
    reason = (
        "Off limits to agents: it may hold secrets."
        if verdict == "deny"
        else "An operator decides."
    )
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny" if verdict == "deny" else "ask",
            "permissionDecisionReason": reason,
        }
    }
