"""What is recorded of a pipeline's options: what shapes the agent, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tui.runs.agent.recorded_options import decides_itself, recorded_options


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
