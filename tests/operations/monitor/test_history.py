"""Who did what in all listings, and what each of them holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.core.models.audit import AuditEvent
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.monitor.history import answer_to, grouped_acts, history, stats
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.row_edits import fail
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge
from tui.storage.state.logbook import write_event
from tui.storage.table.tracking import Tracking


@pytest.fixture
def first(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs", "cranbury")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=2)
    return listing


@pytest.fixture
def second(first: SampleListing) -> SampleListing:
    listing = SampleListing(first.root, "hollis_park")
    listing.add("aa11", days=30)
    return listing


def at(listing: SampleListing, minutes: int, name: str = "anna") -> Context:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    return replace(listing.context(operator=name), clock=lambda: now)


def act_a_little(first: SampleListing, second: SampleListing) -> None:
    """Fail, extend, hold and delete: one act a minute, in both listings and the root."""
    fail(at(first, 1), first.session(FIRST), "wrong client")
    later = at(second, 2, "ben")
    extend(later, plan_extension(second.session("hollis_park/aa11"), "60d", later.clock()))
    held = at(first, 3)
    write_event(
        first.root, AuditEvent(at=held.clock(), operator="anna", action="hold", note="disk is full")
    )
    delete(at(first, 4), first.session(SECOND))


def test_the_acts_of_all_listings_and_of_the_root_are_told_newest_first(
    first: SampleListing, second: SampleListing
) -> None:
    act_a_little(first, second)
    report = [(one.operator, one.action, one.listing, one.note) for one in history(first.context())]
    assert report == [
        ("anna", "delete", "cranbury", ""),
        ("anna", "hold", "", "disk is full"),
        ("ben", "extend", "hollis_park", ""),
        ("anna", "fail", "cranbury", ""),
    ]
    assert [one.action for one in history(first.context(), limit=2)] == ["delete", "hold"]
    only = history(first.context(), listing="cranbury")
    assert [one.action for one in only] == ["delete", "fail"]
    (of_one,) = history(first.context(), session_id=FIRST)
    assert of_one.after is not None
    assert of_one.after.details()["last_error"] == "wrong client"


def test_whose_acts_cannot_be_read_is_told_and_the_others_are_there(
    first: SampleListing, second: SampleListing
) -> None:
    act_a_little(first, second)
    second.db_path.write_bytes(b"name,city\n" * 500)
    report: list[str] = []
    assert [one.action for one in history(first.context(), report=report.append)] == [
        "delete", "hold", "fail",
    ]  # fmt: skip
    assert report == ["hollis_park: buyers.db is not a SQLite database"]


def test_a_root_without_acts_has_no_history(first: SampleListing) -> None:
    assert history(first.context()) == ()


def test_the_accounts_add_up(first: SampleListing, second: SampleListing) -> None:
    act_a_little(first, second)
    first.write_transcript("untracked-1")
    second.track("ghost-1")
    second.add("expired-1", days=1, age=timedelta(days=3))
    context = first.context()
    catalog = CatalogScanner(context).look()
    one, other, total = stats(context, catalog)
    assert (one.listing, other.listing, total.listing) == ("cranbury", "hollis_park", "")
    assert (one.sessions, one.statuses, one.states) == (
        3, {"failed": 1, "deleted": 1}, {"ok": 2, "untracked": 1},
    )  # fmt: skip
    assert (one.trash, one.trash_bytes > 200, one.pending) == (1, True, 0)
    assert (other.statuses, other.states) == ({"active": 3}, {"ok": 2, "ghost": 1})
    assert (other.pending, other.pending_bytes > 200) == (1, True)
    assert total.sessions == one.sessions + other.sessions == 6
    assert total.bytes == one.bytes + other.bytes == sum(each.bytes for each in catalog.sessions)
    assert (total.trash, total.trash_bytes) == (one.trash, one.trash_bytes)
    assert total.next_end is not None
    assert total.next_end.session_id == "ghost-1"
    assert (total.cost_usd, total.work.live) == (None, 0)


def test_an_erasure_is_one_act_of_one_session_though_it_stands_in_both_books(
    first: SampleListing,
) -> None:
    first.add("aa11")
    purge(first.context(), "aa11")
    (deed,) = grouped_acts(first.context())
    assert (deed.first.action, deed.sessions) == ("purge", 1)
    assert deed.first.note.startswith("1 file, ")
    assert len({event.act_id for event in deed.events}) == 1
    (line,) = run_cli(first.root, "log").stdout.splitlines()[1:]
    assert [" purge " in line, "1 file, " in line] == [True, True]


def test_who_answered_is_found_behind_later_acts(first: SampleListing) -> None:
    first.add("aa11")
    context, session = first.context(), first.session("aa11")
    tracking = Tracking(first.db_path, UTC, "ben")
    at = context.clock()
    for action, request in (("answer", "p1"), ("answer", "p2"), ("tag", "")):
        of = AuditEvent(at=at, action=action, session_id="aa11", request_id=request, detail="{}")
        tracking.note(of)
    found = answer_to(context, session, "p1")
    assert found is not None
    assert (found.operator, found.request_id) == ("ben", "p1")
    assert answer_to(context, session, "p3") is None
