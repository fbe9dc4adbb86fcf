"""A session whose recorded options are lost is not resumed as an agent that may do more."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SampleListing, change_row, run_cli
from tui import SessionManager
from tui.core.errors import Reason, Refused, UsageError
from tui.core.time.zones import LOCAL
from tui.operations.running.pipeline_query import Query, prepare
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import plan_resume, start
from tui.operations.sessions.row_edits import reapply
from tui.runs.folder.protocol import RunSpec, runs_folder
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.table.tracking import Tracking

AGENT = {"agent": {"disallowed_tools": ["Bash"]}}
OTHER = {"agent": {"allowed_tools": ["Bash"]}, "operator": "mallory", "workers": 8}
REPLACE = f"UPDATE claude_sessions SET metadata = '{json.dumps(OTHER)}'"  # noqa: S608 (our own)
WIPE = "UPDATE claude_sessions SET metadata = NULL"
LEAVE_OWN = "UPDATE claude_sessions SET metadata = '{\"workers\": 8}'"
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


def recorded_by_a_run(listing: SampleListing, agent: dict[str, Any], **changes: Any) -> None:
    """Leave the run that began the session, with its whole task."""
    folder = runs_folder(listing.folder) / "20261122T071530Z-1f9c00"
    folder.mkdir(parents=True)
    facts = {"session_id": FIRST, "mode": "new", "agent": agent, "cwd": listing.folder}
    (folder / "spec.json").write_text(spec_of(listing, **facts | changes).to_json())


def spec_of(listing: SampleListing, **facts: Any) -> RunSpec:
    return RunSpec(
        run_id="20261122T071530Z-1f9c00",
        listing_id="hollis_park",
        stage="stage_3",
        prompt="go",
        db_path=listing.db_path,
        config_dir=listing.config_dir,
        operator="pipeline",
        created_at=NOW,
        **facts,
    )


def overwritten(listing: SampleListing) -> None:
    """The guide's own class tracked it again, and its statement wiped the row."""
    track(listing, AGENT)
    change_row(listing, WIPE)


def damaged(listing: SampleListing) -> None:
    track(listing, {})
    change_row(listing, 'UPDATE claude_sessions SET metadata = \'{"agent": {"disall\'')


def no_options(listing: SampleListing) -> None:
    track(listing, {"agent": ["Bash"]})


def replaced(listing: SampleListing) -> None:
    """The guide's own statement tracked it again, with an agent of its own."""
    track(listing, AGENT)
    change_row(listing, REPLACE)


def replaced_and_extended(listing: SampleListing) -> None:
    """An act of ours on such a row leaves the agent in it, and makes it nobody's record."""
    replaced(listing)
    until = NOW.replace(year=NOW.year + 2)
    Tracking(listing.db_path, LOCAL, "anna").mark_extended(
        FIRST, now=NOW, until=until, has_transcript=True
    )


def unreadable_audit(listing: SampleListing) -> None:
    replaced(listing)
    change_row(listing, "UPDATE claude_session_events SET after = 'x'")


LOST = [older_program, no_audit, never_written, overwritten, damaged, no_options]
LOST += [replaced, replaced_and_extended, unreadable_audit]
KNOWN = [older_program, overwritten, replaced, replaced_and_extended]


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


