"""The options that make a resumed agent the same agent, and limits on what a row may ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tui.core.errors import UsageError
from tui.core.permission_modes import ASKING_MODES
from tui.core.recorded_agent import UNRECORDED, known_unrecorded, subagents
from tui.core.text.safe_text import one_line
from tui.operations.running.tool_bans import is_changed, narrowed, valid_bans
from tui.runs.agent.tool_policy import HARMLESS_TOOLS, LOOKING_TOOLS
from tui.settings import Settings

_BETA = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
_MOST = 1e9  # JSON integers may have more digits than a float can hold


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST


def _prompt(value: Any) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return _text(value) or kind == "preset" or (kind == "custom" and _text(value.get("prompt")))


def _tools(value: Any) -> bool:
    return _texts(value) or (isinstance(value, dict) and value.get("type") == "preset")


def _table(value: Any) -> bool:
    return isinstance(value, dict)


def _betas(value: Any) -> bool:
    return _texts(value) and all(map(_BETA.fullmatch, value))


def _budget(value: Any) -> bool:
    return isinstance(value, dict) and _number(value.get("total"))


_OPTIONS: Mapping[str, Callable[[Any], bool]] = {
    "model": _text,
    "fallback_model": _text,
    "system_prompt": _prompt,
    "tools": _tools,
    "allowed_tools": _texts,
    "permission_mode": _text,
    "max_turns": _number,
    "max_budget_usd": _number,
    "effort": _text,
    "thinking": _table,
    "max_thinking_tokens": _number,
    "task_budget": _budget,
    "betas": _betas,
    "agents": lambda value: bool(subagents(value)),
    "output_format": _table,
    "strict_mcp_config": lambda value: value is True,
    "setting_sources": _texts,
    "mcp_servers": _table,
    "add_dirs": _texts,
    "cwd": _text,
}
_SETTINGS_ONLY = frozenset({"mcp_servers", "add_dirs", "setting_sources"})
_ROW_MODES = frozenset({"default", "plan", "acceptEdits", "dontAsk"})
_BYPASS = "bypassPermissions"
_LIMITS = frozenset({"max_turns", "max_budget_usd"})
_GIVES = ("allowed_tools", "permission_mode")


def agent_options(
    settings: Settings, stage: str, details: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the options for a run, and say which options of the row are not granted.

    Options recorded under `agent` in the row's metadata come first, then `[stages.<name>]` of the
    settings. A row is not a person: `bypassPermissions`, MCP servers, further folders and settings
    sources come only from the settings; a row may only ask for none of them. From a restricted
    console a row also cannot give a tool that acts on the machine, or a mode that skips permission.
    What the settings forbid or limit for a stage, a row can only tighten.
    """
    recorded = details.get("agent")
    asked = _sound(recorded if isinstance(recorded, dict) else {})
    named = _sound(settings.stages.get(stage, {}))
    refused = {name for name in asked if not _may_ask(name, asked[name], named)}
    if settings.restricted:
        refused |= {name for name in asked if is_wider(settings, stage, name, asked[name])}
    options = named | {name: value for name, value in asked.items() if name not in refused}
    options |= (bans := narrowed(named, asked))
    if left := known_unrecorded(recorded):
        options[UNRECORDED] = list(left)
    notes = [f"{name} of the row ignored" for name in sorted(refused)]
    notes += [
        f"{name}: what the stage forbids stays forbidden"
        for name in bans
        if is_changed(asked[name], bans[name])
    ]
    return options, tuple(notes)


def stage_gives(settings: Settings, stage: str) -> dict[str, Any]:
    """Return what the settings let a stage's agents do without permission."""
    named = _sound(settings.stages.get(stage, {}))
    return {name: named[name] for name in _GIVES if name in named}


def require_mode(settings: Settings, stage: str, mode: str) -> None:
    """Raise `UsageError` for an unknown permission mode, or one that only the settings may give."""
    known = sorted(_ROW_MODES | {"auto"})
    if mode == _BYPASS and settings.stages.get(stage, {}).get("permission_mode") != _BYPASS:
        raise UsageError(f"only [stages.{one_line(stage)}] of the settings gives {_BYPASS}")
    if mode not in (*known, _BYPASS):
        raise UsageError(f"no permission mode {one_line(mode)[:40]!r}: use {', '.join(known)}")
    require_no_wider(settings, stage, {"permission_mode": mode})


def is_wider(settings: Settings, stage: str, name: str, value: Any) -> bool:
    """Whether an option lets an agent do more, without permission, than its stage's settings."""
    named = _sound(settings.stages.get(stage, {}))
    if name == "permission_mode":
        return value not in (*ASKING_MODES, named.get(name))
    if name == "allowed_tools":
        return not set(value) <= {*HARMLESS_TOOLS, *named.get(name, ())}
    return name in _LIMITS and name in named and value > named[name]


def shells(settings: Settings) -> tuple[str, ...]:
    """Return the stages whose agents may act on this machine without permission, and with what.

    Whoever prompts such an agent has a shell here, even from a restricted console.
    """
    found = {name: tuple(_acting(_sound(stage))) for name, stage in settings.stages.items()}
    return tuple(
        f"{one_line(name)} ({', '.join(one_line(one)[:40] for one in found[name])})"
        for name in sorted(found)
        if found[name]
    )


def _acting(stage: Mapping[str, Any]) -> Iterator[str]:
    mode = stage.get("permission_mode")
    if mode is not None and mode not in ASKING_MODES:
        yield str(mode)
    for tool in stage.get("allowed_tools", ()):
        if str(tool).partition("(")[0] not in (*HARMLESS_TOOLS, *LOOKING_TOOLS):
            yield str(tool)


def require_no_wider(settings: Settings, stage: str, options: Mapping[str, Any]) -> None:
    """Raise `UsageError` for options that a restricted console may not give an agent."""
    for name, value in options.items():
        if settings.restricted and is_wider(settings, stage, name, value):
            raise UsageError(
                f"this console is restricted: only [stages.{one_line(stage)}] of the settings "
                f"gives {name} {one_line(_listed(value))[:60]}"
            )


def _listed(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def lacking(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the session's agent had and a run with these options has not.

    By the names of `recorded_options.unrecorded`; not the MCP servers that the settings give.
    """
    served = {f"mcp_servers.{one_line(name)}" for name in options.get("mcp_servers") or ()}
    return tuple(one for one in known_unrecorded(options) if one not in served)


def describe(options: Mapping[str, Any]) -> str:
    """Say what a run will use: model, tools, permission mode, turns, budget."""
    tools = options.get("allowed_tools")
    turns, budget = options.get("max_turns"), options.get("max_budget_usd")
    parts = [
        str(options.get("model") or "default model"),
        f"mode {options.get('permission_mode') or 'default'}",
        f"{turns} turns" if turns is not None else "",
        f"at most ${budget:g}" if budget is not None else "",
        f"tools {', '.join(tools)}" if tools else "asks for tools",
    ]
    return one_line(" · ".join(part for part in parts if part))


def _sound(options: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        name: options[name] for name, is_sound in _OPTIONS.items() if is_sound(options.get(name))
    }
    if "agents" in found:
        found["agents"] = subagents(found["agents"])
    return found | valid_bans(options)


def _may_ask(name: str, value: Any, named: Mapping[str, Any]) -> bool:
    if named.get(name) == value:
        return True
    if name in _LIMITS and name in named:
        return bool(value < named[name])
    if name == "permission_mode":
        return value in _ROW_MODES
    return name not in _SETTINGS_ONLY or not value
