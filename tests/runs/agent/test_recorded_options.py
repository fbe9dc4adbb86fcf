"""What is recorded of a pipeline's options: what shapes the agent, and no secret."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import AgentDefinition, ClaudeAgentOptions

from tui.core.recorded_agent import (
    NOT_OF_SUBAGENT,
    RECORDED_OF_SUBAGENT,
    known_unrecorded,
    subagents,
)
from tui.runs.agent.recorded_options import (
    CANNOT_BE_RECORDED,
    HOLDS_BACK,
    RECORDED,
    SHAPES_NO_AGENT,
    decides_itself,
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
    assert HOLDS_BACK <= CANNOT_BE_RECORDED
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


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"model": "opus", "cwd": "/srv", "resume": "9f2c", "user": "anna"}, ()),
        ({"mcp_servers": {"crm": {}, "a\nb": {}}}, ("mcp_servers.crm", "mcp_servers.a b")),
        ({"mcp_servers": "/srv/mcp.json"}, ("mcp_servers",)),
        ({"hooks": {"Stop": []}, "can_use_tool": print}, ("can_use_tool", "hooks")),
        ({"hooks": {}, "sandbox": {}, "settings": ""}, ()),
        ({"env": {"KEY": "secret"}, "skills": ["buy"]}, ("env", "skills")),
        ({"agents": {"one": AgentDefinition("d", "p", model="opus")}}, ()),
        (
            {"agents": {"rev": REVIEWER}},
            ("agents.rev.mcpServers", "agents.rev.memory", "agents.rev.permissionMode"),
        ),
        ({"agents": {"one": print}}, ("agents",)),
        ({"system_prompt": "x" * 300_000}, ("system_prompt",)),
        ({"output_format": {"type": print}}, ("output_format",)),
    ],
)
def test_what_shapes_the_agent_and_cannot_be_recorded_is_named(
    given: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert unrecorded(ClaudeAgentOptions(**given)) == named


def test_the_names_are_bounded() -> None:
    servers: dict[str, Any] = {f"{number:03}" + "x" * 1000: {} for number in range(1000)}
    names = unrecorded(ClaudeAgentOptions(mcp_servers=servers))
    assert (len(names), {len(one) for one in names}) == (20, {80})
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
