"""A new order of rows that waits: what is shown meanwhile, and how many rows it would move."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.console.fixed_catalog import session
from tui.core.models.row import Status
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FailureGroup, Need, grouped
from tui.core.sessions.rows.finished import FinishedGroup, gathered
from tui.core.sessions.rows.row_order import kept_keys, kept_rows, moved

KEYS = st.lists(st.sampled_from("abcdefghij"), unique=True).map(
    lambda names: tuple(("listing", name) for name in names)
)


def failed(*titles: str) -> tuple[Session, ...]:
    """Return sessions that failed for one cause."""
    return tuple(
        session("hollis", "stage_1", title, status=Status.FAILED, reason="no such tool")
        for title in titles
    )


def rank(one: Session) -> Need | None:
    return Need.FAILED if one.status == Status.FAILED else None


@given(KEYS, KEYS)
def test_what_stays_keeps_its_place_and_what_is_new_comes_last(
    before: tuple[Key, ...], asked: tuple[Key, ...]
) -> None:
    kept = kept_keys(before, asked)
    assert sorted(kept) == sorted(asked)
    left = [key for key in before if key in asked]
    assert list(kept[: len(left)]) == left
    assert list(kept[len(left) :]) == [key for key in asked if key not in before]


def _least(shown: str, asked: str) -> int:
    """Return the least number of letters to move, tried one by one."""
    reached, count = {shown}, 0
    while asked not in reached:
        count += 1
        reached |= {
            rest[:to] + one[at] + rest[to:]
            for one in reached
            for at in range(len(one))
            if (rest := one[:at] + one[at + 1 :]) is not None
            for to in range(len(one))
        }
    return count


@pytest.mark.parametrize("order", ["".join(one) for one in permutations("abcd")])
def test_as_few_rows_are_counted_as_have_to_move(order: str) -> None:
    shown = tuple(("listing", name) for name in "abcd")
    asked = tuple(("listing", name) for name in order)
    assert moved(shown, asked) == _least("abcd", order)


def test_one_row_that_goes_to_the_end_of_many_is_one() -> None:
    shown = tuple(("listing", str(number)) for number in range(500))
    assert moved(shown, (*shown[1:], shown[0])) == 1
    assert moved(shown, shown) == 0


def test_a_group_that_forms_leaves_its_members_where_they_are() -> None:
    one, two, three = failed("one", "two", "three")
    asked = grouped((one, two, three), rank)
    assert isinstance(asked[0], FailureGroup)
    assert kept_rows((one, two), asked) == (one, two, asked[0])
    assert kept_rows((one, two, three), asked) == (one, two, three)


def test_a_group_that_is_opened_shows_its_members_below_it() -> None:
    other = session("hollis", "stage_1", "other")
    rows = (*failed("one", "two", "three"), other)
    closed = grouped(rows, rank)
    cause = closed[0].cause if isinstance(closed[0], FailureGroup) else ""
    opened = grouped(rows, rank, {cause})
    assert kept_rows(closed, opened, is_open={cause}) == opened
    assert kept_rows(opened, closed, was_open={cause}) == closed
    more = grouped((*rows, *failed("four")), rank, {cause})
    kept = kept_rows(opened, more, was_open={cause}, is_open={cause})
    assert [one.key for one in kept[:-1]] == [one.key for one in opened]
    assert kept[-1].key == failed("four")[0].key


def test_an_open_group_of_what_finished_stays_while_its_last_members_are_read() -> None:
    rows = tuple(session("hollis", "stage_1", f"{number}") for number in range(6))
    keys = {one.key for one in rows}
    cause = FinishedGroup(rows).cause
    opened = gathered(rows, keys, {cause})
    asked = gathered(rows, keys - {rows[0].key, rows[1].key}, {cause})
    assert len(asked) == len(rows)
    kept = kept_rows(opened, asked, was_open={cause}, is_open={cause})
    assert [one.key for one in kept] == [one.key for one in opened]
