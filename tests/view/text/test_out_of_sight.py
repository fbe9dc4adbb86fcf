"""A heading tells of everybody out of sight who is needed, in as many words as fit."""

from __future__ import annotations

import pytest

from tui.core.sessions.attention import Need
from tui.core.text.safe_text import cell_width
from tui.view.text.out_of_sight import NO_MARGIN, Margin, OutOfSight

ABOVE = OutOfSight(3, {Need.ANSWER: 1})
BELOW = OutOfSight(460, {Need.FAILED: 2, Need.QUIET: 1})
BOTH = Margin(above=ABOVE, below=BELOW, moved=3, key="O")


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (80, "↑ 3 more, 1 waiting  ↓ 460 more, 2 failed, 1 quiet  3 moved (O)  500"),
        (60, "↑ 1 waiting  ↓ 2 failed, 1 quiet  3 moved (O)  500"),
        (47, "↑1 waiting  ↓2 failed +1  3 moved (O)  500"),
        (38, "↑1 waiting  ↓2 failed +1  3 moved  500"),
        (24, "↑1!  ↓3!  3 moved  500"),
        (14, "↑1!  ↓3!  500"),
        (8, "↑1!  ↓3!"),
    ],
)
def test_the_longest_form_that_fits_is_taken(room: int, said: str) -> None:
    assert BOTH.heading("500", room) == said


@pytest.mark.parametrize("room", range(80))
def test_nothing_is_wider_than_its_room_and_the_needed_are_told_first(room: int) -> None:
    said = BOTH.heading("/a filter of many words  500", room)
    assert cell_width(said) <= room
    if room >= 8:
        assert "↑" in said
        assert "↓" in said


def test_rows_out_of_sight_that_need_nobody_are_not_worth_a_word() -> None:
    margin = Margin(above=OutOfSight(3), below=OutOfSight(460))
    assert margin.heading("500", 80) == NO_MARGIN.heading("500", 80) == "500"
    assert not margin.needs


@pytest.mark.parametrize("margin", [NO_MARGIN, BOTH])
@pytest.mark.parametrize("room", [40, 60])
def test_a_long_filter_gives_way_and_not_the_count_that_it_leaves(
    margin: Margin, room: int
) -> None:
    said = margin.heading("6 marked  /tamara or stage:3 or failed or quiet>1h or waiting  12", room)
    assert len(said) <= room
    assert "6 marked  /t" in said
    assert said.endswith("~  12")