@pytest.mark.parametrize("lose", KNOWN)
def test_under_the_rights_that_are_named_those_recorded_last_apply(
    listing: SampleListing, lose: Callable[[SampleListing], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Without them, to allow one tool would give the agent all that was forbidden."""
    lose(listing)
    named = prepared(listing, ClaudeAgentOptions(allowed_tools=["Read"]))
    assert named == {"allowed_tools": ["Read"], "disallowed_tools": ["Bash"]}
    assert "under the given options, those that were recorded last apply" in caplog.text
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert plan.agent == {"disallowed_tools": ["Bash"]}
    wanted = with_options(listing.context(), plan, {"allowed_tools": ["Read"]})
    assert wanted.agent == {"allowed_tools": ["Read"], "disallowed_tools": ["Bash"]}
    assert wanted.words.endswith("under that, what was recorded last")


def test_where_no_audit_is_left_the_run_that_began_it_tells(listing: SampleListing) -> None:
    recorded_by_a_run(listing, {"disallowed_tools": ["Bash"], "max_turns": 3})
    track(listing, {"workers": 8})
    change_row(listing, "DROP TABLE claude_session_events")
    with pytest.raises(Refused, match="could not be kept"):
        prepared(listing)
    named = prepared(listing, ClaudeAgentOptions(allowed_tools=["Read"]))
    assert (named["disallowed_tools"], named["max_turns"]) == (["Bash"], 3)
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.agent["disallowed_tools"], plan.agent["max_turns"]) == (["Bash"], 3)


@pytest.mark.parametrize("changes", [{"mode": "resume"}, {"session_id": FIRST[::-1]}])
def test_what_an_operator_allowed_for_one_run_is_no_record(
    listing: SampleListing, changes: dict[str, Any]
) -> None:
    recorded_by_a_run(listing, {"allowed_tools": ["Bash"]}, **changes)
    track(listing, {"workers": 8})
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.options_lost, plan.agent) == ("", {})


@pytest.mark.parametrize("lose", [no_audit, never_written, damaged, unreadable_audit])
def test_where_nothing_is_known_the_given_ones_stand_alone_and_that_is_said(
    listing: SampleListing, lose: Callable[[SampleListing], None], caplog: pytest.LogCaptureFixture
) -> None:
    lose(listing)
    assert prepared(listing, ClaudeAgentOptions(tools=["Read"])) == {"tools": ["Read"]}
    assert "nobody knows what was recorded, so the given options stand alone" in caplog.text
    plan = plan_resume(listing.context(), listing.session(FIRST))
    wanted = with_options(listing.context(), plan, {"permission_mode": "plan"})
    assert wanted.agent == {"permission_mode": "plan"}
    assert wanted.words.endswith("nobody knows what was recorded")


async def stop(*_: Any) -> Any:
    return {}


def test_what_held_it_back_is_known_of_a_lost_row_too(listing: SampleListing) -> None:
    """Without the check, to name a right would free it of its hooks."""
    track(listing, {"agent": {"unrecorded": ["hooks.Stop"], "max_turns": 3}})
    change_row(listing, WIPE)
    with pytest.raises(UsageError, match="was run with hooks"):
        prepared(listing, ClaudeAgentOptions(allowed_tools=["Read"]))
    given = ClaudeAgentOptions(allowed_tools=["Read"], hooks={"Stop": [HookMatcher(hooks=[stop])]})
    assert prepared(listing, given)["max_turns"] == 3
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert any("without its hooks" in one.words for one in plan.warnings)


@pytest.mark.parametrize("wipe", [WIPE, LEAVE_OWN])
def test_a_row_that_lost_nothing_of_rights_has_the_rest_back(
    listing: SampleListing, wipe: str
) -> None:
    track(listing, {"agent": {"cwd": str(listing.folder), "model": "opus"}})
    change_row(listing, wipe)
    agent = {"cwd": str(listing.folder), "model": "opus"}
    assert prepared(listing) == agent
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.options_lost, plan.agent, plan.cwd) == ("", agent, listing.folder)


def test_a_run_that_could_not_write_a_row_and_had_no_rights_goes_on(
    listing: SampleListing,
) -> None:
    recorded_by_a_run(listing, {"model": "opus"})
    assert prepared(listing) == {"cwd": str(listing.folder), "model": "opus"}


@pytest.mark.parametrize("lose", KNOWN)
def test_reapply_puts_back_what_was_recorded_last(
    listing: SampleListing, lose: Callable[[SampleListing], None]
) -> None:
    lose(listing)
    reapply(listing.context(), listing.session(FIRST))
    plan = plan_resume(listing.context(), listing.session(FIRST))
    assert (plan.options_lost, plan.agent) == ("", {"disallowed_tools": ["Bash"]})
    with pytest.raises(Refused, match="nothing to reapply"):
        reapply(listing.context(), listing.session(FIRST))


def test_show_says_that_they_are_lost(listing: SampleListing) -> None:
    replaced(listing)
    shown = run_cli(listing.root, "show", FIRST).stdout
    assert "its row has others than were recorded last" in shown
    reapply(listing.context(), listing.session(FIRST))
    assert "options lost" not in run_cli(listing.root, "show", FIRST).stdout


@pytest.mark.parametrize("wipe", ["", "UPDATE claude_sessions SET metadata = NULL",
                                  "DELETE FROM claude_sessions"])  # fmt: skip
async def test_tracking_again_keeps_what_a_run_recorded_and_says_so(
    listing: SampleListing, wipe: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Without it a pipeline's own name in the metadata would be what its agent may do."""
    track(listing, AGENT | {"operator": "anna"})
    if wipe:
        change_row(listing, wipe)
    manager = SessionManager(listing.folder)
    await manager.track_session(FIRST, "stage_3", "hollis_park", OTHER)
    row = listing.session(FIRST).row
    assert row
    kept = {"operator": "mallory" if wipe else "anna", "workers": 8}
    assert dict(row.details()) == AGENT | kept
    assert f"{FIRST} keeps its own agent: the name is taken" in caplog.text
    assert ("its own operator" in caplog.text) == (not wipe)
    assert prepared(listing) == AGENT["agent"]


async def test_tracking_what_no_run_of_ours_began_takes_its_metadata_as_it_is(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    manager = SessionManager(listing.folder)
    await manager.track_session(FIRST, "stage_3", "hollis_park", OTHER)
    row = listing.session(FIRST).row
    assert row
    assert dict(row.details()) == OTHER
    assert "the name is taken" not in caplog.text
    assert prepared(listing) == OTHER["agent"]


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
