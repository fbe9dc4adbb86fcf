"""Who did what, and how long ago, in words that nobody can spoil."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.console import fixed_catalog
from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tui.core.act_summary import Source, actor, ago, did, did_just_now, is_failure, source_of
from tui.core.models.audit import AuditEvent
from tui.core.sessions.catalog_changes import CatalogChanges
from tui.core.sessions.operators import operators_of
from tui.storage.table.audit import detail_of
from tui.view.panes import notifications

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(milliseconds=3900), "3 s ago"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=119), "1 h ago"),
        (timedelta(days=3, hours=4), "3 d ago"),
    ],
)
def test_how_long_ago(passed: timedelta, words: str) -> None:
    assert ago(NOW - passed, NOW) == words


def test_what_failed_by_itself_is_nobodys_act() -> None:
    event = AuditEvent(at=NOW, operator="bert", action="fail", detail='{"run": "r1"}')
    assert did(event, "9f2c") == "9f2c failed"
    assert (is_failure(event), actor(event)) == (True, "")
    typed = replace(event, detail="")
    assert (is_failure(typed), actor(typed)) == (False, "bert")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("extend", "bert extended 9f2c"),
        ("fail", "bert marked 9f2c failed"),
        ("undo", "bert undid an action on 9f2c"),
        ("{unknown}", "bert ({unknown}) 9f2c"),
    ],
)
def test_who_did_what(action: str, words: str) -> None:
    assert did(AuditEvent(at=NOW, operator="bert", action=action), "9f2c") == words


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_nothing_in_it_acts_on_the_terminal(payload: str) -> None:
    assert is_cleaned(did_just_now(AuditEvent(at=NOW, operator=payload, action=payload), NOW))


COVERED = {"run": "r1", "tool": "Bash", "decision": "allow", "source": "always"}
LATE = {"run": "r1", "tool": "Bash", "decision": "deny", "source": "clock"}
GRANTED = {"run": "r1", "tool": "Bash", "decision": "allow", "digest": "ab" * 32}


@pytest.mark.parametrize(
    ("action", "facts", "source", "by", "words"),
    [
        ("answer", GRANTED, Source.OPERATOR, "bert", "bert answered 9f2c"),
        ("answer", {"decision": "deny"}, Source.OPERATOR, "bert", "bert answered 9f2c"),
        ("answer", COVERED, Source.ALWAYS, "", "an earlier answer of bert covered 9f2c"),
        # As versions that named no source wrote it:
        ("answer", COVERED | {"source": None}, Source.ALWAYS, "", "an earlier answer of bert"),
        ("answer", LATE, Source.CLOCK, "", "nobody answered 9f2c in time"),
        ("answer", GRANTED | {"source": ["always"]}, Source.OPERATOR, "bert", "bert answered"),
        ("fail", {"run": "r1"}, Source.TURN, "", "9f2c failed"),
        ("fail", {}, Source.OPERATOR, "bert", "bert marked 9f2c failed"),
    ],
)
def test_only_an_act_is_said_to_be_an_operator_s(
    action: str, facts: dict[str, object], source: Source, by: str, words: str
) -> None:
    event = AuditEvent(at=NOW, operator="bert", action=action, detail=detail_of(facts))
    assert (source_of(event), actor(event)) == (source, by)
    assert did(event, "9f2c").startswith(words)


def test_what_a_later_answer_covered_is_no_news_and_names_no_operator() -> None:
    session = fixed_catalog.session("hollis_park", "stage_1", "Bids")
    event = AuditEvent(at=NOW, operator="bert", action="answer", detail=detail_of(COVERED))
    seen = replace(session, last_event=event)
    catalog = fixed_catalog.catalog()
    assert notifications.lines(CatalogChanges(events=((seen, event),)), catalog, NOW) == ()
    assert "bert" not in operators_of(seen)
    granted = replace(event, detail=detail_of(GRANTED))
    assert notifications.lines(CatalogChanges(events=((seen, granted),)), catalog, NOW)
