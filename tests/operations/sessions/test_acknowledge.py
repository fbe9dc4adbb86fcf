"""Acknowledging settles what a session needs, for all operators, until something new happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, acts
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.errors import ConsoleError, Refused, UnknownId, UsageError
from tui.core.models.session import Session
from tui.core.sessions.attention import Need, attention, needs_of
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.sessions.acknowledge import acknowledge, snooze, take_back
from tui.runs.bookkeeping import Bookkeeper
from tui.runs.folder.protocol import RunSpec
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import Tracking

QUIET = timedelta(minutes=10)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """One session that failed and one that needs nothing."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    fail(listing, "no money")
    return listing


def fail(listing: SampleListing, reason: str) -> None:
    context = listing.context()
    zone = context.clock().astimezone().tzinfo
    assert zone is not None
    tracking = Tracking(listing.db_path, zone, "bert")
    tracking.mark_failed(FIRST, now=context.clock(), reason=reason)


def retry(listing: SampleListing, *retried: str, since: datetime | None = None) -> None:
    """Let a run of another session, which tries these again since then, be answered."""
    spec = RunSpec(
        run_id="20261122T071530Z-1f9c00",
        session_id=SECOND,
        listing_id=listing.folder.name,
        stage="stage_3",
        mode="new",
        prompt="again",
        db_path=listing.db_path,
        config_dir=listing.config_dir,
        cwd=listing.folder,
        operator="pipeline",
        created_at=listing.context().clock(),
        retried=dict.fromkeys(retried, since or listing.context().clock()),
    )
    asyncio.run(Bookkeeper(spec, listing.context().clock).succeeded())


def need(listing: SampleListing, session: Session) -> Need | None:
    return attention(session, listing.context().clock(), QUIET)


def test_it_is_settled_for_everybody_until_something_new_happens(listing: SampleListing) -> None:
    session = listing.session(FIRST)
    assert need(listing, session) is Need.FAILED
    act = acknowledge(listing.context(), session)
    assert (act.kind, act.session_id, act.words) == (
        "ack",
        FIRST,
        "acknowledged that 9f2c0000 failed",
    )
    colleague = CatalogScanner(listing.context(operator="bert")).look().session(session.key)
    assert colleague is not None
    assert colleague.ack is not None
    assert colleague.ack.by == "anna"
    assert need(listing, colleague) is None
    fail(listing, "no time")
    assert need(listing, listing.session(FIRST)) is Need.FAILED


def test_a_retry_settles_the_failure_and_leaves_every_other_need_as_it_was(
    listing: SampleListing,
) -> None:
    listing.track(FIRST, days=0.07)
    fail(listing, "no money")
    session = listing.session(FIRST)
    needs = [Need.FAILED, Need.ENDS, Need.OVERWRITTEN]
    assert [*needs_of(session, listing.context().clock(), QUIET)] == needs
    retry(listing, FIRST)
    assert need(listing, listing.session(FIRST)) is Need.ENDS
    acknowledge(listing.context(), listing.session(FIRST))
    assert need(listing, listing.session(FIRST)) is None
    retry(listing, FIRST)
    assert need(listing, listing.session(FIRST)) is None
    assert [one.note for one in read_logbook(listing.root)] == [
        "its retry 9f2d0000 succeeded",
        "failed and ends within the hour and was overwritten by the pipeline",
        "its retry 9f2d0000 succeeded",
    ]


def test_a_retry_settles_nothing_that_happens_later_and_is_logged_once(
    listing: SampleListing,
) -> None:
    since = listing.context().clock()
    for _ in range(2):
        retry(listing, FIRST, since=since)
        assert need(listing, listing.session(FIRST)) is None
    assert len(read_logbook(listing.root)) == 1
    fail(listing, "no time")
    retry(listing, FIRST, since=since)
    assert need(listing, listing.session(FIRST)) is Need.FAILED


