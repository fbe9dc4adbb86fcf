"""A row cannot lift a stage's bans: bans are joined, tools can only become fewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.core.errors import UsageError
from tui.operations.running.agent_options import agent_options
from tui.operations.running.pipeline_query import Query, prepare
from tui.operations.running.prompt_line import with_options
from tui.operations.running.resume import plan_new, plan_resume
from tui.runs.prompt_queue import OwnPrompt
from tui.settings import Settings

PRESET = {"type": "preset", "preset": "claude_code"}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, metadata={"agent": {"disallowed_tools": []}})
    return listing


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize(
    ("stage", "row", "kept"),
    [
        (["Bash"], [], ["Bash"]),
        (["Bash"], ["Write"], ["Bash", "Write"]),
        (["Bash", "Write"], ["Write"], ["Bash", "Write"]),
        (["Bash(rm:*)"], ["Bash"], ["Bash(rm:*)", "Bash"]),
        (["mcp__crm"], ["mcp__crm__write"], ["mcp__crm", "mcp__crm__write"]),
        (["Bash"], ["X(", "Write"], ["Bash", "Write", "X("]),
        (["Bash"], ["Write", 7], ["Bash", "Write"]),
        (["Bash"], "Write", ["Bash", "Write"]),
        (["Bash"], None, ["Bash"]),
        ("Bash", [], ["Bash"]),
        (None, ["Bash"], ["Bash"]),
    ],
)
def test_bans_are_joined(stage: Any, row: Any, kept: list[str], restricted: bool) -> None:
    """Without the union a row's empty list lifts what the stage forbids."""
    settings = Settings(restricted=restricted, stages={"stage": {"disallowed_tools": stage}})
    options, _ = agent_options(settings, "stage", {"agent": {"disallowed_tools": row}})
    assert options["disallowed_tools"] == kept


@pytest.mark.parametrize(
    ("stage", "row", "kept"),
    [
        (["Read", "Grep"], ["Read", "Bash"], ["Read"]),
        (["Read"], ["Bash"], []),
        (["Read"], [], []),
        ([], ["Bash"], []),
        ([], PRESET, []),
        (["Read"], PRESET, ["Read"]),
        (["Read"], ["default"], ["Read"]),
        (["Read", "default"], ["Bash"], ["Bash"]),
        (PRESET, ["Read"], ["Read"]),
        (PRESET, PRESET, PRESET),
        (["Bash"], ["Bash(git:*)"], ["Bash(git:*)"]),
        (["Bash(git:*)"], ["Bash"], []),
        (["Read"], ["Read,Bash"], []),
        (None, ["Read"], ["Read"]),
        (["Task"], ["Agent", "Bash"], ["Agent"]),
    ],
)
def test_a_row_narrows_the_tools_of_its_stage(stage: Any, row: Any, kept: Any) -> None:
    """Without the intersection a row replaces them, and gets every tool that it names."""
    settings = Settings(stages={"stage": {"tools": stage}})
    options, notes = agent_options(settings, "stage", {"agent": {"tools": row}})
    assert options["tools"] == kept
    assert bool(notes) == (kept != row)


@pytest.mark.parametrize(("asked", "kept"), [(3, 3), (9, 5), (5, 5), ("many", 5)])
@pytest.mark.parametrize("name", ["max_turns", "max_budget_usd"])
def test_a_row_raises_no_limit_of_its_stage(name: str, asked: Any, kept: int) -> None:
    options, _ = agent_options(
        Settings(stages={"stage": {name: 5}}), "stage", {"agent": {name: asked}}
    )
    assert options[name] == kept


def test_bans_hold_for_whatever_starts_a_run(listing: SampleListing) -> None:
    context = listing.context(
        stages={"stage_3": {"disallowed_tools": ["Bash"], "max_turns": 5}}, restricted=True
    )
    plans = [
        plan_resume(context, listing.session(FIRST)),
        plan_resume(context, listing.session(FIRST), fork=True),
        plan_new(context, listing.listing_id, "stage_3"),
    ]
    for plan in plans:
        asked = with_options(context, plan, {"allowed_tools": ["WebSearch"], "max_turns": 4})
        assert (asked.agent["disallowed_tools"], asked.agent["max_turns"]) == (["Bash"], 4)
        with pytest.raises(UsageError, match="max_turns 6"):
            with_options(context, plan, {"max_turns": 6})
    query = Query("go", stage="stage_3", listing_id=listing.listing_id, resume=FIRST)
    prepared = prepare(context, listing.folder, query, OwnPrompt("go"), 1)
    prepared.lock.release()
    assert prepared.spec.agent["disallowed_tools"] == ["Bash"]
