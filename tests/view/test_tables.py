"""The lines of the Listings, Sessions and Expiry panes, and the top line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_catalog import NOW, failures, session
from tui.core.console.column_table import COLUMN_NAMES
from tui.core.errors import Reason
from tui.core.models.catalog import Catalog, Hold, Listing
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Session
from tui.core.sessions.attention import FailureGroup, attention, grouped, needing
from tui.core.sessions.listing_join import is_pending
from tui.core.text.safe_text import cell_width
from tui.view.panes import expiry, listings, session_cells, session_layout, sessions, top_line
from tui.view.panes.session_layout import ListShape
from tui.view.stream import stream_title
from tui.view.text import formatting
from tui.view.text.lines import Line, rule

QUIET = timedelta(minutes=10)
CET = timezone(timedelta(hours=1), "CET")
CATALOG = fixed_catalog.catalog()
ROOT = fixed_catalog.ROOT


def text(line: Line) -> str:
    return "".join(cell.text for cell in line)


def facts(zone: tzinfo) -> top_line.Facts:
    return top_line.facts(CATALOG, NOW, needing(CATALOG.sessions, NOW, QUIET), zone)


def shape(width: int) -> listings.ListingShape:
    return replace(listings.ListingShape.of(listings.groups(CATALOG, rank)), width=width)


def rank(one: Session) -> int | None:
    return attention(one, NOW, QUIET)


@pytest.mark.parametrize("width", [58, 80, 94, 120, 200])
@pytest.mark.parametrize("has_listing", [True, False])
@pytest.mark.parametrize("columns", [(), COLUMN_NAMES, ("id", "cost")])
def test_every_line_of_the_sessions_fills_its_width(
    width: int, has_listing: bool, columns: tuple[str, ...]
) -> None:
    shape = ListShape(width, has_listing=has_listing, columns=columns)
    lines = [sessions.head(shape)]
    lines += [sessions.line(one, NOW, shape, QUIET) for one in CATALOG.sessions]
    assert {cell_width(text(line)) for line in lines} == {width}


def test_the_sessions_at_80_columns() -> None:
    shape = ListShape(80, wants=session_layout.wants(CATALOG))
    waiting = CATALOG.sessions[next(i for i, s in enumerate(CATALOG.sessions) if s.run)]
    head, line = (
        sessions.head(shape),
        sessions.line(waiting, NOW, shape, QUIET, is_current=True, is_marked=True),
    )
    assert text(head).split() == ["ENDS", "STATE", "LISTING", "ST", "TITLE", "QUIET", "SIZE"]
    assert text(line) == (
        ">*    42m   ? waiting     cranbury_and_dunwell 3  Strategic 26m left    3m  2.1M"
    )
    assert text(head).index("STATE") == text(line).index("? waiting")


def test_the_sweep_is_named_when_it_comes_first() -> None:
    swept = session("a", "stage_1", "x", sweep_at=NOW + timedelta(hours=3, minutes=10))
    line = text(sessions.line(swept, NOW, ListShape(80), QUIET))
    assert line.startswith("   3h 10m s ")


def test_wide_characters_do_not_shift_the_columns() -> None:
    narrow, wide = (session("a", "stage_1", title) for title in ("a" * 60, "漢字" * 30))
    shape = ListShape(80)
    for one in (narrow, wide):
        line = text(sessions.line(one, NOW, shape, QUIET))
        assert cell_width(line) == 80
        assert line.endswith("   5h  880K")


def test_all_is_first_and_a_listing_that_cannot_be_read_is_not_lost() -> None:
    groups = listings.groups(CATALOG, rank)
    assert groups[0].name == listings.ALL
    assert groups[0].count == len(CATALOG.sessions)
    needing = [bool(group.needs or group.sign == "x!") for group in groups[1:]]
    assert needing == sorted(needing, reverse=True)
    broken = next(group for group in groups if group.name == "moss_end")
    assert "x!" in text(listings.line(broken, shape(24)))
    assert broken.problem in text(listings.line(broken, shape(110)))


LOCKED = Reason.LOCKED


@pytest.mark.parametrize(
    ("problem", "more", "sign", "is_unread"),
    [
        ("", {}, "", False),
        ("no buyers.db yet", {"trouble": Reason.NO_TABLE}, "", False),
        ("has no claude_sessions table", {"trouble": Reason.NO_TABLE}, "", False),
        ("buyers.db is damaged", {"has_rows": False}, "x!", True),
        ("buyers.db is damaged", {"is_stale": True}, "x!", True),
        (".claude_sessions is a link, and links are not followed", {}, "x!", True),
        ("is held by another program", {"is_stale": True, "trouble": LOCKED}, "lock", True),
        ("is held by another program", {"has_rows": False, "trouble": LOCKED}, "lock", True),
        ("blocked_assets cannot be read by this login", {"is_stale": True}, "x!", True),
        ("takes long", {"is_stale": True, "trouble": Reason.SLOW}, "slow", True),
        ("reading...", {"is_stale": True, "trouble": Reason.READING}, "...", True),
        ("", {"is_stale": True, "has_rows": False}, "slow", True),
        ("its folder vanished", {"is_vanished": True}, "gone", False),
    ],
)
def test_only_what_is_broken_is_an_error(
    problem: str, more: dict[str, Any], sign: str, is_unread: bool
) -> None:
    one = replace(Listing("zeta", fixed_catalog.ROOT / "zeta", problem=problem), **more)
    assert (listings.sign(one), listings.is_unreadable(one)) == (sign, is_unread)
    _, *groups = listings.groups(
        Catalog(fixed_catalog.ROOT, NOW, listings=(Listing("a", ROOT), one)), rank
    )
    assert [group.name for group in groups] == (["zeta", "a"] if sign == "x!" else ["a", "zeta"])
    assert (sign or "  ") in text(listings.line(groups[-1 if sign != "x!" else 0], shape(24)))


@pytest.mark.parametrize("width", [23, 24, 80, 120])
def test_listings_and_expiry_fill_their_width(width: int) -> None:
    ends = replace(expiry.ExpiryShape.of(CATALOG.sessions), width=width)
    lines = [listings.head(shape(width)), expiry.head(ends)]
    lines += [listings.line(group, shape(width)) for group in listings.groups(CATALOG, rank)]
    lines += [expiry.line(one, NOW, ends, UTC) for one in CATALOG.sessions]
    lines += [expiry.explained(one, NOW, UTC, width) for one in CATALOG.sessions]
    lines += [expiry.pending_line(CATALOG.sessions, width)]
    lines += [expiry.horizon_line(expiry.ordered(CATALOG.sessions, NOW), NOW, width)]
    assert {cell_width(text(line)) for line in lines} == {width}


def test_expiry_is_soonest_first_and_names_both_clocks() -> None:
    swept = session(
        "hollis_park", "stage_2", "x",
        expires_at=NOW + timedelta(days=12), sweep_at=NOW + timedelta(hours=3),
    )  # fmt: skip
    other = session("hollis_park", "stage_3", "y", expires_at=NOW + timedelta(hours=4))
    past = session("hollis_park", "stage_4", "z", expires_at=NOW - timedelta(hours=1))
    assert expiry.ordered([past, other, swept], NOW) == (swept, other, past)
    line = text(expiry.line(swept, NOW, expiry.ExpiryShape(100), UTC))
    assert "hollis_park/2" in line
    assert "02 Dec 14:30" in line
    assert "20 Nov 17:30" in line


def test_a_bad_date_is_not_pending() -> None:
    bad = session("a", "stage_1", "x", expires_at=None, expiry_is_unreadable=True)
    past = replace(bad, expires_at=NOW - timedelta(days=1), expiry_is_unreadable=False)
    pending = [one for one in (bad, past) if is_pending(one, NOW)]
    assert pending == [past]
    assert " 1 expired, awaiting clean-up " in text(expiry.pending_line(pending, 40))
    assert " 1 to clean up " in text(expiry.pending_line(pending, 24))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_top_line_drops_from_the_right_and_keeps_warnings(width: int) -> None:
    held = replace(CATALOG, hold=Hold("bert", NOW))
    line = text(
        top_line.line(held, facts(CET), width, trouble="stale 12s: locked", is_read_only=True)
    )
    assert len(line) == width
    assert ("HELD by bert" if width >= 120 else "HELD") in line
    assert "[RO]" in line
    assert "stale 12s: locked" in line
    assert "1 waiting" in line or width == 60


def test_the_top_line_says_the_zone_and_what_is_wrong_with_the_root() -> None:
    assert " UTC" in text(top_line.line(CATALOG, facts(UTC), 80))
    assert " CET (tables UTC)" in text(top_line.line(CATALOG, facts(CET), 120))
    nothing = Catalog(fixed_catalog.ROOT, NOW, problem="there is no folder data/outputs")
    assert "there is no folder" in text(top_line.line(nothing, facts(CET), 80))
    assert "looking" in text(top_line.line(None, (), 80))


@pytest.mark.parametrize("width", [60, 70, 80, 94, 120])
@pytest.mark.parametrize("trouble", ["", "moss_end unreadable", "stale 12s: locked" * 9])
def test_the_zone_is_always_stated(width: int, trouble: str) -> None:
    held = replace(CATALOG, hold=Hold("bert", NOW))
    for catalog in (CATALOG, held):
        line = text(top_line.line(catalog, facts(CET), width, trouble=trouble, is_read_only=True))
        assert " CET* " in line or " CET (tables UTC) " in line
        assert len(line) == width
    assert "free" not in text(top_line.line(CATALOG, facts(CET), 70))


def test_the_top_line_counts_what_cannot_be_read_and_names_it_where_it_fits() -> None:
    narrow = text(top_line.line(CATALOG, facts(UTC), 80))
    assert " 1 down " in narrow
    assert " free " in narrow
    assert " moss_end unreadable " in text(top_line.line(CATALOG, facts(UTC), 120))
    broken, sound = CATALOG.listing("moss_end"), CATALOG.listing("hollis_park")
    for width in (80, 120):
        line = text(top_line.line(CATALOG, facts(UTC), width, selected=broken))
        assert line.count("unreadable") + line.count("down") == 1
        assert ("not a SQLite" in line) == (width == 120)
    assert " 1 down " in text(top_line.line(CATALOG, facts(UTC), 80, selected=sound))


def test_a_long_name_of_the_root_does_not_drive_out_the_facts() -> None:
    long = replace(CATALOG, root=ROOT / ("outputs_" * 9))
    known = top_line.facts(long, NOW, needing(long.sessions, NOW, QUIET), UTC)
    assert "outputs_ou…_outputs_  12!  1 waiting  5 failed  1 down " in text(
        top_line.line(long, known, 60)
    )


def test_what_was_acknowledged_no_longer_counts_as_failed() -> None:
    failed = [one for one in CATALOG.sessions if one.status == "failed"]
    seen = [one for one in failed if one.ack]
    assert f"{len(failed) - len(seen)} failed" in text(top_line.line(CATALOG, facts(UTC), 80))
    assert formatting.state(seen[0], NOW, QUIET) == ("✗ failed", "muted")


def test_a_listing_may_be_empty() -> None:
    lone = Catalog(fixed_catalog.ROOT, NOW, listings=(Listing("a", fixed_catalog.ROOT / "a"),))
    assert [group.count for group in listings.groups(lone, rank)] == [0, 0]


@pytest.mark.parametrize("width", [8, 20, 40, 80])
def test_a_rule_fills_its_width(width: int) -> None:
    assert cell_width(text(rule("4 hollis_park/3 9f2c", "12 new ↓", width))) == width


@pytest.mark.parametrize("width", [58, 80, 92, 120])
def test_failures_of_one_cause_are_one_line_that_fills_its_width(width: int) -> None:
    group = next(one for one in grouped(CATALOG.sessions, rank) if isinstance(one, FailureGroup))
    line = sessions.group_line(group, NOW, ListShape(width), UTC, is_marked=True)
    assert cell_width(text(line)) == width
    assert text(line).rstrip().endswith("\u00d74 since 13:40")
    later = sessions.group_line(group, NOW + timedelta(days=1), ListShape(width), UTC)
    assert text(later).rstrip().endswith("\u00d74 since 20 Nov 13:40")


@pytest.mark.parametrize(("last", "shown"), [(29, "12m  "), (30, "12m+ "), (None, "12m+ ")])
def test_a_group_shows_when_its_first_ends_and_whether_others_end_later(
    last: int | None, shown: str
) -> None:
    """In seconds beyond what the first one has left; none for one that never ends."""
    first = NOW + timedelta(minutes=12, seconds=30)
    ends = (first, first, first + timedelta(seconds=last) if last is not None else None)
    failed = failures(3, reason="401").sessions
    members = [replace(one, expires_at=at) for one, at in zip(failed, ends, strict=True)]
    (group,) = grouped(members, rank)
    assert isinstance(group, FailureGroup)
    assert shown in text(sessions.group_line(group, NOW, ListShape(80), UTC))


def test_a_listing_that_vanished_is_greyed() -> None:
    group = next(one for one in listings.groups(CATALOG, rank) if one.is_vanished)
    line = listings.line(group, shape(110))
    assert "gone" in text(line)
    assert group.problem in text(line)
    assert {cell.style for cell in line if cell.text.strip()} == {"muted"}
    one = session("norton_mills", "stage_1", "x", status=Status.FAILED)
    greyed = sessions.line(one, NOW, ListShape(80), QUIET, is_vanished=True)
    assert {cell.style for cell in greyed} == {"muted"}


@pytest.mark.parametrize(
    ("title", "word", "remark"),
    [
        ("Label printers, Iberia", "↗ stray", ":adopt moves it into its listing"),
        ("Strategic buyers, heat pumps", "≠ overwritten", ":reapply restores"),
        ("Castings, second pass", "✗ failed", "acknowledged by bert"),
    ],
)
def test_what_is_odd_names_the_verb_that_mends_it(title: str, word: str, remark: str) -> None:
    one = next(one for one in CATALOG.sessions if one.title == title)
    assert formatting.state(one, NOW, QUIET)[0] == word
    assert remark in stream_title.title(one, NOW, QUIET)
    assert word in text(sessions.line(one, NOW, ListShape(60), QUIET))


@pytest.mark.parametrize(
    ("liveness", "title"), [(Liveness.NONE, "401 invalid key"), (Liveness.QUEUED, "")]
)
def test_without_a_title_it_is_named_by_why_it_failed_until_it_is_tried_again(
    liveness: Liveness, title: str
) -> None:
    failed = session("a", "1", "", status=Status.FAILED, reason="401 invalid key")
    one = replace(failed, liveness=liveness)
    assert session_cells.title_of(one).text == (title or one.session_id[:8])
