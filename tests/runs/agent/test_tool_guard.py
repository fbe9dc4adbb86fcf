"""What is answered before a tool is used, without a CLI: names, rules, paths."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.runs_site import Site
from tui.demo.api import LoopbackApi
from tui.runs.agent.closed_place_rules import _all_but, deny_rules
from tui.runs.agent.tool_guard import ToolGuard
from tui.runs.agent.tool_policy import is_given, is_harmless
from tui.runs.folder.protocol import RunSpec


@pytest.fixture
def spec(tmp_path: Path, api: LoopbackApi) -> RunSpec:
    (tmp_path / "listing").mkdir()
    (tmp_path / "env").touch()
    return Site(tmp_path / "listing", tmp_path / "env", api).spec("go")


@pytest.mark.parametrize(
    ("tool", "given", "rules", "is_so"),
    [
        ("Bash", {"command": "ls"}, ["Bash"], True),
        ("Bash", {"command": "ls -l"}, ["Bash(ls:*)"], True),
        ("Bash", {"command": "ls"}, ["Bash(ls *)"], True),
        ("Bash", {"command": "lsof"}, ["Bash(ls:*)"], False),
        ("Bash", {"command": "ls; id"}, ["Bash(ls:*)"], False),
        ("Bash", {"command": "ls $(id)"}, ["Bash(ls:*)"], False),
        ("Bash", {"command": "ls\nid"}, ["Bash(ls:*)"], False),
        ("Bash", {"command": "git log"}, ["Bash(git log)"], True),
        ("Bash", {"command": "git log -p"}, ["Bash(git log)"], False),
        ("Bash", {}, ["Bash(ls:*)"], False),
        ("Bash", {"command": "id"}, ["Bash(*)"], True),
        ("Bash", {"command": "id"}, ["Read", "BashOutput"], False),
        ("Skill", {"skill": "verify"}, ["Skill(verify)"], True),
        ("Skill", {"skill": "run"}, ["Skill(verify)"], False),
        ("Write", {}, ["Write(/made/**)"], True),
        ("CronCreate", {"cron": "x"}, ["CronCreate(x)"], False),
        ("Agent", {"subagent_type": "Explore", "isolation": "worktree"}, ["Task"], True),
        ("Task", {"subagent_type": "Explore"}, ["Agent(Explore)"], True),
        ("Agent", {"subagent_type": "Plan"}, ["Agent(Explore)"], False),
        ("Agent", {}, ["Agent(Explore)", "TaskStop"], False),
        ("TaskStop", {"task_id": "b1"}, ["KillShell"], True),
        ("mcp__crm__write", {}, ["mcp__crm"], True),
        ("mcp__crm__write", {}, ["mcp__crm__*"], True),
        ("mcp__crm__write", {}, ["mcp__crm__read", "mcp__cr", "mcp", "*"], False),
    ],
)
def test_a_rule_gives_what_it_says(
    tool: str, given: dict[str, Any], rules: list[str], is_so: bool
) -> None:
    assert is_given(tool, given, rules) == is_so


@pytest.mark.parametrize(
    ("tool", "given", "is_so"),
    [
        ("Agent", {"prompt": "go", "description": "go", "subagent_type": "Plan"}, True),
        ("Agent", {"prompt": "go", "isolation": "worktree"}, False),
        ("Task", {"prompt": "go", "isolation": "worktree"}, False),
        ("KillShell", {"shell_id": "b1"}, True),
        ("Agent", {"prompt": "go", "mode": "bypassPermissions"}, False),
        ("WebSearch", {"query": "pumps"}, True),
        ("ToolOfTomorrow", {}, False),
    ],
)
def test_harmless_is_what_is_known_to_be(tool: str, given: dict[str, Any], is_so: bool) -> None:
    assert is_harmless(tool, given) == is_so


@pytest.mark.parametrize(
    ("mode", "tool", "given", "said"),
    [
        ("default", "ToolOfTomorrow", {}, "ask"),
        ("plan", "Bash", {"command": "id"}, "ask"),
        ("unheard of", "Write", {"file_path": "a"}, "ask"),
        ("acceptEdits", "Write", {"file_path": "a"}, ""),
        ("acceptEdits", "CronCreate", {}, "ask"),
        ("bypassPermissions", "CronCreate", {}, ""),
        ("default", "Read", {"file_path": "notes.md"}, ""),
        ("default", "Read", {"file_path": "/etc/hostname"}, "ask"),
        ("default", "Read", {"file_path": "out/hostname"}, "ask"),
        ("default", "Glob", {"pattern": "/etc/*"}, "ask"),
        ("default", "Grep", {"pattern": "/etc/", "path": "sub"}, ""),
        ("default", "Grep", {"pattern": "x", "path": "sub", "glob": "../../*"}, "ask"),
        ("bypassPermissions", "Read", {"file_path": "../env"}, "deny"),
        ("bypassPermissions", "mcp__crm__x", {"a": [{"b": "file:///.claude_sessions/x"}]}, "deny"),
        ("bypassPermissions", "mcp__crm__x", {"a": "./" * 3000 + ".claude_sessions/x"}, "deny"),
        ("bypassPermissions", "mcp__crm__x", {"a": "/proc/self/environ"}, "deny"),
        ("bypassPermissions", "Write", {"file_path": "a", "content": ".claude_sessions/x"}, ""),
        ("bypassPermissions", "Write", {"file_path": ".claude_sessions/plans/x.md"}, ""),
        ("bypassPermissions", "Edit", {"file_path": ".claude_sessions/plans"}, "deny"),
        ("plan", "Write", {"file_path": ".claude_sessions/plans/x.md", "content": "a"}, ""),
        ("plan", "Write", {"file_path": "plans/x.md", "content": "a"}, "ask"),
        ("plan", "Write", {}, "ask"),
    ],
)
def test_calls_are_judged_by_mode_and_place(
    spec: RunSpec, mode: str, tool: str, given: dict[str, Any], said: str
) -> None:
    (spec.cwd / "out").symlink_to("/etc")
    bound = ToolGuard(replace(spec, is_restricted=True), is_hosted=False)
    bound.mode = mode
    assert bound.verdict(tool, given, str(spec.cwd)) == said
    hosted = ToolGuard(spec, is_hosted=True)
    assert hosted.verdict(tool, given, str(spec.cwd)) == ""
    hosted.bind()
    hosted.mode = mode
    assert hosted.verdict(tool, given, str(spec.cwd)) == said


def test_more_than_can_be_looked_at_is_no_answer(spec: RunSpec) -> None:
    given = {"a": [str(number) for number in range(100_001)]}
    with pytest.raises(ValueError, match="too many"):
        ToolGuard(spec, is_hosted=False).verdict("mcp__crm__x", given, str(spec.cwd))


def test_a_sheet_of_thousands_of_cells_is_asked_for(spec: RunSpec) -> None:
    """With a bound of a thousand texts it was denied as what may hold secrets."""
    rows = [[f"{row} {column}" for column in range(40)] for row in range(130)]
    bound = replace(spec, is_restricted=True)
    assert (
        ToolGuard(bound, is_hosted=False).verdict("mcp__x__put", {"r": rows}, str(spec.cwd))
        == "ask"
    )


@pytest.mark.parametrize("names", [("projects", "plans"), ("9f2c0000-1111",), ("tool-results",)])
def test_the_gaps_in_the_rules_are_as_wide_as_the_names(names: tuple[str, ...]) -> None:
    """Without one of the patterns a name that is a little longer, shorter or other stays open."""
    patterns = [re.compile(_regex(one), re.IGNORECASE | re.ASCII) for one in _all_but(*names)]
    others = {name[:end] for name in names for end in range(1, len(name))}
    others |= {
        name[:at] + other + name[at + 1 :]
        for name in names
        for at in range(len(name))
        for other in "~#.ü_q0-"
    }
    others |= {f"{name}x" for name in names} | {".credentials.json", "x", " y", "日本"}
    for name in sorted(others - set(names)):
        assert any(one.fullmatch(name) for one in patterns), name
    for name in names:
        # The CLI asks of a folder with a slash, too.
        assert not any(one.fullmatch(name) or one.fullmatch(f"{name}/") for one in patterns), name


def _regex(pattern: str) -> str:
    found = pattern.replace("?*", "[^/]+").replace("]*", "][^/]*")
    return found.replace("*[", "[^/]*[", 1) if found.startswith("*") else found


def test_an_odd_id_of_a_session_leaves_no_gap(spec: RunSpec) -> None:
    rules = deny_rules(replace(spec, session_id="*"))
    assert "Read(//**/.claude_sessions/**)" in rules
    assert not [one for one in rules if "projects" in one]
