"""Who did what, and how long ago, in words that nobody can spoil."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tui.core.act_summary import actor, ago, did, did_just_now, is_failure
from tui.core.models.audit import AuditEvent

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
