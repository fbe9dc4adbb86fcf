"""The lines of the Listings, Sessions and Expiry panes, and the top line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from tests import fixed_catalog
from tests.fixed_catalog import NOW, session
from tui.core.catalog import attention
from tui.core.models import Catalog, Listing, Session
from tui.core.text import cell_width
from tui.view import expiry, listings, sessions, top
from tui.view.lines import Line, rule

QUIET = timedelta(minutes=10)
CET = timezone(timedelta(hours=1), "CET")
CATALOG = fixed_catalog.catalog()


def text(line: Line) -> str:
    return "".join(cell.text for cell in line)


def rank(one: Session) -> int | None:
    return attention(one, NOW, QUIET)


@pytest.mark.parametrize("width", [58, 80, 94, 120, 200])
@pytest.mark.parametrize("has_listing", [True, False])
@pytest.mark.parametrize("is_wide", [True, False])
def test_every_line_of_the_sessions_fills_its_width(
    width: int, has_listing: bool, is_wide: bool
) -> None:
    shape = sessions.Shape(width, has_listing=has_listing, is_wide=is_wide)
    lines = [sessions.head(shape)]
    lines += [sessions.line(one, NOW, shape, QUIET) for one in CATALOG.sessions]
    assert {cell_width(text(line)) for line in lines} == {width}


def test_the_sessions_at_80_columns() -> None:
    shape = sessions.Shape(80)
    waiting = CATALOG.sessions[next(i for i, s in enumerate(CATALOG.sessions) if s.run)]
    head, line = (
        sessions.head(shape),
        sessions.line(waiting, NOW, shape, QUIET, is_current=True, is_marked=True),
    )
    assert text(head).split() == ["ENDS", "STATE", "LISTING", "ST", "TITLE", "QUIET", "SIZE"]
    assert text(line) == (
        ">*    42m   ? waiting   cranbury_and_du~ 3  Strategic buyers, pumps     3m  2.1M"
    )
    assert text(head).index("STATE") == text(line).index("? waiting")


def test_the_sweep_is_named_when_it_comes_first() -> None:
    swept = session("a", "stage_1", "x", sweep_at=NOW + timedelta(hours=3, minutes=10))
    line = text(sessions.line(swept, NOW, sessions.Shape(80), QUIET))
    assert line.startswith("   3h 10m s ")


def test_wide_characters_do_not_shift_the_columns() -> None:
    narrow, wide = (session("a", "stage_1", title) for title in ("a" * 60, "漢字" * 30))
    shape = sessions.Shape(80)
    for one in (narrow, wide):
        line = text(sessions.line(one, NOW, shape, QUIET))
        assert cell_width(line) == 80
        assert line.endswith("   5h  880K")


def test_who_waits_comes_first_then_what_runs_then_what_else_needs_a_look() -> None:
    shown = sessions.ordered(CATALOG.sessions, "attention", NOW, rank)
    places = [0 if rank(one) == 0 else 1 if one.is_live else 2 for one in shown]
    assert places == sorted(places)
    still = [99 if (need := rank(one)) is None else need for one in shown if not one.is_live]
    assert still == sorted(still)


def test_what_has_ended_comes_after_what_is_still_about_to() -> None:
    shown = sessions.ordered(CATALOG.sessions, "ends", NOW, rank)
    ends = [one.ends_at for one in shown if one.ends_at]
    coming = [moment for moment in ends if moment > NOW]
    assert ends[: len(coming)] == sorted(coming)


@pytest.mark.parametrize("sort", sessions.SORTS)
def test_every_order_keeps_every_session(sort: str) -> None:
    shown = sessions.ordered(CATALOG.sessions, sort, NOW, rank)
    assert sorted(one.key for one in shown) == sorted(one.key for one in CATALOG.sessions)


def test_all_is_first_and_a_listing_that_cannot_be_read_is_not_lost() -> None:
    groups = listings.groups(CATALOG, rank)
    assert groups[0].name == listings.ALL
    assert groups[0].count == len(CATALOG.sessions)
    needing = [bool(group.needs or group.problem) for group in groups[1:]]
    assert needing == sorted(needing, reverse=True)
    broken = next(group for group in groups if group.problem)
    assert "x!" in text(listings.line(broken, 24))
    assert broken.problem in text(listings.line(broken, 110))


@pytest.mark.parametrize("width", [23, 24, 80, 120])
def test_listings_and_expiry_fill_their_width(width: int) -> None:
    lines = [listings.head(width), expiry.head(width)]
    lines += [listings.line(group, width) for group in listings.groups(CATALOG, rank)]
    lines += [expiry.line(one, NOW, width, UTC) for one in CATALOG.sessions]
    lines += [expiry.pending_line(CATALOG.sessions, NOW, width)]
    assert {cell_width(text(line)) for line in lines} == {width}


def test_expiry_is_soonest_first_and_names_both_clocks() -> None:
    swept = session(
        "hollis_park", "stage_2", "x",
        expires_at=NOW + timedelta(days=12), sweep_at=NOW + timedelta(hours=3),
    )  # fmt: skip
    other = session("hollis_park", "stage_3", "y", expires_at=NOW + timedelta(hours=4))
    past = session("hollis_park", "stage_4", "z", expires_at=NOW - timedelta(hours=1))
    assert expiry.ordered([past, other, swept], NOW) == (swept, other, past)
    line = text(expiry.line(swept, NOW, 100, UTC))
    assert "hollis_park/2" in line
    assert "02 Dec 14:30" in line
    assert "20 Nov 17:30" in line


def test_a_bad_date_is_not_pending() -> None:
    bad = session("a", "stage_1", "x", expires_at=None, expiry_is_unreadable=True)
    assert "pending 0" in text(expiry.pending_line([bad], NOW, 40))
    past = replace(bad, expires_at=NOW - timedelta(days=1), expiry_is_unreadable=False)
    assert "pending 1" in text(expiry.pending_line([past], NOW, 40))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_top_line_drops_from_the_right_and_keeps_warnings(width: int) -> None:
    line = text(
        top.line(CATALOG, NOW, width, QUIET, CET, trouble="stale 12s: locked", is_read_only=True)
    )
    assert len(line) == width
    assert "[RO]" in line
    assert "stale 12s: locked" in line
    assert "1 waiting" in line


def test_the_top_line_says_the_zone_and_what_is_wrong_with_the_root() -> None:
    assert " UTC " in text(top.line(CATALOG, NOW, 80, QUIET, UTC))
    assert " CET (tables UTC)" in text(top.line(CATALOG, NOW, 120, QUIET, CET))
    nothing = Catalog(fixed_catalog.ROOT, NOW, problem="there is no folder data/outputs")
    assert "there is no folder" in text(top.line(nothing, NOW, 80, QUIET, CET))
    assert "looking" in text(top.line(None, NOW, 80, QUIET, CET))


def test_a_listing_may_be_empty() -> None:
    lone = Catalog(fixed_catalog.ROOT, NOW, (Listing("a", fixed_catalog.ROOT / "a"),))
    assert [group.count for group in listings.groups(lone, rank)] == [0, 0]


@pytest.mark.parametrize("width", [8, 20, 40, 80])
def test_a_rule_fills_its_width(width: int) -> None:
    assert cell_width(text(rule("4 hollis_park/3 9f2c", "12 new ↓", width))) == width
