"""What somebody asks of another host is done to what that person saw, or not at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fleet.test_shown_session import RUN
from tests.support.listings.sample_listing import FIRST, SampleListing, change_row, of_three
from tui.core.errors import Reason
from tui.core.models.session import Key, Session
from tui.core.values import replace
from tui.fleet import bus
from tui.fleet.bus import Command, Outcome
from tui.fleet.console.acts import command_for
from tui.fleet.member.deeds import Deeds
from tui.fleet.seen import run_seen
from tui.fleet.shown_session import decode, encode
from tui.operations.sessions import annotate, extend, rename

KEY: Key = ("hollis_park", FIRST)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


def as_shown(listing: SampleListing) -> Session:
    """Return the session as a console elsewhere shows it."""
    return decode(encode(listing.session(FIRST)), KEY, "a", Path("/mirror"))


def asked(listing: SampleListing, command: Command) -> Outcome:
    encoded = bus.encode(command)
    return Deeds(listing.context()).carry_out(KEY, encoded.kind, encoded.payload, "ann")


def extended(listing: SampleListing, session: Session) -> Command:
    plan = extend.plan_extension(session, "+7d", listing.context().clock())
    return command_for("extend", plan)


def test_an_extension_that_is_asked_for_twice_is_done_once(listing: SampleListing) -> None:
    """As when nobody knew whether the first was done."""
    shown = as_shown(listing)
    assert asked(listing, extended(listing, shown)).is_done
    again = asked(listing, extended(listing, shown))
    assert (again.is_done, again.reason) == (False, Reason.CHANGED)
    assert "changed since you looked: it expires on" in again.words
    assert shown.expires_at is not None
    assert listing.session(FIRST).expires_at == shown.expires_at + timedelta(days=7)
    assert asked(listing, extended(listing, as_shown(listing))).is_done


@pytest.mark.parametrize("what", ["row", "activity"])
def test_what_was_worked_on_since_is_not_deleted(listing: SampleListing, what: str) -> None:
    command = command_for("delete", as_shown(listing))
    if what == "row":
        change_row(listing, "UPDATE claude_sessions SET stage = 'stage_9'")
    else:
        with listing.transcript_path(FIRST).open("ab") as file:
            file.write(b"{}\n")
    refused = asked(listing, command)
    assert (refused.is_done, refused.reason) == (False, Reason.CHANGED)
    assert "changed since you looked" in refused.words
    assert listing.transcript_path(FIRST).exists()
    assert asked(listing, command_for("delete", as_shown(listing))).is_done


def test_a_title_and_a_note_that_were_not_seen_stay(listing: SampleListing) -> None:
    shown, here = as_shown(listing), listing.session(FIRST)
    titled, noted = (command_for(name, shown, "mine") for name in ("rename", "note"))
    rename.rename(listing.context(operator="ben"), here, "theirs")
    annotate.note(listing.context(operator="ben"), here, "theirs")
    for refused in (asked(listing, titled), asked(listing, noted)):
        assert (refused.is_done, refused.reason) == (False, Reason.CHANGED)
        assert "theirs" in refused.words
    now = listing.session(FIRST)
    assert (now.title, now.note) == ("theirs", "theirs")
    for name in ("rename", "note"):
        assert asked(listing, command_for(name, as_shown(listing), "mine")).is_done
    assert (listing.session(FIRST).title, listing.session(FIRST).note) == ("mine", "mine")


def test_what_no_zone_can_show_and_long_rows_are_the_same_on_both_sides(
    listing: SampleListing,
) -> None:
    change_row(
        listing,
        "UPDATE claude_sessions SET expires_at = '9999-12-31T23:00:00', "
        "metadata = '{\"a\": \"' || hex(zeroblob(50000)) || '\"}'",
    )
    assert asked(listing, command_for("delete", as_shown(listing))).is_done


def test_no_run_is_steered_where_none_or_one_that_is_over_was_seen(
    listing: SampleListing,
) -> None:
    session = listing.session(FIRST)
    states = {one: run_seen(replace(session, run=replace(RUN, state=one))) for one in STATES}
    assert states == STATES
    assert run_seen(session) == ""
    gone = asked(listing, bus.Stop(run_id="20260101T000000Z-0001"))
    assert (gone.reason, gone.is_done) == (Reason.CHANGED, False)
    assert "the run that you saw is over" in gone.words


STATES = {"busy": RUN.run_id, "waiting": RUN.run_id, "lost": "", "done": ""}
