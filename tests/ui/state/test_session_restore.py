"""The next console shows what the last one showed, as far as it is still there."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import replace

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console, console
from tui.core.console.pane_table import EXPIRY, SESSIONS
from tui.core.console.saved_view import Draft, SavedView
from tui.operations.context import ActionResult
from tui.operations.running.resume import RunPlan
from tui.ui.app import ConsoleApp


async def saved(at: Console, **facts: object) -> SavedView:
    """Wait until the view on disk has these facts."""
    view = at.engine
    await at.until(lambda: all(getattr(view.view, key) == value for key, value in facts.items()))
    return at.engine.view


async def test_the_view_comes_back() -> None:
    async with console() as at:
        await at.press("s", "slash", *"hollis", "enter")
        await at.answered()
        await at.press("j", "space", "colon", *"wide", "enter")
        await at.answered()
        await at.press("4")
        async with asyncio.timeout(60):
            while at.engine.view.reading is None:  # until the stream of the selection is there
                await at.press("k")
                await at.pilot.pause(0.1)
        chosen, marks = at.panes.sessions.key, at.view.marks
        view = await saved(at, pane=4, filter="hollis", sort="ends", is_wide=True)
        assert (view.selected, view.marks) == (chosen, marks)
    async with console(FixedEngine(view=view)) as at:
        board = at.screen.store.query
        assert (board.filter, board.sort, board.is_wide) == ("hollis", "ends", True)
        assert (at.view.pane, at.panes.sessions.key, at.view.marks) == (
            4,
            chosen,
            marks,
        )
        await at.until(lambda: not at.panes.live.is_following)
        await at.until(lambda: "as last time: filter `hollis`, 1 marked; Esc clears" in at.message)
        await at.press("F")
        await saved(at, reading=None)


async def test_who_placed_nothing_gets_the_first_row_again() -> None:
    async with console() as at:
        await at.press("2")
        view = at.screen.restore
        assert view is not None
        await at.pilot.pause(0.6)
        assert at.engine.view.selected is None
    async with console(FixedEngine(view=SavedView())) as at:
        assert at.panes.sessions.index == 0
        assert not at.panes.sessions.selection_pinned
        assert at.message == ""


async def test_what_is_gone_is_left_out_and_the_nearest_is_selected() -> None:
    view = SavedView(
        listing="nowhere",
        filter="<soon",
        sort="colour",
        pane=9,
        selected=("hollis_park", "gone"),
        row=3,
        marks=frozenset({("hollis_park", "gone")}),
        reading=7,
    )
    async with console(FixedEngine(view=view)) as at:
        board = at.screen.store.query
        assert (board.listing, board.filter, board.sort) == ("", "", "attention")
        assert (at.view.pane, at.view.marks) == (SESSIONS, frozenset())
        assert at.panes.sessions.index == 3
        assert at.panes.live.is_following


async def test_what_hides_rows_hides_them_from_the_first_picture_on() -> None:
    view = SavedView(listing="hollis_park", pane=EXPIRY)
    async with console(FixedEngine(view=view)) as at:
        assert {one.listing for one in at.panes.sessions.sessions.values()} == {"hollis_park"}
        assert at.view.pane == EXPIRY


async def test_an_unsent_prompt_is_there_again_after_esc_and_at_the_next_start() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        await at.press("r")
        await at.asked()
        await at.press(*"and Asia")
        draft = Draft("resume", *one.key, "and Asia")
        await saved(at, drafts=(draft,))
        await at.press("escape")
        await at.until(lambda: "not sent, draft kept: r brings it back" in at.message)
        assert at.engine.asked == []
        await at.choose("PE platforms, DACH")
        await at.choose("First screen")
        await at.press("r")
        await at.asked()
        assert at.panes.question.editor.text == "and Asia"
        await saved(at, selected=one.key, drafts=(draft,))
        view = at.engine.view
    async with console(FixedEngine(view=view)) as at:
        await at.until(lambda: f"an unsent prompt for {one.session_id[:4]}: r" in at.message)
        assert at.session.key == one.key
        await at.press("r")
        await at.asked()
        await at.press(*"!", "enter")
        await at.answered()
        assert at.engine.asked[-1][-1] == "and Asia!"
        await saved(at, drafts=())


async def test_a_prompt_that_is_emptied_is_forgotten() -> None:
    view = SavedView(drafts=(Draft("resume", "", "", "x"),))
    async with console(FixedEngine(view=view)) as at:
        one = await at.choose("First screen")
        await at.press("r", *"words", "ctrl+u", "escape")
        await at.answered()
        assert not any(draft.session_id == one.session_id for draft in at.screen.context.drafts.all)
        assert at.message == ""


class Failing(FixedEngine):
    """Starts nothing."""

    def start(self, plan: RunPlan, prompt: str) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    def send(self, session: object, prompt: str) -> ActionResult:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_prompt_whose_run_cannot_start_is_not_lost() -> None:
    async with console(Failing()) as at:
        one = await at.choose("First screen")
        await at.press("r", *"long thought", "enter")
        await at.until(lambda: "No space left" in " ".join(at.rows(at.panes.question)))
        await at.press("escape")
        await at.answered()
        assert at.screen.context.drafts.all == (Draft("resume", *one.key, "long thought"),)
        await at.press("colon", *"send hello", "enter")
        await at.until(lambda: "nothing is running here" in " ".join(at.rows(at.panes.question)))
        await at.press("escape")
        await at.answered()
        assert len(at.screen.context.drafts.all) == 1


class Refusing(FixedEngine):
    """An engine whose disk takes no view; `tried` counts how often one was written down."""

    tried = 0

    def write_remembered(self, view: SavedView) -> None:
        self.tried += 1
        super().write_remembered(view)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
async def test_a_disk_that_refuses_is_told_once(number: int) -> None:
    """The first view is written down at once: whoever waits for a key first may be too late."""
    engine = Refusing(disk_error=OSError(number, os.strerror(number)))
    said = f"cannot be saved for the next start: {os.strerror(number)}"
    async with console(engine) as at:
        await at.until(lambda: said in at.message)
        for _ in range(2):  # by the second, what comes of the first has been said
            tried = engine.tried
            await at.press("s")
            await at.until(lambda tried=tried: engine.tried > tried)  # type: ignore[misc]
        for _ in range(5):  # seconds in which it would be told again
            at.screen.news.tick()
        assert at.message == "sorted by quiet"


async def test_a_root_that_comes_later_gets_its_view_then() -> None:
    engine = FixedEngine(view=SavedView(filter="hollis", row=2))
    there = engine.catalog
    engine.catalog = replace(there, listings=(), problem="there is no folder")
    async with ConsoleApp(engine).run_test(size=(80, 24)) as pilot:
        at = Console(pilot, engine)
        await at.until(lambda: at.screen.store.catalog is not None)
        await at.pilot.pause(0.7)
        assert engine.view == SavedView(filter="hollis", row=2)
        engine.catalog = there
        at.screen.looking.wake()
        await at.until(lambda: "as last time: filter `hollis`" in at.message)
