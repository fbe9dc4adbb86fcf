"""What a row records of an agent, read back: its options, its sub-agents, what was not recorded.

Imported by every verb, so nothing here needs the SDK or an event loop.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

# Beside the options: the names of those that shape the agent and cannot be recorded.
UNRECORDED = "unrecorded"
# Of a sub-agent, as the options of an agent are.
RECORDED_OF_SUBAGENT = frozenset(
    {
        *("description", "prompt", "tools", "disallowedTools", "model", "skills"),
        *("initialPrompt", "maxTurns", "background", "effort"),
    }
)
NOT_OF_SUBAGENT = frozenset({"mcpServers", "permissionMode", "memory"})
# What may hold an agent back has its room among the names: parts, variables, and the rest.
MOST_NAMES, LONGEST_NAME = 100, 80
MOST_PARTS, MOST_VARIABLES = 8, 40
# Recorded options without which an agent may do more.
LIMITS = frozenset(
    {
        *("tools", "disallowed_tools", "permission_mode", "setting_sources", "strict_mcp_config"),
        *("max_turns", "max_budget_usd", "task_budget"),
    }
)
# Without them an agent may do more, not less: `extra_args` have flags that restrict, plugins have
# hooks, a `cli_path` can be a confining wrapper, and skills that are not listed are withheld. An
# `env` whose variables are not known may have a narrower login than the process's own, as has the
# `user` that the CLI runs as. Not so `can_use_tool` and `permission_prompt_tool_name`: an operator
# is asked in their place. `mcp_servers` only give.
# What is in one of them is told as `OPTION.PART`. One that is recorded without a part, as by an
# earlier version, could be anything: nothing that is given is known to be it.
OF_PARTS = frozenset(
    {
        *("hooks", "sandbox", "settings", "extra_args", "env", "plugins", "cli_path", "skills"),
        "user",
    }
)
HOLDS_BACK = OF_PARTS | LIMITS  # of these, those that could not be recorded as they were
# The same of a sub-agent: without it, its mode is that of the agent.
_SUBAGENTS, SUBAGENT_MODE = "agents", ".permissionMode"
EVERY_SKILL = "skills.all"  # withholds none
# Of a variable as well, `env.NAME`, unless it is known to say no more than how to write, who is
# writing, or how long to wait: of any other, nobody knows what programs do by it.
_VARIABLE = "env."
_HARMLESS = late_pattern(
    r"LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLORTERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|"
    r"PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONUTF8|PYTHONIOENCODING|NODE_NO_WARNINGS|"
    r"CLAUDE_AGENT_SDK_CLIENT_APP|CLAUDE_CODE_ENTRYPOINT|"
    r"DISABLE_(?:TELEMETRY|AUTOUPDATER|ERROR_REPORTING)|OTEL_(?:SERVICE_NAME|RESOURCE_ATTRIBUTES)|"
    r"MCP_TIMEOUT|(?:API|BASH_DEFAULT)_TIMEOUT_MS|GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)"
)
# What a resume may be said to go on without, beside each `agents.NAME.permissionMode`.
CAN_BE_LEFT = HOLDS_BACK | {_SUBAGENTS}


def held_back(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the unrecorded `names` without which an agent may do more."""
    return tuple(one for one in names if _holds_back(one))


def _holds_back(name: str) -> bool:
    if name.startswith(_VARIABLE):
        return not _HARMLESS.fullmatch(name.removeprefix(_VARIABLE))
    is_part = option_of(name) in OF_PARTS and name != EVERY_SKILL
    is_mode = option_of(name) == _SUBAGENTS and SUBAGENT_MODE in name
    return is_part or is_mode or name in LIMITS


def option_of(name: str) -> str:
    """Return the option of an unrecorded name."""
    return name.partition(".")[0]


def not_leavable(names: Iterable[str]) -> str | None:
    """Return a name of those that a resume cannot be said to go on without; `None` if all can."""
    return next((one for one in names if one not in CAN_BE_LEFT and not held_back((one,))), None)


def without(
    names: Iterable[str], given: Container[str], left_out: Container[str] = ()
) -> tuple[str, ...]:
    """Return those of the unrecorded `names` that are not `given` again.

    Nor named among what is `left_out`, where an option stands for all that is told of it.
    """
    return tuple(
        one for one in names if not (one in given or one in left_out or option_of(one) in left_out)
    )


def options_in(row: Row | None) -> Mapping[str, Any] | None:
    """Return the options of an agent in a row; `None` if it has none that can be read."""
    agent = row.details().get("agent") if row is not None else None
    return agent if isinstance(agent, Mapping) else None


def last_recorded(events: Iterable[AuditEvent]) -> tuple[Mapping[str, Any] | None, bool]:
    """Return the options that an audited act recorded last, and whether that could be read.

    `events` are a session's, newest first. An act that found them in the row and left them there
    has recorded none: another program may have written them. Where no act has, they are the first
    that one found.
    """
    found = None
    for event in events:
        if event.after is None:
            return None, False
        left = options_in(event.after)
        if left is None:
            continue
        if event.before is None or options_in(event.before) != left:
            return left, True
        found = left
    return found, True


def known_unrecorded(agent: Any) -> tuple[str, ...]:
    """Return what an agent's recorded options name as unrecorded; total, and bounded."""
    names = agent.get(UNRECORDED) if isinstance(agent, Mapping) else None
    if not isinstance(names, list | tuple):
        return ()
    found = [one_line(one[:LONGEST_NAME]) for one in names if isinstance(one, str)]
    if len(found) > MOST_NAMES:  # what has no room holds nobody back
        found = [*dict.fromkeys((*held_back(found), *found))][:MOST_NAMES]
    return tuple(one for one in found if one)


def subagents(value: Any) -> dict[str, dict[str, Any]]:
    """Return the sub-agents in a row: valid ones alone, with what a row may say of them."""
    listed = value.items() if isinstance(value, Mapping) else ()
    found = {name: one for name, one in listed if isinstance(one, Mapping) and _is_subagent(one)}
    return {name: kept_of_subagent(one) for name, one in found.items()}


def kept_of_subagent(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a sub-agent that are recorded."""
    return {name: parts[name] for name in sorted(RECORDED_OF_SUBAGENT & parts.keys())}


def _is_subagent(one: Mapping[str, Any]) -> bool:
    lists = (one.get(name) for name in ("tools", "disallowedTools", "skills"))
    texts = (one.get(name) for name in ("model", "initialPrompt"))
    effort, turns, background = (one.get(name) for name in ("effort", "maxTurns", "background"))
    return (
        all(isinstance(one.get(name), str) for name in ("description", "prompt"))
        and all(each is None or _is_texts(each) for each in lists)
        and all(each is None or isinstance(each, str) for each in texts)
        and (effort is None or isinstance(effort, str | int))
        and (turns is None or isinstance(turns, int))
        and (background is None or isinstance(background, bool))
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
