"""Which picture a console leaves: none of what was erased while it was on the screen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tui.core.console.picture import Rows
from tui.core.values import replace
from tui.fleet_settings import FleetSettings
from tui.settings import Settings
from tui.ui.terminal.first_picture import first_picture
from tui.ui.terminal.picture_taker import PictureTaker

AT = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)
ROWS: Rows = tuple(((letter, "1"),) * 3 for letter in "abcd")


def test_a_picture_has_neither_the_counts_nor_the_message() -> None:
    taker = PictureTaker("256")
    assert not taker.note("7:")
    taker.take(ROWS, AT)
    assert taker.picture is not None
    texts = ["".join(text for text, _ in row) for row in taker.picture.rows]
    assert texts == ["   ", "bbb", "   ", "ddd"]
    assert (taker.picture.erasure, taker.picture.drawn_for) == ("7:", "256")


def test_after_an_erasure_none_is_taken_until_what_was_erased_has_left_the_screen() -> None:
    now = [1000.0]
    taker = PictureTaker("256", lambda: now[0])
    taker.note("7:")
    taker.take(ROWS, AT)
    assert taker.is_settled
    assert taker.note("7:a")
    assert taker.picture is None
    now[0] += 1.0
    assert not taker.note("7:a")
    assert not taker.is_settled
    now[0] += 2.0
    assert taker.is_settled


def test_a_generation_that_comes_after_an_unknown_one_has_to_settle_too() -> None:
    now = [1000.0]
    taker = PictureTaker("256", lambda: now[0])
    for erasure in ("7:", "", "7:a"):
        taker.note(erasure)
        assert taker.is_settled is (erasure == "7:")
        now[0] += 3.0
    assert taker.is_settled


def test_a_root_whose_generation_is_unknown_and_a_console_that_keeps_none_take_none() -> None:
    for taker, erasure in ((PictureTaker("256"), ""), (PictureTaker(""), "7:")):
        taker.note(erasure)
        assert not taker.is_settled


def test_a_picture_that_is_not_whole_is_none() -> None:
    taker = PictureTaker("256")
    taker.note("7:")
    taker.take((*ROWS[:3], (None, ("d", "1"), ("d", "1"))), AT)
    assert taker.picture is None


def test_in_a_fleet_none_is_kept_since_a_purge_on_another_host_would_not_erase_it(
    tmp_path: Path,
) -> None:
    fleet = FleetSettings(dsn_file=tmp_path / "dsn", host="a")
    alone = Settings(root=tmp_path, cache_dir=tmp_path / "cache", first_picture=True)
    for settings, is_kept in ((alone, True), (replace(alone, fleet=fleet), False)):
        with first_picture(settings, AT) as picture:
            assert bool(picture.drawn_for) == is_kept
