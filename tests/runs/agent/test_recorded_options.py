"""What is recorded of a pipeline's options: what shapes the agent, and no secret."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest
from claude_agent_sdk import AgentDefinition, ClaudeAgentOptions, HookMatcher

from tui.core.recorded_agent import (
    HOLDS_BACK,
    LIMITS,
    MOST_NAMES,
    MOST_PARTS,
    MOST_VARIABLES,
    NOT_OF_SUBAGENT,
    OF_PARTS,
    RECORDED_OF_SUBAGENT,
    held_back,
    known_unrecorded,
    subagents,
)
from tui.runs.agent.recorded_options import (
    CANNOT_BE_RECORDED,
    RECORDED,
    SHAPES_NO_AGENT,
    decides_itself,
    given_again,
    recorded_options,
    replayed,
    unrecorded,
)


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ({}, {}),
        (
            {"model": "opus", "max_turns": 4, "effort": "low"},
            {"model": "opus", "max_turns": 4, "effort": "low"},
        ),
        ({"tools": [], "setting_sources": []}, {"tools": [], "setting_sources": []}),
        (
            {"cwd": Path("/srv"), "add_dirs": [Path("/a"), "b"]},
            {"cwd": "/srv", "add_dirs": ["/a", "b"]},
        ),
        ({"system_prompt": {"type": "preset"}}, {"system_prompt": {"type": "preset"}}),
        ({"model": object(), "max_budget_usd": float("nan")}, {}),
        ({"env": {"KEY": "secret"}, "settings": "secret", "extra_args": {"token": "secret"}}, {}),
        ({"mcp_servers": {"crm": {"type": "http", "headers": {"Authorization": "secret"}}}}, {}),
        ({"resume": "9f2c", "user": "anna", "hooks": {}}, {}),
    ],
)
def test_only_what_shapes_the_agent_is_recorded(
    given: dict[str, Any], recorded: dict[str, Any]
) -> None:
    assert recorded_options(ClaudeAgentOptions(**given)) == recorded


@pytest.mark.parametrize(
    ("given", "decides"),
    [
        ({}, False),
        ({"model": "opus", "allowed_tools": ["Bash"], "permission_mode": "plan"}, False),
        ({"cwd": "/srv", "resume": "9f2c", "max_turns": 3, "disallowed_tools": ["Bash"]}, False),
        ({"can_use_tool": print}, True),
        ({"permission_prompt_tool_name": "mcp__it__asks"}, True),
        ({"settings": "{}"}, True),
        ({"extra_args": {"dangerously-skip-permissions": None}}, True),
        ({"hooks": {"PreToolUse": []}}, True),
        ({"plugins": [{"type": "local", "path": "x"}]}, True),
        ({"agents": {"one": None}}, True),
        ({"agents": {"one": AgentDefinition("d", "p")}}, True),
        ({"env": {"NAME": "value"}}, True),
        ({"cli_path": "/srv/claude"}, True),
        ({"sandbox": {"enabled": True}}, True),
        ({"user": "nobody"}, True),
        ({"mcp_servers": {"crm": {}}}, True),
        ({"add_dirs": ["/srv"]}, True),
        ({"allowed_tools": {"Bash"}}, True),
    ],
)
def test_a_pipeline_decides_itself_by_whatever_is_not_recorded(
    given: dict[str, Any], decides: bool
) -> None:
    assert decides_itself(ClaudeAgentOptions(**given)) == decides


def test_each_option_of_the_sdk_is_decided_upon() -> None:
    """A new SDK's new option is recorded, named as what cannot be, or shapes no agent: decide."""
    kinds = (RECORDED, CANNOT_BE_RECORDED, SHAPES_NO_AGENT)
    assert sorted(one.name for one in fields(ClaudeAgentOptions)) == sorted(
        name for kind in kinds for name in kind
    )
    assert HOLDS_BACK - LIMITS <= CANNOT_BE_RECORDED
    assert LIMITS <= RECORDED
    assert sorted(one.name for one in fields(AgentDefinition)) == sorted(
        (*RECORDED_OF_SUBAGENT, *NOT_OF_SUBAGENT)
    )


REVIEWER = AgentDefinition(
    "Reviews",
    "You review.",
    tools=["Read"],
    mcpServers=["crm", {"its": {"command": "secret"}}],
    permissionMode="bypassPermissions",
    memory="user",
)


async def never(*_: Any) -> Any:
    raise AssertionError


STOPS: dict[Any, Any] = {"Stop": [HookMatcher(hooks=[never])]}


