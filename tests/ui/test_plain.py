"""The screen without colours or styles: the text alone shows every state."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.console.pane_table import PANES
from tui.core.models.catalog import Catalog
from tui.core.sessions.catalog_changes import LastLooked
from tui.view.text import formatting

STATES = (
    "? waiting", "● running", "○ attached", "◍ orphan", "◍ unknown", "◌ quiet", "✗ failed",
    "✗ ghost", "+ untracked", "· ready", "▸ failed",
)  # fmt: skip


async def test_each_state_is_a_sign_and_a_word() -> None:
    async with console(size=(132, 150)) as here:
        rows = "\n".join(here.rows("sessions"))
        assert [state for state in STATES if state not in rows] == []
        sessions, quiet_after = here.engine.catalog.sessions, here.engine.quiet_after
        shown = {formatting.state(one, NOW, quiet_after)[0].split()[1] for one in sessions}
        assert shown <= set(rows.split())


async def test_selection_marks_news_and_urgency_are_letters_too() -> None:
    engine = FixedEngine(looks=LastLooked(NOW.replace(year=2020)))
    async with console(engine, size=(132, 60)) as here:
        before = here.rows("sessions")
        assert [row for row in before if row.startswith("│>")]
        assert [row for row in before if "•" in row]
        assert [row for row in before if "42m" in row]
        assert [row for row in before if "3h 10m s" in row]
        await here.press("j", "space")
        after = here.rows("sessions")
        assert sum("*" in row[:4] for row in after) == 1 + sum("*" in row[:4] for row in before)
        listings = here.rows("listings")
        assert [row for row in listings if "1!" in row]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_the_active_pane_is_pointed_at(number: int) -> None:
    async with console(size=(132, 43)) as here:
        await here.press(str(number))
        pointed = [row.number for row in PANES if "─▸" in here.rows(row.name)[0]]
        assert pointed == [number]


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (132, 43), (300, 80), (99, 16)])
async def test_every_size_is_filled_and_never_overflown(size: tuple[int, int]) -> None:
    async with console(size=size) as here:
        for keys in ((), ("3",), ("enter",), ("question_mark",), ("escape", "2", "e")):
            await here.press(*keys)
            assert here.misfits == []


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (20, 5), (1, 1)])
async def test_a_smaller_one_says_what_it_needs(size: tuple[int, int]) -> None:
    async with console(size=size) as here:
        (line,) = here.rows("tiny")
        assert f"needs 60x16, has {size[0]}x{size[1]}; or use `ls`".startswith(line.rstrip(" ~"))
        await here.press("d", "y", "r", "enter")
        assert here.engine.asked == []


async def test_what_a_smaller_one_found_is_acted_on_once_it_is_large_enough() -> None:
    """Fails if a session counts as seen that was found while there was no room to paint it."""

    class Held(FixedEngine):
        def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
            self.goes_on.wait(60)
            return super().look()

    async with console(Held(), size=(1, 1), waits=False) as here:
        here.engine.goes_on.set()
        await here.until(lambda: here.view.session is not None)
        assert here.view.is_seen  # keys act on nothing there, and need not wait
        await here.press("a")
        with here.unpainted():
            await here.resize(80, 24)
            assert not here.view.is_seen
        await here.press("a")
        await here.asked()
