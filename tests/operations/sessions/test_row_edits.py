"""What an operator sets in a row by hand, and reapplying what the pipeline overwrote."""

from __future__ import annotations

import asyncio
import errno
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.claude.config_dir import sweep_days
from tui.core.errors import Conflict, ConsoleError, DatabaseProblem, Reason, Refused, UnknownId
from tui.core.models.row import Row
from tui.core.models.session import Liveness, Session
from tui.core.time.zones import LOCAL, read_time
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.cause import cause_of
from tui.operations.context import ActionResult, Context
from tui.operations.doctor.doctor import examine
from tui.operations.doctor.machine_findings import MachineFacts
from tui.operations.lost_options import recorded_agent
from tui.operations.monitor.needs import needs
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.row_edits import activate, fail, reapply
from tui.operations.trash.delete import delete
from tui.operations.trash.restore import restore
from tui.safe_io.walking import erase_tree
from tui.storage.table.tracking import read_events, read_rows

Deed = Callable[[Context, Session], ActionResult]
DEEDS: dict[str, Deed] = {"fail": fail, "activate": activate, "reapply": reapply}
AGENT = {"agent": {"model": "opus"}}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9, metadata={"workers": 8})
    return listing


def sql(listing: SampleListing, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(statement, values)


def set_status(listing: SampleListing, word: str) -> None:
    sql(listing, "UPDATE claude_sessions SET status = ?", word)


def stored(listing: SampleListing) -> Row:
    (row,) = read_rows(listing.db_path)
    return row


def test_a_failure_is_marked_with_its_reason(listing: SampleListing) -> None:
    act = fail(listing.context(), listing.session(FIRST), "wrong client\x1b[31m\nand more")
    row = stored(listing)
    assert (row.status, row.details()["workers"]) == ("failed", 8)
    assert row.details()["last_error"] == "wrong client and more"
    assert listing.session(FIRST).reason == "wrong client and more"
    assert act.words == f"marked {FIRST[:8]} as failed: wrong client and more"
    assert [event.action for event in read_events(listing.db_path)] == ["fail"]
    fail(listing.context(), listing.session(FIRST))
    assert stored(listing).details()["last_error"] == "marked by anna"


@pytest.mark.parametrize("word", ["failed", "expired", "paused"])
def test_what_had_failed_or_expired_is_active_again_for_a_day(
    listing: SampleListing, word: str
) -> None:
    fail(listing.context(), listing.session(FIRST), "API error")
    set_status(listing, word)
    sql(listing, "UPDATE claude_sessions SET expires_at = '2026-01-01T00:00:00'")
    context = listing.context(resume_keeps=timedelta(days=2))
    act = activate(context, listing.session(FIRST))
    row = stored(listing)
    until = read_time(row.expires_at, LOCAL)
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=1)
    assert (row.status, dict(row.details())) == ("active", {"workers": 8})
    assert (act.kind, act.after) == ("activate", row)


def test_activating_keeps_the_clis_sweep_off(listing: SampleListing) -> None:
    """Without it the CLI's next start would sweep the transcript that was just revived."""
    listing.write_transcript(FIRST, "Old", age=timedelta(days=60))
    fail(listing.context(), listing.session(FIRST))
    activate(listing.context(), listing.session(FIRST))
    assert sweep_days(listing.config_dir) >= 61
    assert listing.session(FIRST).sweep_at is not None


def test_what_is_active_is_left(listing: SampleListing) -> None:
    before = stored(listing)
    act = activate(listing.context(), listing.session(FIRST))
    assert act.is_needless
    assert act.words == f"{FIRST[:8]} is already active"
    assert (stored(listing), read_events(listing.db_path)) == (before, ())