def test_what_a_retry_cannot_settle_is_told_and_still_fails(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    (listing.folder / ".session_console").write_text("a file")
    retry(listing, FIRST)
    assert "still counts as failed" in caplog.text
    assert need(listing, listing.session(FIRST)) is Need.FAILED


def test_of_two_at_once_the_second_is_told_who_was_first(listing: SampleListing) -> None:
    """Both have a catalog without an acknowledgement: only what is written counts."""
    session = listing.session(FIRST)
    acknowledge(listing.context(), session)
    act = acknowledge(listing.context(operator="bert"), session)
    assert act.is_needless
    assert act.words == "anna already acknowledged that 9f2c0000 failed, just now"
    stands = listing.session(FIRST).ack
    assert stands is not None
    assert stands.by == "anna"
    assert [one.operator for one in read_logbook(listing.root)] == ["anna"]


def test_a_console_that_watches_sees_it_settled(listing: SampleListing) -> None:
    watch = CatalogScanner(listing.context())
    watch.look()
    acknowledge(listing.context(), listing.session(FIRST))
    seen = watch.look().session(("hollis_park", FIRST))
    assert seen is not None
    assert need(listing, seen) is None


def test_it_is_logged_with_its_operator(listing: SampleListing) -> None:
    acknowledge(listing.context(), listing.session(FIRST))
    (event,) = read_logbook(listing.root)
    assert (event.operator, event.action, event.session_id) == ("anna", "ack", FIRST)
    assert (event.listing, event.note) == ("hollis_park", "failed")


def test_twice_says_who_was_first_and_writes_nothing(listing: SampleListing) -> None:
    acknowledge(listing.context(), listing.session(FIRST))
    act = acknowledge(listing.context(operator="bert"), listing.session(FIRST))
    assert act.is_needless
    assert act.words == "anna already acknowledged that 9f2c0000 failed, just now"
    assert len(read_logbook(listing.root)) == 1


def test_what_needs_nobody_is_refused(listing: SampleListing) -> None:
    with pytest.raises(Refused, match="needs no attention now"):
        acknowledge(listing.context(), listing.session(SECOND))
    assert not (listing.folder / ".session_console").exists()


def test_a_console_that_may_only_look_writes_nothing(listing: SampleListing) -> None:
    with pytest.raises(Refused, match="read-only"):
        acknowledge(listing.context(read_only=True), listing.session(FIRST))
    assert not (listing.folder / ".session_console").exists()


def test_what_cannot_be_written_says_why(listing: SampleListing) -> None:
    (listing.folder / ".session_console").write_text("in the way")
    with pytest.raises(ConsoleError, match=r"cannot be written: .*not a folder of ours"):
        acknowledge(listing.context(), listing.session(FIRST))


def test_an_id_that_only_looks_like_one_is_no_target(listing: SampleListing) -> None:
    session = listing.session(FIRST)
    assert session.row is not None
    disguised = replace(session, row=replace(session.row, session_id=f"{FIRST}\x1b[31m"))
    with pytest.raises(UnknownId):
        acknowledge(listing.context(), disguised)


def test_a_snooze_is_settled_for_everybody_until_then(listing: SampleListing) -> None:
    act = snooze(listing.context(), listing.session(FIRST), "4h")
    assert act.words.startswith("snoozed 9f2c0000 until ")
    scanner = CatalogScanner(listing.context(operator="bert"))
    colleague = scanner.look().session(("hollis_park", FIRST))
    assert colleague is not None
    assert colleague.ack is not None
    assert colleague.ack.by == "anna"
    now = listing.context().clock()
    assert attention(colleague, now, QUIET) is None
    assert attention(colleague, now + timedelta(hours=4), QUIET) is Need.FAILED
    fail(listing, "no time")
    assert need(listing, listing.session(FIRST)) is Need.FAILED
    (event,) = read_logbook(listing.root)
    assert (event.operator, event.action) == ("anna", "snooze")
    assert event.note.endswith(": failed")


def test_a_snooze_ends_early_only_for_what_is_snoozed(listing: SampleListing) -> None:
    snooze(listing.context(), listing.session(FIRST), "4h")
    act = snooze(listing.context(operator="bert"), listing.session(FIRST), "off")
    assert (act.words, act.is_needless) == ("9f2c0000 is no longer snoozed", False)
    assert need(listing, listing.session(FIRST)) is Need.FAILED
    assert [one.action for one in read_logbook(listing.root)] == ["snooze", "wake"]
    acknowledge(listing.context(), listing.session(FIRST))
    assert snooze(listing.context(), listing.session(FIRST), "off").is_needless
    assert need(listing, listing.session(FIRST)) is None


def test_a_snooze_says_when_the_session_ends_before(listing: SampleListing) -> None:
    assert "ends before that" not in snooze(listing.context(), listing.session(FIRST), "4h").words
    assert "ends before that" in snooze(listing.context(), listing.session(FIRST), "8d").words


@pytest.mark.parametrize("typed", ["", "soon", "-4h", "0h", "31d"])
def test_no_time_to_snooze_is_refused(listing: SampleListing, typed: str) -> None:
    with pytest.raises(UsageError):
        snooze(listing.context(), listing.session(FIRST), typed)
    with pytest.raises(Refused, match="nothing to snooze"):
        snooze(listing.context(), listing.session(SECOND), "4h")
    with pytest.raises(Refused, match="read-only"):
        snooze(listing.context(read_only=True), listing.session(FIRST), "4h")
    assert read_logbook(listing.root) == ()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_as_the_reason_acts_nowhere(listing: SampleListing, payload: str) -> None:
    fail(listing, payload)
    assert not acts(acknowledge(listing.context(), listing.session(FIRST)).words)
    ack = listing.session(FIRST).ack
    assert ack is not None
    assert not acts(ack.mark)


def test_what_was_only_snoozed_is_not_settled_for_good_by_what_settles_something_else(
    listing: SampleListing,
) -> None:
    listing.track(FIRST, days=0.07)
    fail(listing, "no money")
    snooze(listing.context(), listing.session(FIRST), "4h")
    retry(listing, FIRST)
    assert need(listing, listing.session(FIRST)) is Need.ENDS


def test_an_acknowledgement_is_taken_back_and_a_second_time_nothing_is(
    listing: SampleListing,
) -> None:
    acknowledge(listing.context(), listing.session(FIRST))
    assert need(listing, listing.session(FIRST)) is None
    assert not take_back(listing.context(), listing.session(FIRST)).is_needless
    assert need(listing, listing.session(FIRST)) is Need.FAILED
    assert take_back(listing.context(), listing.session(FIRST)).is_needless
    assert [one.action for one in read_logbook(listing.root)] == ["ack", "unack"]
