"""Which sessions are in a state or a status."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.sessions.test_session_filter import NOW, session
from tests.core.sessions.test_session_state import IN_STATE
from tui.core.errors import UsageError
from tui.core.models.session import Liveness
from tui.core.sessions.session_filter import parse_filter
from tui.core.sessions.session_state import StateWord, state_word
from tui.core.sessions.status_filter import STATE_WORDS, parse_status

HOUR = timedelta(hours=1)
QUIET = HOUR / 6
PHASES = {"starting", "asking-api", "retrying", "rate-limit"}


@pytest.mark.parametrize("word", STATE_WORDS)
def test_state_shows_words_that_the_filter_and_status_take(word: str) -> None:
    takes, is_in = parse_filter(word, QUIET), parse_status(word, (), QUIET)
    taken = [one for one in IN_STATE.values() if takes(one, NOW)]
    assert taken == [one for one in IN_STATE.values() if is_in(one, NOW)]
    assert IN_STATE[StateWord(word)] in taken
    assert len(taken) < 4 + len(PHASES)
    assert parse_status(word.upper(), (), QUIET)(IN_STATE[StateWord(word)], NOW)


@pytest.mark.parametrize(
    ("alias", "taken"),
    [
        ("active", set(StateWord) - {"failed", "untracked", "leftover", "cleaned", "deleted"}),
        ("busy", {"running", "quiet", "stalled", *PHASES}),
        ("idle", {"attached"}),
        ("unread", {"unreadable"}),
        ("expired", {"expired", "leftover", "past-end"}),
    ],
)
def test_words_of_earlier_versions_and_of_json_still_work(alias: str, taken: set[str]) -> None:
    takes, is_in = parse_filter(alias, QUIET), parse_status(alias, (), QUIET)
    assert {word for word, one in IN_STATE.items() if takes(one, NOW)} == taken
    assert {word for word, one in IN_STATE.items() if is_in(one, NOW)} == taken


def test_a_status_of_the_pipelines_own_is_taken_as_it_is_shown() -> None:
    other = session("x", "In Review")
    assert state_word(other, NOW, QUIET) == "In Review"
    assert parse_status("in review", (other,), QUIET)(other, NOW)


@pytest.mark.parametrize("word", ["odd", "", " ", "in review"])
def test_a_status_that_is_nowhere_is_refused_with_those_there_are(word: str) -> None:
    with pytest.raises(UsageError, match=r"use .*stalled, .*running, .*ghost, .*ready"):
        parse_status(word, tuple(IN_STATE.values()), HOUR)


def test_failed_takes_what_counts_as_failed_whether_or_not_its_row_says_so() -> None:
    marked, unmarked = session("1", "failed"), session("2", turn_error="529 overloaded")
    every = (marked, unmarked, session("3", "failed", liveness=Liveness.QUEUED))
    for takes in (parse_filter("failed", QUIET), parse_status("failed", (), QUIET)):
        assert [one.session_id for one in every if takes(one, NOW)] == ["1", "2"]
