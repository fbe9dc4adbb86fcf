"""The SDK options that a pipeline gave its own query, as plain values that can be recorded."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from tui.core.recorded_agent import (
    LONGEST_NAME,
    MOST_NAMES,
    MOST_PARTS,
    MOST_VARIABLES,
    OF_PARTS,
    RECORDED_OF_SUBAGENT,
    SUBAGENT_MODE,
    held_back,
    kept_of_subagent,
    option_of,
    subagents,
)
from tui.core.text.digest import sha256_hex
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.runs.folder.protocol import AGENT_OPTIONS
from tui.runs.prompt_queue import OwnPrompt

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions

# Each option of the SDK is in one of these three: a resume replays it, or cannot, or need not.
RECORDED = frozenset({*AGENT_OPTIONS, "cwd"}) - {"mcp_servers"}
# They hold code of the pipeline's process, secrets, or what a row must not give an agent.
CANNOT_BE_RECORDED = frozenset(
    {
        *("mcp_servers", "hooks", "can_use_tool", "permission_prompt_tool_name", "plugins"),
        *("settings", "sandbox", "skills", "env", "extra_args", "cli_path"),
        "user",
    }
)
SHAPES_NO_AGENT = frozenset(
    {
        *("resume", "session_id", "fork_session", "continue_conversation", "stderr"),
        *("resume_session_at", "resume_drops_turn", "session_store", "session_store_flush"),
        *("include_partial_messages", "include_hook_events", "forward_subagent_text"),
        *("max_buffer_size", "debug_stderr", "load_timeout_ms", "client_app"),
        *("verbatim_prompts", "enable_file_checkpointing"),
    }
)

# Recorded, but not all that they give is told by that.
_REACHES_FURTHER = frozenset({"add_dirs", "agents"})

_NONE_IS_UNSET = frozenset({"mcp_servers", "disallowed_tools", "add_dirs", "betas", "plugins"})
# The SDK names the parts of these, of which one that is `None` is not set; but not those in two.
_OF_PARTS = frozenset(
    {"system_prompt", "tools", "thinking", "sandbox", "mcp_servers", "plugins", "task_budget"}
)
_OF_NAMES = frozenset({"env", "headers"})
_LONGEST_SUBAGENT = 40  # leaves room for the part in a name
_PLAIN = late_pattern(r"[A-Za-z0-9_.@:/+=~-]+")
_DIGITS = 12  # of what tells a name from others that look alike
_MOST_BYTES = 256 * 1024  # of one option


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """What a pipeline gives that runs its agent itself: the SDK's options, and its first prompt.

    `recorded` are the options that a later resume replays, as plain values; they are added to the
    `base`, or unless there is one to what the row has. Unless it `owns_follow_ups`, one of an
    operator's that fails is no failure of its session's.
    """

    options: ClaudeAgentOptions | None
    recorded: Mapping[str, Any]
    first: OwnPrompt
    owns_follow_ups: bool = True
    base: Mapping[str, Any] | None = None


def decides_itself(options: Any) -> bool:
    """Whether the options allow the agent more than the recorded ones show."""
    told = recorded_options(options).keys() - _REACHES_FURTHER
    return bool(_chosen(options).keys() - told - SHAPES_NO_AGENT)


def recorded_options(options: Any) -> dict[str, Any]:
    """Return what was set among the options that shape an agent, and holds no secret."""
    chosen = _chosen(options)
    plain = {name: _plain(name, chosen[name]) for name in _in_order() if name in chosen}
    return {name: value for name, value in plain.items() if _is_recordable(value)}


def unrecorded(options: Any) -> tuple[str, ...]:
    """Return the names of what was set, shapes the agent, and cannot be recorded; bounded.

    What is in an option is named as `OPTION.PART`: a server, a variable, the event of a hook, a
    flag, and of a sub-agent `agents.NAME.PART`. Many parts are told as one, by a digest.
    """
    chosen = _chosen(options)
    found = islice(limits_first(_unrecorded(chosen, recorded_options(options))), MOST_NAMES)
    return tuple(found)


def given_again(options: Any, names: Iterable[str]) -> frozenset[str]:
    """Return those of the unrecorded `names` that the options give again.

    What may hold an agent back is only given by what has the same name, or by sub-agents among
    which it is not any more; all else by any value of its option.
    """
    if options is None:
        return frozenset()
    chosen = _chosen(options)
    now = frozenset(_unrecorded(chosen, recorded_options(options), tells_each=True))
    agents = {each for one in chosen.get("agents") or () for each in _subagent_names(one)}

    def is_given(name: str) -> bool:
        option = option_of(name)
        if name in now or option not in chosen or option in OF_PARTS:
            return name in now
        if option == "agents" and name.endswith(SUBAGENT_MODE):
            return name.removeprefix("agents.").removesuffix(SUBAGENT_MODE) not in agents
        return name == option or not held_back((name,))

    return frozenset(filter(is_given, names))


def as_taken(options: Any) -> ClaudeAgentOptions:
    """Return the options as the SDK takes them: in a class of its own, with lists and dicts.

    A tuple of tools means all of them to it, another mapping nothing, and it makes options anew.
    What it takes though it declares otherwise is as declared: a path is its text, `None` not set.
    """
    from claude_agent_sdk import ClaudeAgentOptions

    given = {one.name: getattr(options, one.name) for one in fields(ClaudeAgentOptions)}
    is_set = (one for one in given if given[one] is not None or one not in _NONE_IS_UNSET)
    return ClaudeAgentOptions(**{name: _option(name, given[name]) for name in is_set})


def limits_first(names: Iterable[str]) -> list[str]:
    """Return the names, each once, in an order whose end can be cut off.

    An option comes before what is named of one, of which there may be many.
    """
    return sorted(dict.fromkeys(names), key=_place)


def _place(name: str) -> tuple[bool, bool, bool]:
    return not held_back((name,)), name.startswith("env."), "." in name


def replayed(recorded: Mapping[str, Any], given: ClaudeAgentOptions) -> dict[str, Any]:
    """Return the recorded options that the pipeline did not set, as the SDK takes them."""
    from claude_agent_sdk import AgentDefinition

    names = (name for name in AGENT_OPTIONS if name not in _chosen(given))
    known = {name: recorded[name] for name in names if recorded.get(name) is not None}
    if agents := known.get("agents"):
        made = {name: AgentDefinition(**one) for name, one in subagents(agents).items()}
        known["agents"] = made
    return known


def _in_order() -> tuple[str, ...]:
    return tuple(name for name in (*AGENT_OPTIONS, "cwd") if name in RECORDED)


def _unrecorded(
    chosen: Mapping[str, Any], recorded: Mapping[str, Any], *, tells_each: bool = False
) -> Iterator[str]:
    """Yield the names; with `tells_each` also those of which there are too many to be recorded."""

    def within(most: int, whole: str, names: Iterable[str]) -> Iterator[str]:
        found = sorted(dict.fromkeys(names))
        held = held_back(found)
        if len(held) > most:
            yield f"{whole}.{len(held)}={_digest(chr(0).join(held))}"
            found = found if tells_each else sorted({*found} - {*held})
        yield from found

    for name in sorted(chosen.keys() - recorded.keys() - SHAPES_NO_AGENT):
        value = chosen[name]
        if not value and name != "skills":  # said to be none; no skills at all is a limit
            continue
        if name == "mcp_servers" and isinstance(value, Mapping):
            yield from (one_line(f"{name}.{one}")[:LONGEST_NAME] for one in value)
        elif name in OF_PARTS:
            most = MOST_VARIABLES if name == "env" else MOST_PARTS
            yield from within(most, name, (_told(name, one) for one in _parts_of(name, value)))
        else:
            yield name
    agents = chosen.get("agents") if "agents" in recorded else {}
    yield from within(MOST_PARTS, f"agents{SUBAGENT_MODE}", _of_subagents(agents or {}))


def _parts_of(name: str, value: Any) -> Iterator[str]:
    """Yield what is in an option, by names that tell it without its value, which may be secret."""
    if name == "hooks":
        yield from (event for event, matchers in value.items() if any(map(_has_hooks, matchers)))
    elif name == "plugins":
        yield from (PurePath(one["path"]).name or "/" for one in value)
    elif name == "settings":
        yield from _of_settings(str(value).strip())
    elif name == "sandbox":
        yield from _inner(value)
    elif name == "skills":
        yield value if isinstance(value, str) else "+".join(sorted(value)) or "none"
    elif name in ("user", "cli_path"):
        yield PurePath(value).name
    else:
        yield from map(str, value)


def _has_hooks(matcher: Any) -> bool:
    return bool(getattr(matcher, "hooks", True))


def _of_settings(text: str) -> Iterator[str]:
    """Yield the settings that are set, or the name of the file that has them."""
    if not text.startswith("{"):
        yield PurePath(text).name
        return
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = {text: text}  # the CLI refuses it
    yield from _inner(found)


def _inner(value: Mapping[str, Any], *, is_inner: bool = False) -> Iterator[str]:
    """Yield the names of what is set in a mapping and the mappings in it; switches as they are."""
    for name, one in value.items():
        if isinstance(one, Mapping) and not is_inner:
            yield from (f"{name}.{part}" for part in _inner(one, is_inner=True))
        elif isinstance(one, bool):
            yield f"{name}={str(one).lower()}"
        elif one or one == 0:
            yield str(name)


def _of_subagents(agents: Mapping[str, Any]) -> Iterator[str]:
    for name, one in agents.items():
        for part in sorted(_parts(one).keys() - RECORDED_OF_SUBAGENT):
            yield f"agents.{_subagent_told(name)}.{part}"


def _subagent_names(name: str) -> tuple[str, str]:
    """Return by which names a sub-agent is told: now, and by earlier versions."""
    return _subagent_told(name), one_line(name)[:_LONGEST_SUBAGENT]


def _subagent_told(name: str) -> str:
    return _distinct(name, _LONGEST_SUBAGENT)


def _told(option: str, part: str) -> str:
    return f"{option}.{_distinct(part, LONGEST_NAME - len(option) - 1)}"


def _distinct(name: str, longest: int) -> str:
    """Return a name as it is; one that is too long, or odd, cut, and told by a digest."""
    if len(name) <= longest and _PLAIN.fullmatch(name):
        return name
    plain = one_line(name.replace(",", " "))[: longest - _DIGITS - 1]
    return f"{plain}={_digest(name)}"


def _digest(text: str) -> str:
    return sha256_hex(text.encode("utf-8", "surrogatepass"))[:_DIGITS]


def _chosen(options: Any) -> Mapping[str, Any]:
    """Return the options that differ from their defaults."""
    values = {one.name: getattr(options, one.name) for one in fields(options)}
    unset = {
        one.name: one.default if one.default_factory is MISSING else one.default_factory()
        for one in fields(options)
    }
    return {name: value for name, value in values.items() if value != unset[name]}


def _parts(subagent: Any) -> dict[str, Any]:
    """Return what is set of a sub-agent, whose definition is a dataclass of the SDK."""
    if not is_dataclass(subagent):
        return {}
    known = {one.name: getattr(subagent, one.name) for one in fields(subagent)}
    return {name: value for name, value in known.items() if value is not None}


def _plain(name: str, value: Any) -> Any:
    if name == "agents" and isinstance(value, Mapping):
        parts = {key: kept_of_subagent(_parts(one)) for key, one in value.items()}
        return parts if len(subagents(parts)) == len(value) else None
    if name == "system_prompt" and isinstance(value, Mapping) and value.get("type") == "file":
        return None  # else a row could have the CLI read any file
    if name == "cwd" and value:
        return str(Path(value).absolute())
    return _plain_value(value)


def _plain_value(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, Mapping):
        return {name: _plain_value(one) for name, one in value.items()}
    return [_plain_value(one) for one in value] if isinstance(value, list | tuple) else value


def _option(name: str, value: Any) -> Any:
    if name in SHAPES_NO_AGENT:
        return value
    if name == "permission_mode":
        return _mode(value)
    if name == "max_budget_usd" and isinstance(value, Decimal) and value.is_finite():
        return float(value)
    taken = _taken(value)
    if name == "extra_args" and isinstance(taken, dict):
        return {flag: str(one) if type(one) in (int, float) else one for flag, one in taken.items()}
    return _parts_set(taken) if name in _OF_PARTS else taken


def _mode(value: Any) -> Any:
    return "default" if value == "manual" else value  # as the CLI calls it


def _taken(value: Any) -> Any:
    from claude_agent_sdk import AgentDefinition

    if isinstance(value, AgentDefinition):
        parts = {one.name: getattr(value, one.name) for one in fields(AgentDefinition)}
        mode = _mode(parts["permissionMode"])
        return AgentDefinition(**_taken(parts | {"permissionMode": mode}))
    if callable(value):  # whatever else it is
        return value
    if isinstance(value, Mapping):
        return {name: _taken(one) for name, one in value.items()}
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        in_order = sorted(value, key=str) if isinstance(value, Set) else value
        return [_taken(one) for one in in_order]
    return str(value) if isinstance(value, PurePath) else value


def _parts_set(value: Any) -> Any:
    """Return a value of named parts with those alone that are set."""
    if isinstance(value, list):
        return [_parts_set(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: one for name, one in value.items() if one is not None}
    return {name: one if name in _OF_NAMES else _parts_set(one) for name, one in found.items()}


def _is_recordable(value: Any) -> bool:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return value is not None and len(text) <= _MOST_BYTES
