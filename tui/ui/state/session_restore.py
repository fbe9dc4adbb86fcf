"""The view of the last time: shown again at the start, and written down whenever it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tui.core.errors import ConsoleError, UsageError
from tui.core.keymap import Keymap
from tui.core.models.catalog import Catalog
from tui.core.saved_view import Draft, SavedView
from tui.core.session_filter import parse_filter
from tui.core.text.safe_text import one_line
from tui.ui.port import Engine
from tui.ui.state.drafts import again
from tui.ui.threads import in_background
from tui.view.panes.sessions import SORTS
from tui.view.text import formatting

if TYPE_CHECKING:
    from tui.ui.picture import PictureScreen

SAVE_EACH = 0.5
_PATIENCE = 1.0


class SessionRestore:
    """Remembers for one screen; a disk that is slow or refuses costs the memory, and one word.

    What could not be read is not written over: unsent prompts may be in it.
    """

    def __init__(self, engine: Engine, tell_once: Callable[[str], None]) -> None:
        self._engine = engine
        self._tell_once = tell_once
        self._last = SavedView()
        self._saved: SavedView | None = None
        self._reading: int | None = None
        self._is_read = True

    async def begin(self, screen: PictureScreen) -> None:
        """Put on the screen what needs no catalog; done before the first one is looked at."""
        try:
            reading = in_background(self._engine.read_remembered)
            self._last = await asyncio.wait_for(reading, _PATIENCE)
        except (TimeoutError, OSError) as error:
            self._is_read = False
            why = error.strerror or "that took too long"
            self._tell_once(f"the last view cannot be read, and is left as it is: {why}")
        last = self._last
        screen.board = replace(
            screen.board,
            listing=last.listing,
            filter=last.filter if _is_filter(last.filter) else "",
            sort=last.sort if last.sort in SORTS else screen.board.sort,
            is_wide=last.is_wide,
            opened=last.opened,
        )
        screen.pane = last.pane if 1 <= last.pane <= 4 else screen.pane
        screen.desk.drafts.restore(last.drafts)
        screen.fit()

    def come_back(self, screen: PictureScreen, catalog: Catalog) -> None:
        """Put on the screen what the first catalog still has of it, and say what hides rows."""
        last, board = self._last, screen.board
        there = {one.key for one in catalog.sessions}
        if board.listing and catalog.listing(board.listing) is None:
            screen.board = board = replace(board, listing="")
        screen.marks = last.marks & there
        screen.tick()
        if last.selected is not None and not screen.sessions.select(last.selected):
            screen.sessions.move_to(last.row)
        if screen.sessions.key == last.selected and last.selected is not None:
            self._reading = last.reading
        for line in _told(screen, self._engine.keys, catalog):
            screen.news.tell(line)
        self._saved = last if self._is_read else None

    async def read_on(self, screen: PictureScreen) -> None:
        """Go to where the selected stream was read, once there is something of it."""
        place, self._reading = self._reading, None
        if place is not None:
            with suppress(ConsoleError, OSError):
                await screen.reading.return_to(place)

    @property
    def is_away(self) -> bool:
        """Whether the stream is still to be put where it was read."""
        return self._reading is not None

    async def run(self, screen: PictureScreen) -> None:
        """Write the view down soon after each change, for ever."""
        while True:
            await asyncio.sleep(SAVE_EACH)
            view = taken(screen)
            if self._saved is not None and view != self._saved:
                self._saved = view
                if refused := await in_background(partial(self._write, view)):
                    self._tell_once(f"this view cannot be kept for the next start: {refused}")

    def save(self, screen: PictureScreen) -> None:
        """Write the view down now, if it changed."""
        view = taken(screen)
        if self._saved is not None and view != self._saved:
            self._saved = view
            self._write(view)

    def _write(self, view: SavedView) -> str:
        """Write a view down; return why that cannot be, in words, or nothing."""
        try:
            self._engine.write_remembered(view)
        except OSError as error:
            return error.strerror or str(error)
        return ""


def taken(screen: PictureScreen) -> SavedView:
    """Return the view that a screen shows."""
    board, table, live = screen.board, screen.sessions, screen.live
    return SavedView(
        board.listing,
        board.filter,
        board.sort,
        board.is_wide,
        board.opened,
        screen.pane,
        table.key if table.is_placed else None,
        table.index,
        screen.marks,
        None if live.is_following else max(0, live.place),
        screen.desk.drafts.all,
    )


def _is_filter(text: str) -> bool:
    try:
        parse_filter(text)
    except UsageError:
        return False
    return True


def _told(screen: PictureScreen, keys: Keymap, catalog: Catalog) -> Iterator[str]:
    """Yield what of the last time an operator must know of not to be misled."""
    board = screen.board
    facts = [f"filter `{board.filter}`"] if board.filter else []
    facts += [f"listing {board.listing}"] if board.listing else []
    facts += [f"{len(screen.marks)} marked"] if screen.marks else []
    if facts:
        yield f"as last time: {', '.join(facts)}; {keys.sign('back')} clears"
    ids = {one.session_id for one in catalog.sessions}
    drafts = [one for one in screen.desk.drafts.all if _can_be_sent(one, ids)]
    if len(drafts) == 1:
        way = again(drafts[0].question, keys)
        yield f"an unsent prompt{_whose(drafts[0])}: {way} brings it back"
    elif drafts:
        named = ", ".join(formatting.short_id(one.session_id)[:4] or one.question for one in drafts)
        yield f"{len(drafts)} unsent prompts ({named}): they are there when you ask again"


def _can_be_sent(draft: Draft, ids: set[str]) -> bool:
    return draft.question == "new" or not draft.session_id or draft.session_id in ids


def _whose(draft: Draft) -> str:
    if draft.question == "new":
        return f" for a new session in {one_line(draft.listing)}"
    return f" for {formatting.short_id(draft.session_id)[:4]}" if draft.session_id else ""
