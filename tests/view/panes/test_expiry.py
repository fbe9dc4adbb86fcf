"""The Expiry pane: which clock ends a session, when, what is lost then, and how many end soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from tests.support.console.fixed_catalog import NOW, session
from tui.core.models.session import Session, State
from tui.view.panes import expiry
from tui.view.panes.expiry import ExpiryShape

OURS = session("hollis_park", "stage_2", "x", expires_at=NOW + timedelta(hours=3))
SWEPT = session(
    "cranbury_and_dunmore_0024", "stage_3", "y",
    expires_at=NOW + timedelta(days=12), sweep_at=NOW + timedelta(days=2, hours=1),
)  # fmt: skip
GHOST = session(
    "hollis_park", "stage_4", "z", state=State.GHOST, expires_at=NOW + timedelta(days=20)
)
ENDING = (OURS, SWEPT, GHOST)


def heads(width: int) -> list[str]:
    shape = replace(ExpiryShape.of(ENDING), width=width)
    return "".join(cell.text for cell in expiry.head(shape)).split()


def line(one: Session, width: int) -> str:
    shape = replace(ExpiryShape.of(ENDING), width=width)
    return "".join(cell.text for cell in expiry.line(one, NOW, shape, UTC))


def explained(one: Session, width: int) -> str:
    return "".join(cell.text for cell in expiry.explained(one, NOW, UTC, width)).strip()


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (24, ["ENDS", "SESSION", "ID"]),
        (30, ["ENDS", "SESSION", "ID"]),
        (44, ["ENDS", "SESSION", "ID"]),
        (56, ["ENDS", "AT", "SESSION", "ID"]),
        (70, ["ENDS", "AT", "SESSION", "ID", "CLOCK", "THEN"]),
        (80, ["ENDS", "SESSION", "ID", "EXPIRES", "SWEPT", "THEN"]),
        (110, ["ENDS", "LIFE", "SESSION", "ID", "EXPIRES", "SWEPT", "THEN", "SIZE"]),
    ],
)
def test_a_wider_pane_says_more_and_never_at_the_cost_of_a_name(
    width: int, columns: list[str]
) -> None:
    assert heads(width) == columns
    assert ("cranbury_and_dunmore_0024/3" in line(SWEPT, width)) == (width > 30)


@pytest.mark.parametrize(("width", "is_whole"), [(30, False), (44, False), (47, True), (110, True)])
def test_an_id_has_as_many_characters_as_in_messages_where_the_names_leave_room(
    width: int, is_whole: bool
) -> None:
    shown = line(SWEPT, width).partition("/3 ")[2].split()[0]
    assert shown == SWEPT.session_id[: 8 if is_whole else 4]
    assert ExpiryShape.of([SWEPT]).needed == 47


def test_a_name_that_does_not_fit_keeps_its_end_and_its_stage() -> None:
    assert "…" in line(SWEPT, 30)
    assert "24/3" in line(SWEPT, 30)


def test_clock_hour_and_loss_stand_in_the_row() -> None:
    assert " Sun 15:30 cranbury_and_dunmore_0024/3 " in line(SWEPT, 70)
    assert line(SWEPT, 70).split()[-2:] == ["sweep", "deleted"]
    assert " 17:30 " in line(OURS, 70)
    assert line(OURS, 70).split()[-3:] == ["expiry", "to", "trash"]
    assert " 10 Dec " in line(GHOST, 70)
    assert line(GHOST, 70).split()[-3:] == ["expiry", "row", "only"]


def test_what_the_selected_one_loses_is_told_in_words() -> None:
    assert explained(SWEPT, 80) == (
        "sweep 22 Nov 15:30: the CLI deletes its transcript, no undo; its row stays"
    )
    assert explained(SWEPT, 40) == "sweep 22 Nov 15:30: transcript deleted"
    assert explained(OURS, 80) == "expires 17:30; clean-up may move it to the trash"
    assert explained(GHOST, 80) == "expires 10 Dec 14:30: only its row is left"


def test_what_is_over_is_not_told_as_if_it_were_to_come_or_had_been_done() -> None:
    """`expiry 18:02: to the trash` read as if it would happen, or had happened by itself."""
    later = NOW + timedelta(days=60)

    def told(one: Session, width: int = 80) -> str:
        return "".join(cell.text for cell in expiry.explained(one, later, UTC, width)).strip()

    assert told(OURS) == "expired 20 Nov 17:30, still here: clean-up may move it to the trash"
    assert told(OURS, 44) == "expired 20 Nov 17:30, still here: clean-up"
    assert told(GHOST) == "expired 10 Dec 14:30: only its row is left"
    assert told(SWEPT).startswith("sweep due since 22 Nov 15:30: the CLI deletes its transcript")


def test_what_no_clean_up_takes_is_not_promised_to_the_trash() -> None:
    """A table's times may be read in the wrong zone: doctor said that nothing is removed there."""
    doubted = replace(OURS, is_zone_doubted=True)
    past = replace(doubted, expires_at=NOW - timedelta(hours=1))
    why = "clean-up leaves it: its time zone is uncertain: set time_zone"
    assert line(doubted, 70).split()[-2:] == line(past, 70).split()[-2:] == ["expiry", "stays"]
    assert explained(doubted, 100) == f"expires 17:30; {why}"
    assert explained(past, 100) == f"expired 13:30; {why}"
    assert explained(doubted, 44) == "expires 17:30, then stays"


def test_how_many_end_in_a_day_a_week_and_a_month() -> None:
    past = session("hollis_park", "stage_5", "w", expires_at=NOW - timedelta(days=1))
    ordered = expiry.ordered((*ENDING, past), NOW)

    def text(width: int) -> str:
        return "".join(cell.text for cell in expiry.horizon_line(ordered, NOW, width))

    assert text(24).split() == ["24h", "1", "7d", "2", "30d", "3"]
    assert text(60).split()[0::3] == ["24h", "7d", "30d"]
    bars = text(60).split()[1::3]
    assert [bar.count("█") for bar in bars] == sorted(bar.count("█") for bar in bars)
    assert bars[-1].count("░") == 0
