"""Clean-up: what it takes and leaves, restored byte for byte, and what it reports."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, change_row, snapshot
from tui.core.errors import Refused, UnknownId, UsageError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Acknowledgement
from tui.core.text.sizes import size_text
from tui.core.time.zones import LOCAL
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.running.hold import set_hold
from tui.operations.trash.cleanup import BulkProgress, CleanupPlan, clean_up, plan_cleanup
from tui.operations.trash.delete import delete_many
from tui.operations.trash.purge import erase_many
from tui.operations.trash.restore import restore_many
from tui.operations.trash.undo import undo_last
from tui.storage.session_locks import SessionLock
from tui.storage.state.acknowledgements import write_ack
from tui.storage.table.tracking import read_events, read_rows
from tui.storage.trash.erasing import measures
from tui.storage.trash.trash import list_trash

OVER = "0e000000-1111-4222-8333-444455556666"
LEFT = "1e000000-1111-4222-8333-444455556666"
DAY = timedelta(days=1)


@pytest.fixture
def listings(tmp_path: Path) -> tuple[SampleListing, SampleListing]:
    """Two listings, each with one expired session, one leftover and two that are not due."""
    found = tuple(SampleListing(tmp_path / "outputs", name) for name in ("hollis_park", "oak"))
    for listing in found:
        listing.add(OVER, days=-1, metadata={"workers": 8})
        listing.add(LEFT)
        listing.add(FIRST)
        listing.add(SECOND)
        sql = f"UPDATE claude_sessions SET status = 'expired' WHERE session_id = '{LEFT}'"  # noqa: S608
        change_row(listing, sql)
        beside(listing, OVER)
    return found[0], found[1]


def beside(listing: SampleListing, session_id: str) -> None:
    """Give a session a file in every place where the CLI and we keep its data."""
    project = listing.transcript_path(session_id).parent
    run = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    files = {
        project / session_id / "subagents" / "agent-1.jsonl": "{}\n",
        listing.config_dir / "file-history" / session_id / "v1": "old",
        listing.config_dir / "todos" / f"{session_id}-agent-1.json": "[]",
        run / "spec.json": json.dumps({"session_id": session_id}),
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o640)
        os.utime(path, (1_700_000_000, 1_700_000_000))


def look(context: Context) -> Catalog:
    return CatalogScanner(context).look()


def planned(context: Context, **wanted: object) -> CleanupPlan:
    return plan_cleanup(context, look(context), **wanted)  # type: ignore[arg-type]


def content_of(*listings: SampleListing) -> dict[str, tuple[int, int, bytes]]:
    """Return every file of the agents, and the sessions' own folders."""
    return {
        f"{listing.listing_id}/{name}": facts
        for listing in listings
        for name, facts in snapshot(listing.folder).items()
        if "locks" not in name and (any(one in name for one in IDS) or "runs/" in name)
    }


IDS = (OVER, LEFT, FIRST, SECOND)


def statuses(listing: SampleListing) -> dict[str, str]:
    return {row.session_id: row.status for row in read_rows(listing.db_path)}