@pytest.mark.parametrize(
    ("deed", "change", "error", "words"),
    [
        ("fail", {"row": None}, Refused, "not tracked"),
        ("activate", {"row": None}, Refused, "not tracked"),
        ("reapply", {"row": None}, Refused, "not tracked"),
        ("fail", {"row_problem": "buyers.db is locked"}, DatabaseProblem, "buyers.db is locked"),
        ("activate", {"session_id": "../x"}, UnknownId, "session id"),
        ("fail", {"liveness": Liveness.BUSY}, Refused, "is running"),
        ("fail", {"liveness": Liveness.WAITING}, Refused, "is running"),
        ("fail", {"liveness": Liveness.IDLE}, Refused, "stop 9f2c0000"),
        ("reapply", {}, Refused, "9f2c0000 was not overwritten"),
    ],
)
def test_what_cannot_be_said_is_refused(
    listing: SampleListing,
    deed: str,
    change: dict[str, object],
    error: type[ConsoleError],
    words: str,
) -> None:
    before = stored(listing)
    session = replace(listing.session(FIRST), **change)  # type: ignore[arg-type]
    with pytest.raises(error, match=words):
        DEEDS[deed](listing.context(), session)
    assert stored(listing) == before


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deleted_row_and_a_read_only_console_are_refused(
    listing: SampleListing, deed: str
) -> None:
    set_status(listing, "deleted")
    with pytest.raises(Refused, match="is deleted, and in no trash"):
        DEEDS[deed](listing.context(), listing.session(FIRST))
    with pytest.raises(Refused, match="read-only"):
        DEEDS[deed](listing.context(read_only=True), listing.session(FIRST))


@pytest.mark.parametrize(("deed", "word"), [("activate", "failed"), ("fail", "expired")])
def test_nothing_is_said_of_what_has_no_transcript_left(
    listing: SampleListing, deed: str, word: str
) -> None:
    listing.transcript_path(FIRST).unlink()
    set_status(listing, word)
    with pytest.raises(Refused, match=r"no transcript|nothing is left"):
        DEEDS[deed](listing.context(), listing.session(FIRST))


@pytest.mark.parametrize("liveness", [Liveness.ORPHAN, Liveness.UNKNOWN])
def test_what_lost_its_owner_may_be_marked(listing: SampleListing, liveness: Liveness) -> None:
    session = replace(listing.session(FIRST), liveness=liveness)
    fail(listing.context(), session, "its container is gone")
    assert stored(listing).status == "failed"


def test_a_live_session_may_be_made_active(listing: SampleListing) -> None:
    set_status(listing, "failed")
    session = replace(listing.session(FIRST), liveness=Liveness.BUSY, transcript=None)
    activate(listing.context(), session)
    assert stored(listing).status == "active"


@pytest.mark.parametrize("deed", ["fail", "activate"])
def test_a_row_that_changed_meanwhile_is_left(listing: SampleListing, deed: str) -> None:
    """Without compare-and-set the pipeline's change would be overwritten."""
    set_status(listing, "failed")
    session = listing.session(FIRST)
    sql(listing, "UPDATE claude_sessions SET stage = 'stage_4'")
    before = stored(listing)
    with pytest.raises(Conflict, match="stage is now stage_4"):
        DEEDS[deed](listing.context(), session)
    assert stored(listing) == before


def track_blindly(listing: SampleListing, days: int) -> None:
    write = guide.track_session(
        listing.db_path, FIRST, "stage_4", "hollis_park", {"workers": 2}, max_age_days=days
    )
    asyncio.run(write)


def test_an_extension_that_the_pipeline_wiped_is_put_back(listing: SampleListing) -> None:
    listing.write_transcript(FIRST, "Old", age=timedelta(days=20))
    context = listing.context()
    extend(context, plan_extension(listing.session(FIRST), "40d", context.clock()))
    extended = stored(listing)
    assert listing.session(FIRST).overwritten is None
    track_blindly(listing, 7)
    (listing.config_dir / "settings.json").unlink()
    session = listing.session(FIRST)
    assert session.overwritten is not None
    act = reapply(listing.context(), session)
    row = stored(listing)
    assert row == replace(extended, stage="stage_4", metadata='{"workers": 2}')
    assert (act.before, act.after) == (session.row, row)
    assert sweep_days(listing.config_dir) >= 60
    assert listing.session(FIRST).overwritten is None
    assert read_events(listing.db_path)[0].action == "reapply"
    with pytest.raises(Refused, match="was not overwritten"):
        reapply(listing.context(), listing.session(FIRST))


def test_a_failure_and_the_agents_options_are_put_back(listing: SampleListing) -> None:
    sql(listing, "UPDATE claude_sessions SET metadata = ?", json.dumps(AGENT))
    fail(listing.context(), listing.session(FIRST), "API error 401")
    track_blindly(listing, 90)
    reapply(listing.context(), listing.session(FIRST))
    session = listing.session(FIRST)
    assert (session.status, session.reason) == ("failed", "API error 401")
    assert session.row is not None
    assert session.row.details()["agent"] == AGENT["agent"]
    assert session.row.details()["workers"] == 2


