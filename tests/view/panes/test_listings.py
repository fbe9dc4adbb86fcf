"""The columns of the Listings pane: whole names first, then the numbers that there is room for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.core.text.safe_text import cell_width
from tui.view.panes.listings import ListingGroup, ListingShape, head, line

NAME = "cranbury_and_dunmore_0024"
GROUPS = (
    ListingGroup(name="", count=600, needs=12, bytes=10**9, live=3, cost_usd=79.0),
    ListingGroup(name=NAME, count=20, needs=2, bytes=10**7, live=1, cost_usd=8.88),
)
BROKEN = ListingGroup(
    name="moss_end",
    count=0,
    needs=0,
    bytes=0,
    problem="buyers.db is not a SQLite database",
    sign="x!",
)


def shape(width: int, *groups: ListingGroup) -> ListingShape:
    return replace(ListingShape.of(groups or GROUPS), width=width)


def words(group: ListingGroup, at: ListingShape) -> list[str]:
    return "".join(cell.text for cell in line(group, at)).split()


def test_a_name_is_whole_from_the_needed_width_on_and_else_keeps_its_end() -> None:
    needed = shape(0).needed
    assert words(GROUPS[1], shape(needed))[0] == NAME
    short = words(GROUPS[1], shape(needed - 1))[0]
    assert "…" in short
    assert short.endswith("_0024")


@pytest.mark.parametrize(
    ("more", "heads"),
    [(0, []), (6, ["SIZE"]), (11, ["SIZE", "LIVE"]), (40, ["SIZE", "LIVE", "COST"])],
)
def test_a_wider_pane_counts_more(more: int, heads: list[str]) -> None:
    at = shape(shape(0).needed + more)
    assert "".join(cell.text for cell in head(at)).split() == ["LISTING", "N", "!", *heads]


def test_a_problem_is_in_full_where_there_is_room() -> None:
    wide = shape(120, *GROUPS, BROKEN)
    assert " ".join(words(BROKEN, wide)).endswith(BROKEN.problem)
    assert "x!" in words(BROKEN, shape(40, *GROUPS, BROKEN))


@pytest.mark.parametrize("width", [20, 36, 60, 120])
@pytest.mark.parametrize("name", ["a", "漢字" * 40, "x" * 255])
def test_whatever_the_names_the_line_has_the_width(width: int, name: str) -> None:
    group = replace(GROUPS[1], name=name)
    at = shape(width, group, BROKEN)
    assert cell_width("".join(cell.text for cell in line(group, at))) == width
