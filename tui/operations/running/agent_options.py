"""The options that make a resumed agent the same agent, and limits on what a row may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tui.core.errors import Refused, UsageError
from tui.core.permission_modes import ASKING_MODES
from tui.core.recorded_agent import LIMITS, UNRECORDED, held_back, known_unrecorded, subagents
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.runs.agent.tool_policy import HARMLESS_TOOLS, LOOKING_TOOLS, tool_name
from tui.settings import Settings

_BETA = late_pattern(r"[a-z0-9][a-z0-9.-]{0,79}")
_BANS, _TOOLS, _ALL = "disallowed_tools", "tools", "default"
_SOURCES = "setting_sources"
_EVERY_SOURCE = ("user", "project", "local")  # what the CLI reads unless told
# An incomplete rule makes the CLI misread those after it, so it goes last.
_COMPLETE = late_pattern(r"[^\s(),]+(\([^()]*(\([^()]*\)[^()]*)*\))?")
_MOST_NAMED, _LONGEST_SHOWN = 3, 100
_MOST = 1e9  # JSON integers may have more digits than a float can hold


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST


def _amount(value: Any) -> bool:
    return _number(value) or (value == 0 and not isinstance(value, bool))


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
    return isinstance(value, dict) and _amount(value.get("total"))


_OPTIONS: Mapping[str, Callable[[Any], bool]] = {
    "model": _text,
    "fallback_model": _text,
    "system_prompt": _prompt,
    "tools": _tools,
    "allowed_tools": _texts,
    "permission_mode": _text,
    "max_turns": _number,  # 0 is no limit
    "max_budget_usd": _amount,
    "effort": _text,
    "thinking": _table,
    "max_thinking_tokens": _amount,
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
_SETTINGS_ONLY = frozenset({"mcp_servers", "add_dirs"})
_ROW_MODES = frozenset({"default", "plan", "acceptEdits", "dontAsk"})
_BYPASS = "bypassPermissions"
_FROM_NARROW = ("plan", "dontAsk", "default", "acceptEdits", "auto", _BYPASS)
_WIDER_MODES = frozenset({_BYPASS, "auto"})
_LIMITS = frozenset({"max_turns", "max_budget_usd"})
_GIVES = ("allowed_tools", "permission_mode")


def agent_options(
    settings: Settings, stage: str, details: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the options for a run, and say which options of the row are not granted.

    Options recorded under `agent` in the row's metadata come first, then `[stages.<name>]` of the
    settings. A row is not a person: `bypassPermissions`, MCP servers and further folders come only
    from the settings; a row may only ask for none of them. From a restricted console a row also
    cannot give a tool that acts on the machine, a mode that skips permission, or a settings file.
    What the settings forbid or limit for a stage, a row can only tighten. A limit that nobody can
    understand is named among what could not be recorded.
    """
    recorded = details.get("agent")
    recorded = recorded if isinstance(recorded, dict) else {}
    asked = _sound(recorded)
    named = _sound(settings.stages.get(stage, {}))
    refused = {name for name in asked if not _may_ask(name, asked[name], named)}
    if settings.restricted:
        refused |= {name for name in asked if is_wider(settings, stage, name, asked[name])}
    options = named | {name: value for name, value in asked.items() if name not in refused}
    limits = {_SOURCES: []} | named if settings.restricted else named
    options |= (bans := _narrowed(limits, asked))
    if left := dict.fromkeys((*_not_understood(recorded, asked), *known_unrecorded(recorded))):
        options[UNRECORDED] = list(left)
    notes = [f"{name} of the row ignored" for name in sorted(refused)]
    notes += [
        f"{name}: what the stage forbids stays forbidden"
        for name in bans
        if _is_changed(asked[name], bans[name])
    ]
    return options, tuple(notes)


