"""The tools forbidden to an agent: by its stage's settings and by its row together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tui.runs.agent.tool_policy import tool_name

_BANS, _TOOLS, _ALL = "disallowed_tools", "tools", "default"
# An incomplete rule makes the CLI misread those after it, so it goes last.
_COMPLETE = re.compile(r"[^\s(),]+(\([^()]*(\([^()]*\)[^()]*)*\))?")


def valid_bans(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the valid `disallowed_tools`: an invalid one does not void the others."""
    value = options.get(_BANS)
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else None
    if listed is None:
        return {}
    return {_BANS: _in_order(one for one in listed if isinstance(one, str))}


def _in_order(bans: Iterable[str]) -> list[str]:
    return sorted(dict.fromkeys(bans), key=lambda one: _COMPLETE.fullmatch(one) is None)


def narrowed(stage: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bans of a row joined with its stage's, and the tools that both allow.

    Leaves out options that the row does not have.
    """
    found: dict[str, Any] = {}
    if _BANS in row:
        found[_BANS] = _in_order([*stage.get(_BANS, ()), *row[_BANS]])
    if _TOOLS in row:
        found[_TOOLS] = _shared(stage.get(_TOOLS), row[_TOOLS])
    return found


def _shared(given: Any, asked: Any) -> Any:
    """Return the tools that two sets share; a set is a list of names, or a preset of all tools."""
    if given is None or not isinstance(given, list) or _ALL in given:
        return asked
    if not isinstance(asked, list) or _ALL in asked:
        return given
    names = {tool_name(one) for one in given}
    return [one for one in asked if one in given or tool_name(one.partition("(")[0]) in names]


def is_changed(asked: Any, kept: Any) -> bool:
    """Whether a row gets other bans or tools than it asked for."""
    if isinstance(asked, list) and isinstance(kept, list):
        return set(asked) != set(kept)
    return bool(asked != kept)