def test_what_expired_and_leftovers_go_and_come_back_byte_for_byte(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    """The guide's own clean-up then finds nothing more to do."""
    context, before = listings[0].context(), content_of(*listings)
    plan = planned(context)
    assert [(one.session_id, why) for one, why in plan.taken] == [
        (OVER, "expired"),
        (LEFT, "leftover"),
    ] * 2
    assert plan.words.startswith("move 4 sessions (")
    assert "of 2 listings to the trash; the disk gets " in plan.words
    assert content_of(*listings) == before
    done = clean_up(context, plan)
    assert len(done.acts) == 4
    assert done.moved == plan.bytes
    day = (datetime.now(UTC) + 7 * DAY).astimezone(LOCAL)
    size = size_text(done.moved)
    assert done.words == (
        f"4 moved to the trash ({size}); the disk gets {size} back when the trash is emptied "
        f"(`cleanup --purge-trash`, from {day.day} {day:%b} on), or now with "
        f"`cleanup --free {size}`"
    )
    assert done.freed == 0
    for listing in listings:
        assert statuses(listing) == {
            OVER: "expired",
            LEFT: "expired",
            FIRST: "active",
            SECOND: "active",
        }
        assert asyncio.run(guide.expired_now(listing.db_path)) == []
    assert not any(
        OVER in name or LEFT in name or "runs/" in name for name in content_of(*listings)
    )
    assert planned(context).is_empty
    assert len(undo_last(context)) == 4
    assert content_of(*listings) == before
    assert list_trash(context.root) == ()
    for listing in listings:
        assert statuses(listing)[OVER] == "active"
        (event,) = read_events(listing.db_path, session_id=OVER, limit=1)
        assert event.action == "restore"


def test_a_row_past_its_expiry_without_a_transcript_is_marked_as_the_guide_does(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    listings[0].track("ghost-1", days=-1)
    context = listings[0].context()
    clean_up(context, planned(context, listing="hollis_park"))
    assert statuses(listings[0])["ghost-1"] == "expired"
    restore_many(context, [one for one in list_trash(context.root) if not one.places])
    assert statuses(listings[0])["ghost-1"] == "active"


def test_one_listing_is_cleaned_and_no_other(listings: tuple[SampleListing, SampleListing]) -> None:
    context, before = listings[0].context(), snapshot(listings[1].folder)
    clean_up(context, planned(context, listing="hollis_park"))
    assert snapshot(listings[1].folder) == before
    with pytest.raises(UnknownId):
        planned(context, listing="nowhere")


def test_by_age_counts_from_the_last_activity(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    listings[0].write_transcript(FIRST, "long ago", age=40 * DAY)
    context = listings[0].context()
    plan = planned(context, older_than=30 * DAY)
    assert [one.key for one in plan.sessions] == [("hollis_park", FIRST)]
    done = clean_up(context, plan)
    assert statuses(listings[0])[FIRST] == "expired"
    assert done.failures == {}


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("lock", "in use"),
        ("write", "changed in the meantime"),
        ("row", "changed in the meantime"),
        ("gone", "changed in the meantime"),
    ],
)
def test_what_began_to_run_or_changed_since_the_preview_is_left(
    listings: tuple[SampleListing, SampleListing], how: str, why: str
) -> None:
    """Without the second check, a session that was just resumed would be taken."""
    listing, context = listings[0], listings[0].context()
    plan = planned(context, listing="hollis_park")
    lock = None
    if how == "lock":
        lock = SessionLock.take(listing.folder, OVER)
    elif how == "write":
        listing.write_transcript(OVER, "still at it", age=timedelta())
    elif how == "row":
        change_row(listing, "UPDATE claude_sessions SET stage = 'x' WHERE stage = 'stage_3'")
        back = f"stage = 'stage_3' WHERE session_id = '{LEFT}'"
        change_row(listing, f"UPDATE claude_sessions SET {back}")  # noqa: S608
    else:
        change_row(listing, f"DELETE FROM claude_sessions WHERE session_id = '{OVER}'")  # noqa: S608
    before = {name: facts for name, facts in content_of(listing).items() if LEFT not in name}
    rows = [row for row in read_rows(listing.db_path) if row.session_id != LEFT]
    done = clean_up(context, plan)
    assert [act.session_id for act in done.acts] == [LEFT]
    assert done.failures == {why: 1}
    assert "1 moved to the trash (" in done.words
    assert f"1 {why}" in done.words
    assert content_of(listing) == before
    assert [row for row in read_rows(listing.db_path) if row.session_id != LEFT] == rows
    if lock:
        lock.close()


def test_a_locked_database_keeps_no_other_listing_from_being_cleaned(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context = listings[0].context()
    plan, before = planned(context), content_of(listings[0])
    with closing(sqlite3.connect(listings[0].db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        done = clean_up(context, plan)
    assert {act.listing for act in done.acts} == {"oak"}
    assert done.failures == {"locked": 2}
    assert content_of(listings[0]) == before


def test_it_tells_how_far_it_is_and_stops_between_two_listings(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context, seen = listings[0].context(), list[BulkProgress]()
    plan = planned(context)
    done = clean_up(context, plan, seen.append, lambda: bool(seen))
    assert [(one.listing, one.done, one.total) for one in seen] == [("hollis_park", 2, 4)]
    assert seen[0].bytes == done.moved > 0
    assert done.is_cut_short
    assert statuses(listings[1])[OVER] == "active"
    assert len(clean_up(context, planned(context)).acts) == 2


def test_a_hold_stops_it_even_in_its_middle(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context = listings[0].context()
    plan = planned(context)
    done = clean_up(context, plan, lambda _: _hold(context))
    assert done.is_cut_short
    assert len(done.acts) == 2
    with pytest.raises(Refused, match=r"new runs and clean-up paused by anna since .*: audit"):
        clean_up(context, plan)
    set_hold(context, False)
    assert len(clean_up(context, planned(context)).acts) == 2


def _hold(context: Context) -> None:
    set_hold(context, True, "audit")


def later(context: Context, days: int) -> Context:
    return replace(context, clock=lambda: datetime.now(UTC) + days * DAY)


def test_old_trash_is_erased_when_asked_for_and_frees_what_it_says(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context = listings[0].context()
    moved = clean_up(context, planned(context)).moved
    assert planned(later(context, 8), listing="oak").purges == ()
    plan = planned(later(context, 8), purges_trash=True)
    erased = {(one.listing, one.session_id) for one in plan.purges}
    assert erased == {(name, one) for name in ("hollis_park", "oak") for one in (OVER, LEFT)}
    assert planned(later(context, 6), purges_trash=True).purges == ()
    assert len(planned(later(context, 8), listing="oak", purges_trash=True).purges) == 2
    done = clean_up(later(context, 8), plan)
    assert done.freed == plan.purge_bytes > moved
    ended_meanwhile = {one.session_id for one in list_trash(context.root)}
    assert ended_meanwhile == {FIRST, SECOND}
    assert len(list((context.root / ".session_console" / "trash").iterdir())) == 2


def test_down_to_a_size_the_oldest_trash_goes_first(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context = listings[0].context(trash_days=2)
    clean_up(later(context, -4), planned(context, listing="oak"))
    clean_up(later(context, -3), planned(context, listing="hollis_park"))
    total = sum(one.bytes for one in look(context).sessions)
    in_trash = sum(len(facts[2]) for facts in snapshot(context.root / ".session_console").values())
    assert in_trash > 0
    plan = planned(context, max_bytes=total)
    assert plan.sessions == ()
    assert {one.listing for one in plan.purges} == {"oak", "hollis_park"}
    plan = planned(context, max_bytes=total + plan.purge_bytes - 1)
    assert [one.listing for one in plan.purges] == ["oak"]
    done = clean_up(context, plan)
    assert done.freed == plan.purge_bytes
    assert {one.listing for one in list_trash(context.root)} == {"oak", "hollis_park"}
    done = clean_up(context, planned(context, max_bytes=0))
    assert len(done.acts) == 4
    assert {one.session_id for one in list_trash(context.root)} == {FIRST, SECOND}


def test_what_can_still_be_restored_is_never_erased_for_a_size_limit(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context = listings[0].context()
    clean_up(later(context, -6), planned(context))
    promised = {one.trash_id for one in list_trash(context.root)}
    assert len(promised) == 4
    plan = planned(context, max_bytes=1)
    assert plan.purges == ()
    assert clean_up(context, plan).freed == 0
    assert {one.trash_id for one in list_trash(context.root)} > promised
    plan = planned(later(context, 2), max_bytes=1)
    assert {one.trash_id for one in plan.purges} == promised


def files_of(listing: SampleListing, *session_ids: str) -> set[str]:
    names = snapshot(listing.folder)
    return {name for name in names if any(one in name for one in session_ids)}


def test_to_free_space_the_oldest_trash_goes_first_then_what_expired_and_nothing_else(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    """All of it is gone for good, and what is freed is what was said."""
    context = listings[0].context()
    clean_up(later(context, -3), planned(context, listing="oak"))
    delete_many(context, [listings[0].session(f"hollis_park/{SECOND}")])
    one = planned(context, free_bytes=1)
    assert [found.listing for found in one.purges] == ["oak"]
    assert one.taken == ()
    assert one.words.endswith(f"; the disk gets {size_text(one.purge_bytes)} back")
    there = sum(found.bytes for found in measures(list_trash(context.root)))
    assert planned(context, free_bytes=there).taken == ()
    plan = planned(context, free_bytes=10**9)
    assert [found.listing for found in plan.purges] == ["oak", "oak", "hollis_park"]
    expired = {("hollis_park", OVER), ("hollis_park", LEFT)}
    assert {found.key for found in plan.sessions} == expired
    assert "less than asked: nothing else may go" in plan.words
    kept = files_of(listings[0], FIRST), files_of(listings[1], FIRST, SECOND)
    done = clean_up(context, plan)
    assert done.freed >= plan.freed_bytes > there
    assert {act.kind for act in done.acts} == {"purge"}
    assert done.words.startswith("5 erased for good; ")
    assert (files_of(listings[0], FIRST), files_of(listings[1], FIRST, SECOND)) == kept
    assert not files_of(listings[0], OVER, LEFT, SECOND)
    assert list_trash(context.root) == ()
    assert planned(context, free_bytes=10**9).is_empty
    with pytest.raises(UsageError, match="stands alone"):
        planned(context, free_bytes=1, is_expired=True)


def test_to_free_space_nothing_is_taken_that_is_in_use_changed_or_snoozed(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    """Each has expired, and would be erased without the rule that spares it."""
    listing, context = listings[0], listings[0].context()
    plan = planned(context, listing="hollis_park", free_bytes=10**9)
    assert {one.session_id for one in plan.sessions} == {OVER, LEFT}
    until = datetime.now(UTC) + DAY
    write_ack(listing.folder, LEFT, Acknowledgement("anna", datetime.now(UTC), "x", until))
    snoozed = planned(context, listing="hollis_park", free_bytes=10**9)
    assert [one.session_id for one in snoozed.sessions] == [OVER]
    assert [why.split(" until ")[0] for _, why in snoozed.skipped] == ["snoozed"]
    lock = SessionLock.take(listing.folder, OVER)
    done = clean_up(context, snoozed)
    lock.close()
    assert (done.acts, done.freed, done.failures) == ((), 0, {"in use": 1})
    listing.write_transcript(OVER, "still at it", age=timedelta())
    before = snapshot(listing.config_dir)
    assert clean_up(context, snoozed).failures == {"changed in the meantime": 1}
    assert snapshot(listing.config_dir) == before
    set_hold(context, True, "audit")
    with pytest.raises(Refused, match="paused by anna"):
        clean_up(context, snoozed)


@pytest.mark.parametrize("wanted", [{"free_bytes": 10**9}, {"max_bytes": 0}])
def test_what_a_cut_off_move_left_in_the_trash_is_never_erased_for_its_size(
    listings: tuple[SampleListing, SampleListing], wanted: dict[str, int]
) -> None:
    """Nobody deleted it: a clean-up puts it back."""
    context = listings[0].context()
    delete_many(context, [listings[0].session(f"hollis_park/{FIRST}")])
    change_row(listings[0], "UPDATE claude_sessions SET status = 'active'")
    change_row(listings[0], "DELETE FROM claude_session_events WHERE action = 'delete'")
    before = snapshot(context.root)
    plan = planned(context, listing="hollis_park", **wanted)
    assert FIRST not in {one.session_id for one in plan.purges}
    assert snapshot(context.root) == before
    assert FIRST not in {act.session_id for act in clean_up(context, plan).acts}


def test_where_rows_or_files_cannot_be_told_nothing_missing_is_taken_for_gone(
    listings: tuple[SampleListing, SampleListing], tmp_path: Path
) -> None:
    listings[0].track("ghost-1", days=-1)
    outside = tmp_path / "outside"
    listings[0].config_dir.rename(outside)
    listings[0].config_dir.symlink_to(outside)
    before = snapshot(tmp_path)
    plan = planned(listings[0].context(), listing="hollis_park")
    assert plan.is_empty
    assert snapshot(tmp_path) == before


def test_a_read_only_console_previews_and_does_not_act(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    context = listings[0].context(read_only=True)
    plan, before = planned(context), snapshot(context.root)
    assert len(plan.sessions) == 4
    with pytest.raises(Refused, match="read-only"):
        clean_up(context, plan)
    assert snapshot(context.root) == before


def test_what_is_cleaned_up_is_not_deleted_on_top(
    listings: tuple[SampleListing, SampleListing],
) -> None:
    """If it were, a restore would bring back its row and leave its transcript in the trash."""
    context = listings[0].context()
    done = clean_up(context, planned(context, listing=listings[0].listing_id))
    before = content_of(*listings)
    gone = [listings[0].session(f"hollis_park/{act.session_id}") for act in done.acts]
    expired = [one for one in gone if one.row is not None and one.status == "expired"]
    assert expired
    refused = delete_many(context, expired).refused
    assert len(refused) == len(expired)
    assert all("is cleaned up, in the trash: `restore" in str(error) for _, error in refused)
    assert content_of(*listings) == before
    erase_many(context, list_trash(context.root))
    assert len(delete_many(context, expired).acts) == len(expired)


def test_a_listing_whose_zone_is_in_doubt_loses_nothing_until_it_is_set(tmp_path: Path) -> None:
    """Its transcript suggests a zone 9 h ahead: it would expire 9 h late, or too early."""
    listing = SampleListing(tmp_path / "outputs")
    listing.track(OVER, days=0.5, age=DAY)
    listing.write_transcript(OVER, "Late.", age=DAY + timedelta(hours=9))
    context = listing.context(time_zone="auto")
    plan = planned(context)
    assert plan.sessions == ()
    assert [(one.session_id, why) for one, why in plan.skipped] == [
        (OVER, "its time zone is uncertain: set time_zone")
    ]
    for chosen in (planned(context, older_than=DAY), planned(listing.context(time_zone="local"))):
        assert [one.session_id for one in chosen.sessions] == [OVER]