UNKNOWN = (
    *("ANTHROPIC_BASE_URL", "CLAUDECODE", "PATH", "Path", "HF_TOKEN", "DRY_RUN"),
    *("LD_PRELOAD", "https_proxy", "HOME", "PGUSER", "GITHUB_PAT", "APIKEY", "COOKIE"),
    *("BEARER", "WEBHOOK", "API_BASE", "DBNAME", "SCHEMA", "ALLPROXY", "ORG_ID"),
    *("PROJECT", "STAGE", "ALLOWLIST", "NO_NETWORK", "OFFLINE", "QUOTA", "SIMULATE"),
    *("NOOP", "REQUIRE_REVIEW", "GUARD", "SHELLOPTS", "PROMPT_COMMAND", "PAGER"),
    *("LESSOPEN", "MY_HOOKS", "DJANGO_SETTINGS_MODULE", "FOO", "LANGS", "MY_LANG"),
    *("lang", "LC_", "LC_ALL\n", "PYTHONPATH", "MCP_SERVER", "GIT_AUTHOR_DATE"),
    *("NO_COLOR_LIST",),
)
HARMLESS = (
    *("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "CLAUDE_AGENT_SDK_CLIENT_APP"),
    *("CLAUDE_CODE_ENTRYPOINT", "DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER"),
    *("DISABLE_ERROR_REPORTING", "NODE_NO_WARNINGS", "OTEL_SERVICE_NAME"),
    *("OTEL_RESOURCE_ATTRIBUTES", "MCP_TIMEOUT", "API_TIMEOUT_MS"),
    *("BASH_DEFAULT_TIMEOUT_MS", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "LANG", "LC_ALL"),
    *("LC_CTYPE", "TZ", "TERM", "COLUMNS", "NO_COLOR"),
)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_variable_that_nobody_knows_may_hold_an_agent_back(name: str) -> None:
    assert held_back((f"env.{name}",))


@pytest.mark.parametrize("name", HARMLESS)
def test_a_variable_that_only_tells_something_holds_nobody_back(name: str) -> None:
    assert not held_back((f"env.{name}",))


def test_no_number_of_names_hides_what_holds_an_agent_back() -> None:
    plain = {f"LC_{'A' * one}": "x" for one in range(1, 41)}
    subagents = {
        f"a{one:02}": AgentDefinition("d", "p", permissionMode="plan") for one in range(40)
    }
    given = ClaudeAgentOptions(env=plain, agents=subagents, hooks=STOPS, can_use_tool=never)
    stops, modes = unrecorded(given)[:2]
    assert (stops, modes[:25]) == ("hooks.Stop", "agents.permissionMode.40=")
    given.env.update({"HF_TOKEN": "x"})
    assert unrecorded(given)[:3] == (stops, modes, "env.HF_TOKEN")
    del plain["HF_TOKEN"]
    more = ClaudeAgentOptions(env=plain, mcp_servers={"crm": {"command": "x"}}, can_use_tool=never)
    assert unrecorded(more)[:2] == ("can_use_tool", "mcp_servers.crm")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"model": "opus", "cwd": "/srv", "resume": "9f2c"}, ()),
        ({"user": "nobody"}, ("user.nobody",)),
        ({"mcp_servers": {"crm": {}, "a\nb": {}}}, ("mcp_servers.crm", "mcp_servers.a b")),
        ({"mcp_servers": "/srv/mcp.json"}, ("mcp_servers",)),
        ({"hooks": STOPS, "can_use_tool": print}, ("hooks.Stop", "can_use_tool")),
        ({"hooks": {"Stop": [], "PreToolUse": [HookMatcher(hooks=[])]}}, ()),
        ({"hooks": {}, "sandbox": {}, "settings": ""}, ()),
        ({"settings": " {} ", "extra_args": {}, "plugins": []}, ()),
        (
            {"settings": '{"permissions": {"deny": [], "ask": ["Bash"]}, "env": {"K": "s"}}'},
            ("settings.env.K", "settings.permissions.ask"),
        ),
        (
            {"settings": "/srv/rules.json", "cli_path": "/srv/confined"},
            ("cli_path.confined", "settings.rules.json"),
        ),
        (
            {"sandbox": {"enabled": True, "network": {"allowLocalBinding": False}}},
            ("sandbox.enabled=true", "sandbox.network.allowLocalBinding=false"),
        ),
        (
            {"extra_args": {"bare": None, "token": "secret"}},
            ("extra_args.bare", "extra_args.token"),
        ),
        ({"plugins": [{"type": "local", "path": "/srv/guard"}]}, ("plugins.guard",)),
        ({"skills": ["sell", "buy"]}, ("skills.buy+sell",)),
        ({"skills": "all"}, ("skills.all",)),
        ({"env": {"KEY": "secret"}, "skills": ["buy"]}, ("skills.buy", "env.KEY")),
        ({"env": {"TZ": "secret"}, "can_use_tool": print}, ("can_use_tool", "env.TZ")),
        ({"env": {"A.B": "secret", "C-D": "secret"}}, ("env.A.B", "env.C-D")),
        ({"env": {"A" * 76 + "_KEY": "secret"}}, (f"env.{'A' * 63}=defaebe12a09",)),
        ({"agents": {"one": AgentDefinition("d", "p", model="opus")}}, ()),
        (
            {"agents": {"rev": REVIEWER}},
            ("agents.rev.permissionMode", "agents.rev.mcpServers", "agents.rev.memory"),
        ),
        ({"agents": {"one": print}}, ("agents",)),
        ({"system_prompt": "x" * 300_000}, ("system_prompt",)),
        ({"output_format": {"type": print}}, ("output_format",)),
        ({"system_prompt": {"type": "file", "path": "/etc/shadow"}}, ("system_prompt",)),
        ({"disallowed_tools": {"Bash"}}, ("disallowed_tools",)),
        ({"skills": []}, ("skills.none",)),
    ],
)
def test_what_shapes_the_agent_and_cannot_be_recorded_is_named(
    given: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert unrecorded(ClaudeAgentOptions(**given)) == named


def test_all_that_may_hold_an_agent_back_has_room_among_the_names() -> None:
    """What is cut off would not be missed by a resume."""
    many = [f"n{one}" for one in range(200)]
    given = ClaudeAgentOptions(
        env=dict.fromkeys(many, "x"),
        hooks=cast("Any", dict.fromkeys(many, STOPS["Stop"])),
        extra_args=dict.fromkeys(many),
        settings=json.dumps(dict.fromkeys(many, 1)),
        sandbox=cast("Any", dict.fromkeys(many, True)),
        plugins=[{"type": "local", "path": one} for one in many],
        agents={one: AgentDefinition("d", "p", permissionMode="plan") for one in many},
        mcp_servers={one: {"command": "x"} for one in many},
        skills=many,
        cli_path="x",
        user="y",
    )
    found = held_back(unrecorded(given))
    assert sorted({one.partition(".")[0] for one in found}) == sorted({*OF_PARTS, "agents"})
    assert given_again(given, found) == {*found}
    fewer = ClaudeAgentOptions(**{**vars(given), "env": dict.fromkeys(many[1:], "x")})
    assert {*found} - given_again(fewer, found) == {one for one in found if one.startswith("env")}
    most = 5 * MOST_PARTS + MOST_VARIABLES + 3 + len(LIMITS) + MOST_PARTS
    assert most <= MOST_NAMES


def test_no_name_in_a_row_is_cut_off_that_holds_an_agent_back() -> None:
    plain = [f"mcp_servers.{one}" for one in range(200)]
    assert "hooks.Stop" in known_unrecorded({"unrecorded": [*plain, "hooks.Stop"]})


def test_the_names_are_bounded() -> None:
    servers: dict[str, Any] = {f"{number:03}" + "x" * 1000: {} for number in range(1000)}
    names = unrecorded(ClaudeAgentOptions(mcp_servers=servers))
    assert (len(names), {len(one) for one in names}) == (100, {80})
    assert known_unrecorded({"unrecorded": list(names) * 9}) == names


def test_a_subagent_is_recorded_without_servers_mode_and_memory_and_comes_back() -> None:
    (kept,) = recorded_options(ClaudeAgentOptions(agents={"rev": REVIEWER})).values()
    known = {"description": "Reviews", "prompt": "You review.", "tools": ["Read"]}
    assert kept == {"rev": known}
    row = {"agents": kept, "model": "opus", "max_turns": 3}
    assert replayed(row, ClaudeAgentOptions(max_turns=9)) == {
        "agents": {"rev": AgentDefinition("Reviews", "You review.", tools=["Read"])},
        "model": "opus",
    }


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, {}),
        ("agents", {}),
        ({"a": None, "b": {"description": "d"}, "c": {"description": "d", "prompt": 7}}, {}),
        ({"a": {"description": "d", "prompt": "p", "tools": "Bash"}}, {}),
        ({"a": {"description": "d", "prompt": "p", "maxTurns": "9"}}, {}),
        (
            {
                "a": {
                    "description": "d",
                    "prompt": "p",
                    "permissionMode": "bypassPermissions",
                    "mcpServers": [{"x": {"command": "sh"}}],
                    "memory": "user",
                    "hooks": {},
                }
            },
            {"a": {"description": "d", "prompt": "p"}},
        ),
    ],
)
def test_a_row_gives_a_subagent_nothing_but_words_and_fewer_tools(
    said: Any, kept: dict[str, Any]
) -> None:
    assert subagents(said) == kept


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({}, ()),
        (None, ()),
        ({"unrecorded": "hooks"}, ()),
        ({"unrecorded": ["hooks", 7, "", "\x1b[31mred\n"]}, ("hooks", "red")),
    ],
)
def test_the_names_in_a_row_are_no_more_than_names(said: Any, names: tuple[str, ...]) -> None:
    found = known_unrecorded(said)
    assert len(found) == len(names)
    assert not any("\x1b" in one or "\n" in one for one in found)