def test_what_runs_again_is_not_called_failed(listing: SampleListing) -> None:
    fail(listing.context(), listing.session(FIRST), "API error 401")
    track_blindly(listing, 90)
    session = replace(listing.session(FIRST), liveness=Liveness.BUSY)
    with pytest.raises(Refused, match="is running again"):
        reapply(listing.context(), session)
    assert stored(listing).status == "active"


def advised(listing: SampleListing) -> bool:
    """Whether anything tells an operator to reapply."""
    context, session = listing.context(), listing.session(FIRST)
    catalog = CatalogScanner(context).look()
    found = examine(context, catalog, MachineFacts())
    told = [one.words for one in needs(catalog, context.clock(), timedelta(hours=1))]
    told += [one.remedy for one in found] + [cause_of(session, context)]
    return "`reapply " in " ".join(told)


@pytest.mark.parametrize("metadata", ['{"workers": 2', "[1]", "plain words"])
def test_nothing_is_put_back_beside_metadata_that_cannot_be_read(
    listing: SampleListing, metadata: str
) -> None:
    """Without it all is said to apply again, though the options and the reason stay lost."""
    sql(listing, "UPDATE claude_sessions SET metadata = ?", json.dumps(AGENT))
    fail(listing.context(), listing.session(FIRST), "API error 401")
    track_blindly(listing, 90)
    assert advised(listing)
    sql(listing, "UPDATE claude_sessions SET metadata = ?", metadata)
    before = stored(listing)
    assert not advised(listing)
    with pytest.raises(Refused, match="cannot be read") as refused:
        reapply(listing.context(), listing.session(FIRST))
    assert refused.value.reason is Reason.UNREADABLE
    assert stored(listing) == before
    sql(listing, "UPDATE claude_sessions SET metadata = NULL")
    assert advised(listing)
    reapply(listing.context(), listing.session(FIRST))
    assert stored(listing).details()["agent"] == AGENT["agent"]


@pytest.mark.parametrize("how", ["deleted", "no transcript"])
def test_nobody_is_told_to_reapply_what_would_be_refused(listing: SampleListing, how: str) -> None:
    sql(listing, "UPDATE claude_sessions SET metadata = ?", json.dumps({"agent": {"tools": []}}))
    fail(listing.context(), listing.session(FIRST), "API error 401")
    track_blindly(listing, 90)
    if how == "deleted":
        set_status(listing, "deleted")
    else:
        listing.transcript_path(FIRST).unlink()
    assert not advised(listing)
    with pytest.raises(Refused):
        reapply(listing.context(), listing.session(FIRST))
    known = recorded_agent(listing.folder, listing.db_path, FIRST)
    assert known.lost
    assert (known.mended is None) is (how == "deleted")


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_deleted_for_good_is_not_said_to_be_restorable(
    listing: SampleListing, deed: str
) -> None:
    """The advice works when it is followed: `restore` has nothing of it."""
    context = listing.context()
    delete(context, listing.session(FIRST))
    trash = listing.root / ".session_console" / "trash"
    for is_kept in (True, False):
        with pytest.raises(Refused) as refused:
            DEEDS[deed](context, listing.session(FIRST))
        assert refused.value.remedy == (f"restore {FIRST[:8]}" if is_kept else "")
        if is_kept:
            erase_tree(trash)
            listing.add(SECOND)
            delete(context, listing.session(SECOND))
    with reads_fail(trash, errno.EIO), pytest.raises(Refused) as refused:
        DEEDS[deed](context, listing.session(FIRST))
    assert refused.value.remedy == f"restore {FIRST[:8]}"  # it may be there
    with pytest.raises(UnknownId):
        restore(context, FIRST)


def test_nothing_is_put_back_for_what_is_gone(listing: SampleListing) -> None:
    context = listing.context()
    extend(context, plan_extension(listing.session(FIRST), "40d", context.clock()))
    listing.transcript_path(FIRST).unlink()
    sql(listing, "UPDATE claude_sessions SET expires_at = '2026-01-01', status = 'expired'")
    with pytest.raises(Refused, match="has no transcript any more"):
        reapply(listing.context(), listing.session(FIRST))
