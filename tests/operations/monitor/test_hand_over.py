"""The hand-over holds all that the next operator must know, and says what it could not read."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, register
from tui.core.models.audit import AuditEvent
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.monitor.hand_over import MOST_ACTS, HandOver, act_command, hand_over
from tui.operations.running.hold import set_hold
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.row_edits import activate, fail
from tui.operations.trash.delete import delete
from tui.runs.folder.protocol import SPEC, describe, new_run_id
from tui.runs.journal.run_journal import Journal
from tui.safe_io.folders import console_folder
from tui.storage.session_locks import SessionLock
from tui.storage.table.audit import detail_of
from tui.storage.table.tracking import Tracking

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)


@pytest.fixture
def first(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs", "cranbury")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=9)
    return listing


@pytest.fixture
def second(first: SampleListing) -> SampleListing:
    listing = SampleListing(first.root, "hollis_park")
    for own in ("aa11", "aa12", "aa13"):
        listing.add(own, days=30)
    return listing


def at(listing: SampleListing, age: timedelta, operator: str = "anna") -> Context:
    return replace(listing.context(operator=operator), clock=lambda: NOW - age)


def written(listing: SampleListing, moments: Sequence[datetime]) -> None:
    """Write events of these moments into the audit, as another console would."""
    event = AuditEvent(at=NOW - 99 * HOUR, action="send", session_id=FIRST)
    Tracking(listing.db_path, UTC, "anna").note(event)
    rows = [(one.isoformat(), f"act{number} {one}") for number, one in enumerate(moments)]
    with closing(sqlite3.connect(listing.db_path)) as connection, connection:
        connection.executemany(
            "INSERT INTO claude_session_events (at, operator, action, session_id, act_id)"
            " VALUES (?, 'ben', 'send', '9f2c', ?)",
            rows,
        )


def told(
    listing: SampleListing, since: timedelta = 8 * HOUR, ends: timedelta = HOUR, named: str = ""
) -> HandOver:
    context = listing.context()
    catalog = CatalogScanner(context).look(named or None)
    return hand_over(context, catalog, NOW - since, ends, named)


def test_only_what_was_done_since_then_is_told_by_whom_and_oldest_first(
    first: SampleListing, second: SampleListing
) -> None:
    fail(at(first, 9 * HOUR), first.session(FIRST), "too early")
    set_hold(at(first, 10 * HOUR), is_on=True)
    set_hold(at(first, 9 * HOUR), is_on=False)
    ben = at(second, 7 * HOUR, "ben")
    extend(ben, plan_extension(second.session("hollis_park/aa11"), "60d", ben.clock()))
    set_hold(at(first, 6 * HOUR), is_on=True, reason="disk is full")
    delete(at(first, 5 * HOUR), first.session(SECOND))
    acts = [(one.first.operator, one.first.action) for one in told(first).acts]
    assert acts == [("ben", "extend"), ("anna", "hold"), ("anna", "delete")]
    assert [one.first.action for one in told(first, named="hollis_park").acts] == ["extend"]


def test_an_old_act_that_was_written_late_hides_none_of_the_others(first: SampleListing) -> None:
    """Times in the audit need not be in the order in which they were written."""
    tracking = Tracking(first.db_path, UTC, "anna")
    for age in (1, 30, 2, 20, 3):
        tracking.note(AuditEvent(at=NOW - age * HOUR, action="send", session_id=FIRST))
    found = told(first).acts
    assert [round((NOW - one.first.at) / HOUR) for one in found] == [3, 2, 1]


def test_many_old_acts_that_were_written_late_hide_none(first: SampleListing) -> None:
    """The audit is read a page at a time: one without anything new is not the last."""
    written(first, [NOW - HOUR, *[NOW - 9 * HOUR] * 2500])
    assert [one.first.at for one in told(first).acts] == [NOW - HOUR]


def test_times_with_another_offset_are_compared_as_moments(first: SampleListing) -> None:
    """As texts, nine hours ago on Kiritimati would be later than eight hours ago here."""
    for hours in (14, -11):
        zone = timezone(timedelta(hours=hours))
        written(first, [NOW.astimezone(zone) - 9 * HOUR, NOW.astimezone(zone) - 7 * HOUR])
    assert [one.first.at for one in told(first).acts] == [NOW - 7 * HOUR] * 2


def test_failures_of_one_cause_are_one_and_say_since_when(
    first: SampleListing, second: SampleListing
) -> None:
    fail(at(second, 3 * HOUR), second.session("hollis_park/aa11"), "401 invalid key req_011CAAAA1")
    fail(at(second, 2 * HOUR), second.session("hollis_park/aa12"), "401 invalid key req_011CAAAA2")
    fail(at(first, HOUR), first.session(FIRST), "context too long")
    causes = told(first).failures
    assert [(one.reason, len(one.sessions)) for one in causes] == [
        ("401 invalid key req_011CAAAA2", 2),
        ("context too long", 1),
    ]
    assert causes[0].since == NOW - 3 * HOUR


def test_an_acknowledged_failure_is_told_only_if_it_is_new(
    first: SampleListing, second: SampleListing
) -> None:
    fail(at(first, 9 * HOUR), first.session(FIRST), "old")
    fail(at(second, HOUR), second.session("hollis_park/aa11"), "new")
    for words in (FIRST, "hollis_park/aa11"):
        acknowledge(first.context(), first.session(words))
    (cause,) = told(first).failures
    assert (cause.reason, cause.sessions[0].ack is not None) == ("new", True)
    assert {one.reason for one in told(first, since=10 * HOUR).failures} == {"old", "new"}


def test_a_failure_that_is_over_is_told_as_such(first: SampleListing) -> None:
    fail(at(first, 2 * HOUR), first.session(FIRST), "429 rate limit")
    activate(at(first, HOUR), first.session(FIRST))
    found = told(first)
    assert found.failures == ()
    (event,) = found.recovered
    assert event.after is not None
    assert event.after.details()["last_error"] == "429 rate limit"


def test_a_failure_that_is_tried_again_is_neither_open_nor_over(first: SampleListing) -> None:
    fail(at(first, 2 * HOUR), first.session(FIRST), "429 rate limit")
    run = console_folder(first.folder, "runs", new_run_id(NOW))
    spec = {"session_id": FIRST, "operator": "anna", "created_at": NOW.isoformat()}
    (run / SPEC).write_text(json.dumps(spec))
    journal = Journal(run, lambda: NOW)
    journal.owner(describe(os.getpid()))
    journal.event("queued", reason="a free run slot")
    with SessionLock.take(first.folder, FIRST):
        found = told(first)
    assert (found.failures, found.recovered) == ((), ())
    journal.event("ended")
    assert [one.reason for one in told(first).failures] == ["429 rate limit"]


def test_what_waits_ends_or_is_odd_is_told_once_with_its_verb(
    first: SampleListing, second: SampleListing
) -> None:
    register(first.config_dir, status="waiting")
    first.track("aa22", days=0.06)
    first.write_transcript("aa22", "soon")
    second.track("bb11")
    set_hold(first.context(), is_on=True, reason="disk is full")
    found = told(first)
    assert [(one.what, one.command) for one in found.waits] == [
        ("waiting", ("answer", f"cranbury/{FIRST}")),
        ("hold", ("hold", "off")),
    ]
    assert [one.command for one in found.ends] == [("extend", "cranbury/aa22", "7d")]
    assert [(one.what, one.command) for one in found.attention] == [
        ("ghost", ("show", "hollis_park/bb11"))
    ]
    assert found.ends[0].fact.startswith("expires in ")
    assert "extend" not in found.ends[0].fact


def test_the_next_end_is_told_although_it_is_later(first: SampleListing) -> None:
    found = told(first)
    assert found.ends == ()
    assert found.next_end is not None


def _turn(age: timedelta, cost: float | None) -> AuditEvent:
    detail = detail_of({"run": "r1", "turns": 2})
    return AuditEvent(at=NOW - age, action="turn", session_id=FIRST, cost_usd=cost, detail=detail)


def test_costs_are_those_of_the_turns_since_then(
    first: SampleListing, second: SampleListing
) -> None:
    tracking = Tracking(first.db_path, UTC, "anna")
    for turn in (_turn(9 * HOUR, 5.0), _turn(2 * HOUR, 1.25), _turn(HOUR, 0.5), _turn(HOUR, None)):
        tracking.note(turn)
    one, other, whole = told(first).spending
    assert (one.listing, one.turns, one.cost_usd, one.unknown) == ("cranbury", 3, 1.75, 1)
    assert (one.elsewhere, other.listing, other.turns, other.elsewhere) == (1, "hollis_park", 0, 3)
    assert (whole.listing, whole.turns, whole.cost_usd, whole.elsewhere) == ("", 3, 1.75, 4)


def test_what_cannot_be_read_is_said_and_the_rest_is_there(
    first: SampleListing, second: SampleListing
) -> None:
    fail(at(first, HOUR), first.session(FIRST), "context too long")
    second.db_path.write_bytes(b"name,city\n" * 500)
    found = told(first)
    assert [one.split(":")[0] for one in found.unread] == ["hollis_park"]
    assert len(found.failures) == 1
    assert [one.listing for one in found.attention if one.level == "error"] == ["hollis_park"]


def test_a_listing_with_transcripts_that_cannot_be_read_is_said(
    first: SampleListing, second: SampleListing
) -> None:
    with reads_fail(second.config_dir / "projects", errno.EIO):
        unread = told(first).unread
    assert [one.split(":")[0] for one in unread] == ["hollis_park"]


def test_more_actions_than_are_told_are_said(first: SampleListing) -> None:
    written(first, [NOW - timedelta(seconds=age) for age in reversed(range(MOST_ACTS + 2))])
    found = told(first)
    assert len(found.acts) == MOST_ACTS
    assert found.acts[-1].first.at == NOW
    assert found.unread == (f"only the last {MOST_ACTS} actions are in here",)


@pytest.mark.parametrize(
    ("action", "sessions", "command"),
    [
        ("extend", 1, ("show", "x/9f2c")),
        ("delete", 1, ("restore", "x/9f2c")),
        ("clean-up", 3, ("trash",)),
        ("purge", 1, ("log", "x/9f2c")),
        ("extend", 3, ("log", "--all")),
        ("lift", 0, ("hold",)),
    ],
)
def test_each_action_has_the_verb_that_goes_on(
    action: str, sessions: int, command: tuple[str, ...]
) -> None:
    event = AuditEvent(at=NOW, action=action, listing="x", session_id="9f2c")
    assert act_command(event, sessions) == command
