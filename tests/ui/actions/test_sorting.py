"""Sessions is sorted by a column, with its direction at the column's head."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.console.saved_view import SavedView
from tui.view.panes import sessions
from tui.view.panes.session_layout import ListShape


def sizes(at: Console) -> list[int]:
    """Return the sizes of the sessions in their order, in bytes."""
    there = {one.key: one.bytes for one in at.engine.catalog.sessions}
    return [there[key] for key in at.listed]


def head(at: Console) -> str:
    return next(row for row in at.rows("sessions") if "STATE" in row)


async def test_the_arrow_stands_at_the_head_and_a_key_turns_it() -> None:
    async with console() as at:
        assert "▲" not in head(at)
        await at.press("s")
        assert "▲ENDS" in head(at)
        await at.press("s", "s")
        assert "▼SIZE" in head(at)
        assert "▲" not in head(at)
        known = [size for size in sizes(at) if size]
        assert known == sorted(known, reverse=True)
        await at.press("o")
        assert "▲SIZE" in head(at)
        assert at.message == "sorted by size ▲; s: cost, listing, attention"
        known = [size for size in sizes(at) if size]
        assert known == sorted(known)
        assert 0 not in sizes(at)[: len(known)]
        await at.press("s")
        assert at.message == "sorted by cost ▼; s: listing, attention"


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_names_stay_over_what_is_in_their_columns(width: int) -> None:
    """Fails if the arrow moves a heading, such as QUIET, that fills its column."""
    async with console(size=(width, 36)) as at:
        before = head(at)
        for sort, name in (("quiet", "QUIET"), ("stage", "ST"), ("listing", "LISTING")):
            await at.enter(f"sort {sort}")
            await at.answered()
            arrowed = head(at)
            assert len(arrowed) == len(before)
            if f"▲{name}" in arrowed:
                assert f" {name} " not in arrowed
                assert arrowed.index(name) == before.index(name)
            else:  # what is out of sight has taken its place
                assert f"by {sort} ▲" in arrowed
        assert not at.misfits


async def test_the_attention_order_has_one_direction_and_says_so() -> None:
    async with console() as at:
        listed = at.listed
        await at.press("o")
        assert at.message == "the order by attention has one direction: s sorts"
        assert at.listed == listed


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_escape_goes_back_to_the_order_by_attention_after_what_hides_rows(
    size: tuple[int, int],
) -> None:
    async with console(size=size) as at:
        listed = at.listed
        await at.enter("sort cost")
        await at.answered()
        assert at.message == "sorted by cost ▼; s: listing, attention"
        assert ("Esc unsorts" in at.text("sessions")) == (size[0] > 80)  # its room is all taken
        await at.press("asterisk")
        assert "Esc unsorts" not in at.text("sessions")
        await at.press("escape")
        assert (at.view.marks, at.view.query.sort) == (frozenset(), "cost")
        await at.press("escape")
        assert (at.view.query.sort, at.listed) == ("attention", listed)
        assert at.message == "sorted by attention"
        assert "unsorts" not in at.text("sessions")


async def test_the_end_of_the_cycle_is_the_order_by_attention() -> None:
    async with console() as at:
        await at.enter("sort title")
        await at.answered()
        assert at.message == "sorted by title ▲; s: attention"
        await at.press("s")
        assert at.message == "sorted by attention"


async def test_a_column_is_named_at_the_line_with_tab() -> None:
    async with console() as at:
        await at.press("colon")
        await at.asked()
        await at.press(*"sort cos", "tab", "a", "tab", "enter")
        await at.answered()
        assert (at.view.query.sort, at.view.query.is_reversed) == ("cost", True)
        await at.enter("sort cots")
        await at.until(lambda: "did you mean 'cost'" in at.text("bottom"))


async def test_where_its_column_is_not_shown_the_order_stands_in_the_heading() -> None:
    async with console(size=(80, 24)) as at:
        await at.enter("sort cost")
        await at.answered()
        assert "by cost ▼" in head(at)
        await at.resize(120, 36)
        assert "▼COST" in head(at)
        assert not any("by cost" in row for row in at.rows("sessions"))


async def test_the_direction_is_kept_for_the_next_start() -> None:
    engine = FixedEngine()
    async with console(engine) as at:
        await at.press("s", "o")
        listed = at.listed
        at.save_view()
    assert (engine.view.sort, engine.view.is_reversed) == ("ends", True)
    async with console(engine) as at:
        assert "▼ENDS" in head(at)
        assert at.listed == listed


async def test_in_ascii_the_arrow_is_a_letter_and_a_caret() -> None:
    async with console(FixedEngine(is_ascii=True, view=SavedView(sort="size"))) as at:
        assert "vSIZE" in head(at)
        await at.press("o")
        assert "^SIZE" in head(at)


def test_the_column_under_a_cell_of_the_head_is_found() -> None:
    shape = ListShape(80)
    line = "".join(cell.text for cell in sessions.head(shape))
    for name, heading in (("ends", "ENDS"), ("state", "STATE"), ("size", "SIZE")):
        assert sessions.column_at(shape, line.index(heading)) == name
    assert sessions.column_at(shape, 0) == ""
    assert sessions.column_at(shape, 500) == ""
