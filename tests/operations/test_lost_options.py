"""A session whose recorded options are lost is not resumed as an agent that may do more."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SampleListing, change_row, run_cli
from tui.core.errors import Reason, Refused
from tui.core.time.zones import LOCAL
from tui.operations.running.pipeline_query import Query, prepare
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import plan_resume, start
from tui.operations.sessions.row_edits import reapply
from tui.runs.folder.protocol import runs_folder
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.table.tracking import Tracking

AGENT = {"agent": {"disallowed_tools": ["Bash"]}}
NOW = datetime.now(UTC)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    made = SampleListing(tmp_path / "outputs")
    made.write_transcript(FIRST)
    return made


def track(listing: SampleListing, metadata: dict[str, Any]) -> None:
    Tracking(listing.db_path, LOCAL, "pipeline").track(
        FIRST,
        listing_id="hollis_park",
        stage="stage_3",
        now=NOW,
        expires_at=NOW.replace(year=NOW.year + 1),
        metadata=metadata,
    )


def older_program(listing: SampleListing) -> None:
    """An earlier version tracked it in the guide's older table, and dropped what it recorded."""
    track(listing, AGENT)
    change_row(listing, "ALTER TABLE claude_sessions DROP COLUMN metadata")


def no_audit(listing: SampleListing) -> None:
    """Only the run that began it is left to tell."""
    older_program(listing)
    change_row(listing, "DROP TABLE claude_session_events")
    began(listing)


def never_written(listing: SampleListing) -> None:
    """The run that began it could not write its row at all."""
    began(listing)


def began(listing: SampleListing) -> None:
    folder = runs_folder(listing.folder) / "20261122T071530Z-1f9c00"
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"session_id": FIRST, "mode": "new"}))


def overwritten(listing: SampleListing) -> None:
    """The guide's own class tracked it again, and its statement wiped the row."""
    track(listing, AGENT)
    change_row(listing, "UPDATE claude_sessions SET metadata = NULL")


def damaged(listing: SampleListing) -> None:
    track(listing, {})
    change_row(listing, 'UPDATE claude_sessions SET metadata = \'{"agent": {"disall\'')


def no_options(listing: SampleListing) -> None:
    track(listing, {"agent": ["Bash"]})


LOST = [older_program, no_audit, never_written, overwritten, damaged, no_options]


def prepared(listing: SampleListing, options: ClaudeAgentOptions | None = None) -> dict[str, Any]:
    query = Query("go", stage="stage_3", listing_id="hollis_park", resume=FIRST, options=options)
    run = prepare(listing.context(), listing.folder, query, OwnPrompt("go"), 7)
    run.lock.release()
    return dict(run.spec.agent)


@pytest.mark.parametrize("lose", LOST)
@pytest.mark.parametrize("fork", [False, True])
def test_a_console_refuses_it_until_its_rights_are_named(
    listing: SampleListing, lose: Callable[[SampleListing], None], *, fork: bool
) -> None:
    """Without the check it would go on with all tools, and nobody would be told."""
    lose(listing)
    context = listing.context()
    plan = plan_resume(context, listing.session(FIRST), fork=fork)
    assert any("its agent's options are unknown" in str(one) for one in plan.warnings)
    assert plan.words.endswith("options lost")
    for line in ("Go on.", "--model opus Go on.", "--max-turns 5 Go on."):
        with pytest.raises(Refused, match="--mode default") as refused:
            with_options(context, plan, parse_prompt_line(line)[0])
        assert refused.value.reason is Reason.OPTIONS_LOST
    with pytest.raises(Refused, match="options are unknown"):
        start(context, plan, "Go on.")
    for line in ("--mode plan Go on.", "--tools Read Go on."):
        named = with_options(context, plan, parse_prompt_line(line)[0])
        assert not named.options_lost


@pytest.mark.parametrize("lose", LOST)
def test_a_pipeline_is_refused_until_its_options_say_what_the_agent_may_do(
    listing: SampleListing, lose: Callable[[SampleListing], None]
) -> None:
    """Without the check `query(resume=)` would go on with all tools."""
    lose(listing)
    for options in (None, ClaudeAgentOptions(resume=FIRST), ClaudeAgentOptions(max_turns=3)):
        with pytest.raises(Refused, match="Say in the options") as refused:
            prepared(listing, options)
        assert refused.value.reason is Reason.OPTIONS_LOST
    with pytest.raises(Refused, match="Say in the options"):
        prepared(listing, ClaudeAgentOptions(fork_session=True))
    named = prepared(listing, ClaudeAgentOptions(disallowed_tools=["Bash"]))
    assert named["disallowed_tools"] == ["Bash"]


def test_the_verb_says_what_to_do(listing: SampleListing) -> None:
    older_program(listing)
    done = run_cli(listing.root, "resume", FIRST, "Go on.")
    assert done.returncode == 4
    assert f"`reapply {FIRST[:8]}` puts them back" in done.stderr
    assert "--mode default" in done.stderr
    many = run_cli(listing.root, "resume", FIRST, "--also", FIRST, "Go on.")
    assert many.returncode == 4


def test_reapply_gives_the_older_table_room_and_the_options_back(listing: SampleListing) -> None:
    older_program(listing)
    reapply(listing.context(), listing.session(FIRST))
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.options_lost, plan.agent) == ("", {"disallowed_tools": ["Bash"]})


def test_a_session_of_the_guides_own_code_is_resumed_as_before_and_that_is_told(
    listing: SampleListing,
) -> None:
    """Nobody ever recorded its options: it must not be taken for one that lost them."""
    track(listing, {"workers": 8})
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.options_lost, plan.agent) == ("", {})
    assert plan.words.endswith("no options recorded")
    assert prepared(listing) == {}


async def test_a_session_of_the_guides_older_function_is_resumed_as_before(
    listing: SampleListing,
) -> None:
    await guide.track_older(listing.db_path, FIRST, "hollis_park", "stage_3")
    Tracking(listing.db_path, LOCAL, "anna").mark_failed(FIRST, now=NOW, reason="API error")
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.options_lost, plan.agent) == ("", {})
    assert plan.words.endswith("no options recorded")
