"""What others did between two pictures, and what was not looked at yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.fixed_catalog import NOW, ROOT, session
from tui.core.changes import Changes, Looks, changes
from tui.core.models import Catalog, Event, Hold, Listing, Session
from tui.view.news import lines

ONE = session("hollis_park", "stage_2", "x")
EARLIER = NOW - timedelta(hours=1)


def catalog(*sessions: Session, hold: Hold | None = None, is_vanished: bool = False) -> Catalog:
    listing = Listing("hollis_park", ROOT / "hollis_park", sessions, is_vanished=is_vanished)
    return Catalog(ROOT, NOW, (listing,), hold=hold)


def event(operator: str, action: str = "extend", at: datetime = NOW) -> Event:
    assert ONE.row is not None
    before = replace(ONE.row, expires_at=(NOW + timedelta(hours=6)).isoformat())
    after = replace(ONE.row, expires_at=(NOW + timedelta(days=7)).isoformat())
    return Event(at, operator, action, "hollis_park", ONE.session_id, before, after)


def news(before: Catalog, after: Catalog) -> tuple[str, ...]:
    return lines(changes(before, after, "anna"), after, NOW)


def test_another_s_act_is_named_and_mine_is_not() -> None:
    before = catalog(replace(ONE, last_event=event("bert", at=EARLIER)))
    assert news(before, before) == ()
    assert news(before, catalog(replace(ONE, last_event=event("anna")))) == ()
    short = ONE.session_id[:4]
    extended = catalog(replace(ONE, last_event=event("bert")))
    assert news(before, extended) == (f"bert extended {short}  6h 00m → 7d",)
    deleted = catalog(replace(ONE, last_event=event("bert", "delete")))
    assert news(before, deleted) == (f"bert deleted {short}",)


def test_what_turns_and_the_pipeline_do_is_no_news() -> None:
    for act in (event("bert", "succeed"), event("bert", "track"), event("pipeline", "fail")):
        assert news(catalog(ONE), catalog(replace(ONE, last_event=act))) == ()


def test_what_one_operator_did_to_several_is_one_line() -> None:
    many = tuple(session("hollis_park", "stage_2", f"{number}") for number in range(37))
    after = tuple(replace(one, last_event=event("bert", "clean-up")) for one in many)
    assert news(catalog(*many), catalog(*after)) == ("bert cleaned up 37 sessions",)


def test_a_session_that_was_not_there_before_is_no_news() -> None:
    assert changes(catalog(), catalog(replace(ONE, last_event=event("bert"))), "anna") == Changes()


def test_what_the_pipeline_overwrote_and_what_vanished_is_told_once() -> None:
    wiped = catalog(replace(ONE, overwritten=ONE.row))
    assert ":reapply" in news(catalog(ONE), wiped)[0]
    assert news(wiped, wiped) == ()
    gone = catalog(ONE, is_vanished=True)
    assert news(catalog(ONE), gone) == ("hollis_park vanished: `:ack hollis_park` takes it off",)
    assert news(gone, gone) == ()


def test_a_hold_is_told_when_it_begins_and_when_it_is_lifted() -> None:
    held = catalog(ONE, hold=Hold("bert", NOW, "disk nearly full"))
    assert news(catalog(ONE), held) == ("bert holds this root: disk nearly full",)
    assert "lifted" in news(held, catalog(ONE))[0]
    assert news(catalog(ONE), catalog(ONE, hold=Hold("anna", NOW))) == ()


def test_what_is_written_after_a_look_is_unseen() -> None:
    looks = Looks(EARLIER)
    assert not looks.is_unseen(replace(ONE, last_activity_at=EARLIER))
    assert not looks.is_unseen(replace(ONE, last_activity_at=None))
    fresh = replace(ONE, last_activity_at=NOW)
    assert looks.is_unseen(fresh)
    looked = looks.looked(fresh)
    assert not looked.is_unseen(fresh)
    assert looked.is_unseen(replace(fresh, last_activity_at=NOW + timedelta(seconds=1)))
    assert looked.only([("other", "id")]).at == {}
