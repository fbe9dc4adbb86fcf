"""A console starts with the view of the last one, as far as that still exists."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.console.column_table import COLUMN_NAMES
from tui.core.console.pane_table import EXPIRY, LIVE, SESSIONS
from tui.core.console.saved_view import Draft, SavedView
from tui.operations.context import ActionResult
from tui.operations.running.resume import RunPlan
from tui.ui import threads
from tui.ui.state.session_restore import SessionRestore


async def saved(at: Console, **facts: object) -> SavedView:
    """Wait until the saved view has these facts, and return it."""
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
                await at.pause(0.1)
        chosen, marks = at.listed[at.view.row], at.view.marks
        view = await saved(at, pane=4, filter="hollis", sort="ends", columns=COLUMN_NAMES)
        assert (view.selected, view.marks) == (chosen, marks)
    async with console(FixedEngine(view=view)) as at:
        board = at.view.query
        assert (board.filter, board.sort, board.columns) == ("hollis", "ends", COLUMN_NAMES)
        assert (at.listed[at.view.row], at.view.marks) == (chosen, marks)
        await at.until(lambda: at.view.reading is not None)
        await at.until(lambda: "restored: filter `hollis`, 1 marked; Esc clears" in at.message)
        await at.press("4", "F")
        await saved(at, reading=None)


async def test_a_view_that_was_read_while_the_loop_was_busy_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a slow machine it was said to take too long, and no view was saved from then on."""
    loop, begun, ahead_s = asyncio.get_running_loop(), asyncio.Queue[threading.Thread](), 0.0
    now, detached = loop.time, threads.detached
    monkeypatch.setattr(loop, "time", lambda: now() + ahead_s)
    monkeypatch.setattr(threads, "detached", lambda work: begun.put_nowait(detached(work)))
    told = list[str]()
    restore = SessionRestore(FixedEngine(view=SavedView(filter="pumps")), SavedView, told.append)
    reading = asyncio.ensure_future(restore.read())
    (await begun.get()).join()
    ahead_s = 60.0
    await reading
    assert (restore.last.filter, told) == ("pumps", [])


async def test_keys_act_on_the_marks_after_a_start_as_the_list_shows_them() -> None:
    """Also where Live had the keys, which act there on one session."""
    titles = ("First screen", "PE platforms, DACH")
    keys = [one.key for one in catalog().sessions if one.title in titles]
    view = SavedView(pane=LIVE, marks=frozenset(keys), selected=keys[0])
    async with console(FixedEngine(view=view)) as at:
        await at.press("r")
        await at.asked()
        assert {one.key for one in at.about} == set(keys)
        await at.press("escape")
        await at.answered()
        await at.press("asterisk")
        assert at.view.marks == at.view.shown


async def test_who_placed_nothing_gets_the_first_row_again() -> None:
    async with console() as at:
        await at.press("2")
        await at.pause(0.6)
        assert at.engine.view.selected is None
    async with console(FixedEngine(view=SavedView())) as at:
        assert at.view.row == 0
        assert not at.view.selection_pinned
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
        board = at.view.query
        assert (board.listing, board.filter, board.sort) == ("", "", "attention")
        assert (at.view.pane, at.view.marks) == (SESSIONS, frozenset())
        assert at.view.row == 3
        assert at.view.reading is None


async def test_what_hides_rows_hides_them_from_the_first_picture_on() -> None:
    view = SavedView(listing="hollis_park", pane=EXPIRY)
    async with console(FixedEngine(view=view)) as at:
        assert {listing for listing, _ in at.view.shown} == {"hollis_park"}
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
        assert at.typed == "and Asia"
        await saved(at, selected=one.key, drafts=(draft,))
        view = at.engine.view
    async with console(FixedEngine(view=view)) as at:
        await at.until(lambda: f"an unsent prompt for {one.session_id[:8]}: r" in at.message)
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
        await at.choose("First screen")
        await at.press("r", *"words", "ctrl+u", "escape")
        await at.answered()
        assert at.message == ""
        await at.press("r")
        await at.asked()
        assert at.typed == ""


class Failing(FixedEngine):
    """An engine that can start and send nothing: the disk is full."""

    def start(self, plan: RunPlan, prompt: str) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    def send(self, session: object, prompt: str) -> ActionResult:
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_prompt_whose_run_cannot_start_is_not_lost() -> None:
    async with console(Failing()) as at:
        one = await at.choose("First screen")
        await at.press("r", *"long thought", "enter")
        await at.until(lambda: "No space left" in at.text("bottom"))
        await at.press("escape")
        await at.answered()
        await saved(at, drafts=(Draft("resume", *one.key, "long thought"),))
        await at.press("colon", *"send hello", "enter")
        await at.until(lambda: "nothing is running here" in at.text("bottom"))
        await at.press("escape")
        await at.answered()
        at.save_view()
        assert len(at.engine.view.drafts) == 1


class Refusing(FixedEngine):
    """An engine that cannot save a view; `tried` counts the attempts."""

    tried = 0

    def write_remembered(self, view: SavedView) -> None:
        self.tried += 1
        super().write_remembered(view)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
async def test_a_disk_that_refuses_is_told_once(number: int) -> None:
    """The first view is saved at once: a test that presses a key first may be too late."""
    engine = Refusing(disk_error=OSError(number, os.strerror(number)))
    said = f"cannot be saved for the next start: {os.strerror(number)}"
    async with console(engine) as at:
        await at.until(lambda: said in at.message)
        for _ in range(2):  # by the second, what comes of the first has been said
            tried = engine.tried
            await at.press("s")
            await at.until(lambda tried=tried: engine.tried > tried)  # type: ignore[misc]
        for _ in range(5):  # seconds in which it would be told again
            at.tick()
        assert at.message == "sorted by quiet ▲; s: size, cost, listing, attention"


async def test_a_root_that_comes_later_gets_its_view_then() -> None:
    engine = FixedEngine(view=SavedView(filter="hollis", row=2))
    there = engine.catalog
    engine.catalog = replace(there, listings=(), problem="there is no folder")
    async with console(engine, waits=False) as at:
        await at.until(lambda: "there is no folder" in at.top)
        await at.pause(0.7)
        assert engine.view == SavedView(filter="hollis", row=2)
        await at.look(there)
        await at.until(lambda: "restored: filter `hollis`" in at.message)
