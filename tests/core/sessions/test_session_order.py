"""The orders of Sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_catalog import NOW
from tui.core.console.column_table import COLUMN_NAMES
from tui.core.errors import UsageError
from tui.core.models.session import Session
from tui.core.sessions.attention import Need, attention
from tui.core.sessions.session_order import (
    ORDERS,
    SORTS,
    column_order,
    is_descending,
    ordered,
    parse_order,
)

CATALOG = fixed_catalog.catalog()


def rank(session: Session) -> Need | None:
    return attention(session, NOW, timedelta(minutes=10))


def test_what_needs_somebody_comes_first_then_what_runs() -> None:
    soon = fixed_catalog.session("a", "1", "x", sweep_at=NOW + timedelta(hours=5))
    cut = fixed_catalog.session("a", "1", "y", run=fixed_catalog.cut_off_run(NOW))
    unsent = fixed_catalog.session(
        "a", "1", "z", run=fixed_catalog.unsent_run(NOW), last_activity_at=NOW
    )
    shown = ordered((*CATALOG.sessions, soon, cut, unsent), "attention", NOW, rank)
    needs = [99 if (need := rank(one)) is None else need for one in shown]
    assert needs == sorted(needs)
    assert set(needs) == {*Need, 99}
    at_ease = [one.is_live for one in shown if rank(one) is None]
    assert at_ease == sorted(at_ease, reverse=True)


def test_what_has_ended_comes_after_what_is_still_about_to() -> None:
    shown = ordered(CATALOG.sessions, "ends", NOW, rank)
    ends = [one.ends_at for one in shown if one.ends_at]
    coming = [moment for moment in ends if moment > NOW]
    assert ends[: len(coming)] == sorted(coming)


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_keeps_every_session(sort: str) -> None:
    shown = ordered(CATALOG.sessions, sort, NOW, rank)
    assert sorted(one.key for one in shown) == sorted(one.key for one in CATALOG.sessions)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("sort", list(ORDERS))
def test_values_are_in_order_and_what_is_unknown_is_last_either_way(
    sort: str, is_reversed: bool
) -> None:
    """Fails if the turned order is the order backwards, with what is unknown on top."""
    blank = replace(
        fixed_catalog.session("hollis_park", "", ""),
        expires_at=None,
        last_activity_at=None,
        bytes=0,
        cost_usd=None,
        model="",
        created_at=None,
        transcript=None,
    )
    value, every = ORDERS[sort].value, (blank, *CATALOG.sessions)
    shown = ordered(every, sort, NOW, rank, is_reversed=is_reversed)
    values = [value(one, NOW) for one in shown]
    known = [one for one in values if one is not None]
    assert known == sorted(known, reverse=is_descending(sort, is_reversed))
    assert values[len(known) :] == [None] * (len(values) - len(known))
    assert len(shown) == len(every)


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        ("cost", ("cost", False)),
        ("cost desc", ("cost", False)),
        ("COST ASC", ("cost", True)),
        ("ends desc", ("ends", True)),
        ("state", ("attention", False)),
    ],
)
def test_a_column_is_named_with_or_without_a_direction(typed: str, order: tuple[str, bool]) -> None:
    assert parse_order(typed.split()) == order


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "no order is called '': use attention, ends"),
        ("cots", "no order is called 'cots': did you mean 'cost'?"),
        ("cost up", "'up' is no direction: asc or desc"),
        ("cost asc desc", "is no direction"),
        ("attention asc", "the order by attention has one direction"),
    ],
)
def test_another_order_is_refused_with_what_is_right(typed: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_order(typed.split())
    assert says in str(error.value)


def test_every_column_has_an_order() -> None:
    assert {column_order(name) for name in COLUMN_NAMES} == set(SORTS)
