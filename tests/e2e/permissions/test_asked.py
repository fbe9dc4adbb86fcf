"""Each tool of the real CLI, and whether a restricted console's agent uses it unasked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, SystemMessage

from tests.support.hostile.planted_orders import Plants
from tests.support.processes.runs_site import Site, over, site_below, wait
from tui import SessionManager
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Text, ToolUse, Turn, say
from tui.runs.agent.tool_policy import HARMLESS_TOOLS, LOOKING_TOOLS
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import post
from tui.runs.folder.protocol import read_events, run_folders

# A tool that is new in a CLI is asked for; here it needs a line, and with it a thought.
HARMLESS = {
    *("Agent", "Task", "AskUserQuestion", "EnterPlanMode", "ReportFindings", "TaskStop"),
    *("ToolSearch", "WebFetch", "WebSearch"),
}
LOOKING = {"Read"}
ASKED = {
    *("Bash", "CronCreate", "CronDelete", "CronList", "Edit", "EnterWorktree", "ExitPlanMode"),
    *("ExitWorktree", "ListAgents", "Monitor", "NotebookEdit", "ScheduleWakeup", "SendMessage"),
    *("Skill", "Workflow", "Write"),
}
CALLS = (
    ToolUse("Bash", {"command": "id", "description": "look"}),
    ToolUse("CronCreate", {"cron": "0 0 1 1 *", "prompt": "hi", "recurring": False}),
    ToolUse("CronList", {}),
    ToolUse("EnterWorktree", {"name": "apart"}),
    ToolUse("ListAgents", {}),
    ToolUse("Monitor", {"command": "touch made", "description": "look", "timeout_ms": 1000}),
    ToolUse("ScheduleWakeup", {"delaySeconds": 60, "reason": "later", "prompt": "hi"}),
    ToolUse("Skill", {"skill": "dataviz"}),
    ToolUse("Write", {"file_path": "made", "content": "x"}),
)
NAMES = [one.name for one in CALLS]


def play(calls: tuple[ToolUse, ...], asked: ApiRequest) -> Turn:
    return say(calls[asked.step]) if asked.step < len(calls) else say("All tried.")


def delegate(asked: ApiRequest) -> Turn:
    task = {"description": "try", "prompt": "INNER", "subagent_type": "general-purpose"}
    return play((ToolUse("Agent", task | {"run_in_background": False}),), asked)


SCENES = by_word(
    {
        "INNER": lambda asked: play(CALLS[:1], asked),
        "SUB": delegate,
        "ACT": lambda asked: play((CALLS[0], CALLS[1], CALLS[-1]), asked),
        "TRY": lambda asked: play(CALLS, asked),
        "WAIT": lambda asked: say(Text("one word after the other " * 3, 1)),
    },
    default=lambda asked: say("Very well."),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        yield site


def options_from_flags(folder: Path) -> list[str]:
    return [event["tool"] for event in read_events(folder) if event["type"] == "permission"]


async def test_every_tool_of_the_cli_has_its_class(site: Site) -> None:
    options = ClaudeAgentOptions(
        cwd=site.listing,
        setting_sources=[],
        env=site.api.env() | {"CLAUDE_CONFIG_DIR": str(site.listing / ".claude_sessions")},
    )
    async with ClaudeSDKClient(options) as client:
        await client.query("hi")
        told = [one async for one in client.receive_response() if isinstance(one, SystemMessage)]
    tools = set(next(one for one in told if one.subtype == "init").data["tools"])
    assert tools <= HARMLESS | LOOKING | ASKED, tools
    older = {"TodoWrite", "KillShell", "KillBash"}
    assert HARMLESS | older == HARMLESS_TOOLS
    assert LOOKING <= LOOKING_TOOLS
    assert ASKED.isdisjoint(HARMLESS_TOOLS | LOOKING_TOOLS)


@pytest.mark.parametrize("mode", ["default", "plan"])
def test_a_restricted_consoles_agent_asks_for_each(site: Site, mode: str) -> None:
    """Without the judging most of them run unasked."""
    folder = site.start(
        "TRY all", is_restricted=True, agent={"permission_mode": mode}, permission_timeout_s=0.1
    )
    assert over(folder).state == "done"
    assert options_from_flags(folder) == NAMES


def test_what_the_stage_gives_is_not_asked_for(site: Site) -> None:
    given = {"allowed_tools": ["CronCreate", "CronList", "Bash(id)", "Write"]}
    folder = site.start(
        "TRY all", is_restricted=True, agent=given, stage_gives=given, permission_timeout_s=0.1
    )
    assert over(folder).state == "done"
    assert options_from_flags(folder) == [
        one for one in NAMES if one not in {"CronCreate", "CronList", "Bash", "Write"}
    ]


def test_a_sub_agent_asks_too(site: Site) -> None:
    folder = site.start("SUB go", is_restricted=True, permission_timeout_s=0.1)
    assert over(folder).state == "done"
    assert options_from_flags(folder) == ["Bash"]


def test_a_restricted_prompt_binds_an_agent_that_others_started(site: Site, tmp_path: Path) -> None:
    """Without it the rules of a folder let the agent act, which nobody who looks at it sees."""
    (tmp_path / "acted").mkdir()
    Plants(site.listing, tmp_path / "acted").plant()
    given = {"allowed_tools": ["Bash", "Write"]}
    folder = site.start("WAIT", agent=given, permission_timeout_s=0.1)
    wait(lambda: [event for event in read_events(folder) if event["type"] == "turn"])
    post(
        folder,
        Command("prompt", at=datetime.now(UTC), by="eve", text="TRY all", is_restricted=True),
    )
    site.hurry()
    assert over(folder).state == "done"
    assert options_from_flags(folder) == NAMES


async def test_it_binds_a_pipelines_agent(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline that sets no more than is recorded may be prompted, and its agent is held back."""
    (tmp_path / "acted").mkdir()
    Plants(site.listing, tmp_path / "acted").plant()
    ours = {"PERMISSION_TIMEOUT": "1s", "CONFIG": "/dev/null"}
    named = {f"SESSION_CONSOLE_{name}": value for name, value in ours.items()}
    for name, value in (named | site.api.env()).items():
        monkeypatch.setenv(name, value)
    options = ClaudeAgentOptions(cwd=site.listing, allowed_tools=["Bash", "Write"])
    manager = SessionManager(site.listing)
    query = manager.query("WAIT", stage="s", listing_id=site.listing.name, options=options)
    await anext(query)
    (folder,) = run_folders(site.listing)
    post(folder, Command("prompt", at=datetime.now(UTC), by="eve", text="ACT", is_restricted=True))
    site.hurry()
    async for _ in query:
        pass
    assert options_from_flags(folder) == ["Bash", "CronCreate", "Write"]
    assert not (site.listing / "made").exists()


def test_the_same_agent_acts_for_somebody_with_all_rights(site: Site, tmp_path: Path) -> None:
    """Shows what the rules of the folder allow: else the other test could not fail."""
    (tmp_path / "acted").mkdir()
    Plants(site.listing, tmp_path / "acted").plant()
    folder = site.start("ACT", agent={"allowed_tools": ["Bash"]}, permission_timeout_s=0.1)
    assert over(folder).state == "done"
    assert options_from_flags(folder) == []
    assert (site.listing / "made").exists()