def _not_understood(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """Yield the limits in a row that cannot be kept to as they are."""
    for name in sorted(LIMITS & recorded.keys()):
        value = recorded[name]
        is_none = value is None or value is False or (name == "max_turns" and value == 0)
        is_mode = name == "permission_mode" and name in asked
        is_odd_mode = is_mode and value not in _ROW_MODES | _WIDER_MODES
        is_odd_ban = name == "disallowed_tools" and not (_text(value) or _texts(value))
        if not is_none and (name not in asked or is_odd_mode or is_odd_ban):
            yield name


def loosened(known: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the limits of an agent that what is given puts something wider in the place of."""
    for name in sorted(LIMITS & known.keys() & given.keys()):
        if not _is_as_narrow(name, known[name], given[name]):
            yield f"{name} {one_line(_listed(known[name]))[:_LONGEST_SHOWN]}"


def _is_as_narrow(name: str, had: Any, has: Any) -> bool:
    if had == has:
        return True
    if isinstance(had, list) and isinstance(has, list):
        is_within, has_all = {*has} <= {*had}, {*had} <= {*has}
        return has_all if name == _BANS else is_within and (name == _TOOLS or has_all)
    if name == "permission_mode" and had in _FROM_NARROW:
        return has in _FROM_NARROW and has in _FROM_NARROW[: _FROM_NARROW.index(had)]
    return bool(name in _LIMITS and has <= had)


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


def lacks(options: Mapping[str, Any]) -> Iterator[str]:
    """Say what only the session's pipeline could give the agent again."""
    if left := lacking(options):
        yield f"without its {few(left)}: only its pipeline has that"


def few(names: Sequence[str]) -> str:
    """Return some of the names, each whole, and how many more there are."""
    shown = list(names[:_MOST_NAMED])
    while len(shown) > 1 and sum(map(len, shown)) > _LONGEST_SHOWN:
        shown.pop()
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more


def require_held_back(short: str, options: Mapping[str, Any], *, restricted: bool) -> None:
    """Raise `Refused` for options that lack what may have held the session's agent back."""
    if freed := held_back(lacking(options)):
        if restricted:
            raise Refused(
                f"{short} was run with {few(freed)}, which only its pipeline has and which may "
                "hold its agent back: from a restricted console it cannot go on without it"
            )
        named = ",".join(dict.fromkeys(one.partition(".")[0] for one in freed))
        raise Refused(
            f"{short} was run with {few(freed)}, which only its pipeline has and which may "
            f"hold its agent back: `--without {named}` before the prompt has it go on all the same"
        )


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
    return found | _valid_bans(options)


def _may_ask(name: str, value: Any, named: Mapping[str, Any]) -> bool:
    if named.get(name) == value:
        return True
    if name in _LIMITS and name in named:
        return bool(value < named[name])
    if name == "permission_mode":
        return value in _ROW_MODES
    return name not in _SETTINGS_ONLY or not value


def _valid_bans(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the valid `disallowed_tools`: an invalid one does not void the others."""
    value = options.get(_BANS)
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else None
    if listed is None:
        return {}
    return {_BANS: _in_order(one for one in listed if isinstance(one, str))}


def _in_order(bans: Iterable[str]) -> list[str]:
    return sorted(dict.fromkeys(bans), key=lambda one: _COMPLETE.fullmatch(one) is None)


def _narrowed(stage: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bans of a row joined with its stage's, the tools and sources that both allow.

    Leaves out options that the row does not have.
    """
    found: dict[str, Any] = {}
    if _BANS in row:
        found[_BANS] = _in_order([*stage.get(_BANS, ()), *row[_BANS]])
    if _TOOLS in row:
        found[_TOOLS] = _shared(stage.get(_TOOLS), row[_TOOLS])
    if _SOURCES in row:
        found[_SOURCES] = [
            one for one in row[_SOURCES] if one in stage.get(_SOURCES, _EVERY_SOURCE)
        ]
    return found


def _shared(given: Any, asked: Any) -> Any:
    """Return the tools that two sets share; a set is a list of names, or a preset of all tools."""
    if given is None or not isinstance(given, list) or _ALL in given:
        return asked
    if not isinstance(asked, list) or _ALL in asked:
        return given
    names = {tool_name(one) for one in given}
    return [one for one in asked if one in given or tool_name(one.partition("(")[0]) in names]


def _is_changed(asked: Any, kept: Any) -> bool:
    """Whether a row gets other bans or tools than it asked for."""
    if isinstance(asked, list) and isinstance(kept, list):
        return set(asked) != set(kept)
    return bool(asked != kept)
