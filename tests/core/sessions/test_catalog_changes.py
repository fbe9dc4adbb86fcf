"""What others did between two pictures, and what was not looked at yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.support.console.fixed_catalog import NOW, ROOT, session
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog, Hold, Listing
from tui.core.models.session import Session
from tui.core.sessions.catalog_changes import CatalogChanges, LastLooked, changes
from tui.view.panes.notifications import lines

ONE = session("hollis_park", "stage_2", "x")
EARLIER = NOW - timedelta(hours=1)


def catalog(*sessions: Session, hold: Hold | None = None, is_vanished: bool = False) -> Catalog:
    listing = Listing(
        "hollis_park", ROOT / "hollis_park", sessions=sessions, is_vanished=is_vanished
    )
    return Catalog(ROOT, NOW, listings=(listing,), hold=hold)


def event(operator: str, action: str = "extend", at: datetime = NOW) -> AuditEvent:
    assert ONE.row is not None
    before = replace(ONE.row, expires_at=(NOW + timedelta(hours=6)).isoformat())
    after = replace(ONE.row, expires_at=(NOW + timedelta(days=7)).isoformat())
    return AuditEvent(
        at=at,
        operator=operator,
        action=action,
        listing="hollis_park",
        session_id=ONE.session_id,
        before=before,
        after=after,
    )


def news(before: Catalog, after: Catalog) -> tuple[str, ...]:
    return lines(changes(before, after, "anna"), after, NOW)


def test_another_s_act_is_named_and_mine_is_not() -> None:
    before = catalog(replace(ONE, last_event=event("bert", at=EARLIER)))
    assert news(before, before) == ()
    assert news(before, catalog(replace(ONE, last_event=event("anna")))) == ()
    short = ONE.session_id[:8]
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
    assert (
        changes(catalog(), catalog(replace(ONE, last_event=event("bert"))), "anna")
        == CatalogChanges()
    )


def test_what_the_pipeline_overwrote_and_what_vanished_is_told_once() -> None:
    wiped = catalog(replace(ONE, overwritten=ONE.row))
    assert ":reapply" in news(catalog(ONE), wiped)[0]
    assert news(wiped, wiped) == ()
    gone = catalog(ONE, is_vanished=True)
    assert news(catalog(ONE), gone) == ("hollis_park has vanished: `:ack hollis_park` removes it",)
    assert news(gone, gone) == ()


def test_a_hold_is_told_when_it_begins_and_when_it_is_lifted() -> None:
    held = catalog(ONE, hold=Hold("bert", NOW, "disk nearly full"))
    assert news(catalog(ONE), held) == ("new runs paused by bert: disk nearly full",)
    assert "released" in news(held, catalog(ONE))[0]
    assert news(catalog(ONE), catalog(ONE, hold=Hold("anna", NOW))) == ()


def test_what_is_written_after_a_look_is_unseen() -> None:
    looks = LastLooked(EARLIER)
    assert not looks.is_unseen(replace(ONE, last_activity_at=EARLIER))
    assert not looks.is_unseen(replace(ONE, last_activity_at=None))
    fresh = replace(ONE, last_activity_at=NOW)
    assert looks.is_unseen(fresh)
    looked = looks.looked(fresh)
    assert not looked.is_unseen(fresh)
    assert looked.is_unseen(replace(fresh, last_activity_at=NOW + timedelta(seconds=1)))


def test_what_only_the_logbook_tells_is_named_once_and_mine_is_not() -> None:
    first = catalog(ONE)
    old = AuditEvent(
        at=EARLIER,
        operator="bert",
        action="rename",
        listing="hollis_park",
        session_id=ONE.session_id,
    )
    before, short = replace(first, log=(old,)), ONE.session_id[:8]

    def told(*events: AuditEvent) -> tuple[str, ...]:
        return news(before, replace(first, log=(old, *events)))

    def act(action: str, session_id: str = ONE.session_id, who: str = "bert") -> AuditEvent:
        return AuditEvent(
            at=NOW,
            operator=who,
            action=action,
            listing="hollis_park",
            session_id=session_id,
            note="3 sessions, 2.0M",
        )

    for action, word in {"ack": "acknowledged", "rename": "renamed", "adopt": "adopted",
                         "purge": "erased"}.items():  # fmt: skip
        assert told(act(action)) == (f"bert {word} {short}",)
        assert told(act(action, who="anna")) == ()
    assert told() == told(act("undo")) == told(act("hold")) == ()
    assert told(*(act("adopt", f"{number}") for number in range(12))) == (
        "bert adopted 12 sessions",
    )
    assert told(act("ack", "")) == ("bert acknowledged that hollis_park vanished",)
    assert told(replace(act("purge", ""), listing="")) == ("bert erased 3 sessions, 2.0M",)
    unread = replace(first, problem="no such folder")
    assert news(unread, replace(first, log=(old,))) == ()


def test_who_lifted_a_hold_is_named_unless_it_was_me() -> None:
    held = catalog(ONE, hold=Hold("anna", EARLIER))
    held = replace(held, log=(AuditEvent(at=EARLIER, operator="anna", action="hold"),))
    for who, words in (
        ("bert", ("bert released the hold: new runs and clean-up resume",)),
        ("anna", ()),
    ):
        log = (*held.log, AuditEvent(at=NOW, operator=who, action="lift", note="anna holds"))
        assert news(held, replace(catalog(ONE), log=log)) == words
    assert news(held, replace(catalog(ONE), log=held.log)) == (
        "the hold is released: new runs and clean-up resume",
    )


def test_an_erasure_stands_in_both_books_and_is_told_once() -> None:
    erased = catalog(replace(ONE, last_event=event("bert", "purge")))
    log = (
        AuditEvent(
            at=NOW,
            operator="bert",
            action="purge",
            listing="hollis_park",
            session_id=ONE.session_id,
        ),
    )
    assert news(catalog(ONE), replace(erased, log=log)) == (f"bert erased {ONE.session_id[:8]}",)
