"""The console over the fixed catalog, driven by keys and read by what is painted.

`console()` starts it, without a terminal. Tests press keys, and look at what is painted or at the
view, a frozen value; they reach into no widget.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot

from tests.make_screenshots import settled
from tests.support.console.fixed_engine import FixedEngine
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.ui import app as app_module
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.app import ConsoleApp
from tui.ui.engine.engine import Engine
from tui.ui.screen import ConsoleScreen
from tui.ui.state import session_restore
from tui.ui.state.view_state import ViewState
from tui.ui.terminal.key_sequences import parsed
from tui.ui.terminal.keyboard import TypedAhead
from tui.ui.widgets.pane import Pane

_CEILING_S = 60.0
_SECOND_S = 1.0
_ANSWERS = ("y", "enter")
_ROUNDS = 4  # a key goes to the app, its screen and a widget, whose message comes back
_BOTTOM = "question"


class HeadlessApp(ConsoleApp):
    """The console's app, which counts its bells."""

    CSS_PATH = str(Path(app_module.__file__).with_name("console.tcss"))
    bells = 0

    def bell(self) -> None:
        self.bells += 1


class Console:
    """A running console, and what a test does with it and reads of it.

    `engine` is the fake below it: `engine.asked` records what it was asked to do.
    """

    def __init__(self, app: HeadlessApp, pilot: Pilot[str], engine: FixedEngine) -> None:
        self.engine = engine
        self._app = app
        self._pilot = pilot
        screen = app.screen
        assert isinstance(screen, ConsoleScreen)
        self._screen = screen
        screen.clock.pause()
        self._panes = screen.panes

    # Keys, time and size ---------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        """Press keys, each once all is done that others caused, `y` and Enter as a person does.

        These answer what is asked, so they wait until it is shown.
        """
        question = self._panes.question
        for key in keys:
            if key in _ANSWERS and not self.view.is_tiny:
                await self.until(lambda: question.is_shown or not question.is_open)
            await self.burst(key)

    async def burst(self, *keys: str, pauses: int = _ROUNDS) -> None:
        """Press keys at once: nothing is painted between them; then pause, each time for a turn.

        What the first acts on is painted before. The pilot's own way waits for an idle process, a
        tenth of a second a key. For what a thread brings: `until`, `asked`, `answered`.
        """
        app = self._app
        await self.until(lambda: self.view.is_seen or app._batch_count > 0 or not app.is_running)
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            character = key if len(key) == 1 else key_to_character(name)
            self._app.post_message(events.Key(name, character))
        for _ in range(pauses):
            await self._pilot.pause(0)

    @contextmanager
    def unpainted(self) -> Iterator[Callable[[], None]]:
        """Paint nothing meanwhile; what it gives sends a frame without a change."""
        with self._app.batch_update():
            yield self._app.repaint_nothing

    async def ahead(self, *bursts: str) -> None:
        """Type bursts at once, each faster than a person types."""
        for text in bursts:
            keys = [one for one in parsed(text) if isinstance(one, events.Key)]
            self._app.post_message(TypedAhead(text, keys))
        for _ in range(_ROUNDS):
            await self._pilot.pause(0)

    async def paste(self, text: str) -> None:
        """Paste text, as a terminal does."""
        self._app.post_message(events.Paste(text))
        for _ in range(_ROUNDS):
            await self._pilot.pause(0)

    async def enter(self, line: str) -> None:
        """Open the `:` line, paste a line into it, and press Enter."""
        await self.press("colon")
        await self.asked()
        await self.paste(line)
        await self.press("enter")

    async def click(self, part: str, x: int, y: int, *, times: int = 1) -> None:
        """Click on a cell of a part of the screen, as a terminal tells it."""
        left, top = self._pane(part).region.offset
        at = (left + x, top + y)
        for kind in (events.MouseDown, events.MouseUp) * times:
            self._app.post_message(kind(None, *at, 0, 0, 1, False, False, False, *at))
        for _ in range(_ROUNDS):
            await self._pilot.pause(0)

    async def wheel(self, part: str, rows: int) -> None:
        """Turn the wheel over the middle of a part by so many steps; downwards if positive."""
        x, y = self._pane(part).region.center
        kind = events.MouseScrollDown if rows > 0 else events.MouseScrollUp
        for _ in range(abs(rows)):
            at = (int(x), int(y))
            self._app.post_message(kind(None, *at, 0, 0, 0, False, False, False, *at))
        for _ in range(_ROUNDS):
            await self._pilot.pause(0)

    async def resize(self, width: int, height: int) -> None:
        """Give the terminal another size, in cells."""
        await self._pilot.resize_terminal(width, height)
        await self._pilot.pause()

    async def pause(self, seconds: float = 0.0) -> None:
        """Let the console run for a while; prefer `until`, which waits for a state."""
        await self._pilot.pause(seconds)

    def tick(self, **passed: float) -> None:
        """Let time pass, as `timedelta` takes it (a second without), and do what a second does."""
        self.engine.moment += timedelta(**(passed or {"seconds": 1}))
        self._screen.second()

    async def look(self, catalog: Catalog | None = None) -> None:
        """Let the console look at the root now, where it finds `catalog`; return once it shows it.

        What that changes is laid out by then, too.
        """
        if catalog is not None:
            self.engine.catalog = catalog
        self._screen.looking.wake()
        store = self._screen.store
        await self.until(lambda: store.catalog is self.engine.catalog or store.trouble != "")
        for _ in range(_ROUNDS):
            await self._pilot.pause(0)

    async def choose(self, title: str) -> Session:
        """Select the session of that title in Sessions."""
        session = next(one for one in self.engine.catalog.sessions if one.title == title)
        return await self.choose_session(session.session_id)

    async def choose_session(self, session_id: str) -> Session:
        """Select a session in Sessions."""
        key = next(key for key in self.listed if key[1] == session_id)
        assert self._panes.sessions.select(key)
        await self._pilot.pause()
        assert self.view.session is not None
        return self.view.session

    async def choose_listing(self, name: str) -> None:
        """Go to the Listings pane, and select the listing of that name."""
        await self.press("1")
        assert self._panes.listings.select(("listing", name))
        await self._pilot.pause()

    def say(self, text: str, style: str = "") -> None:
        """Put a message there, so that a test sees what comes in its place."""
        self._panes.question.say(text, style)

    def greyed(self, row: int) -> str:
        """Return what is greyed in a row of the message and its keys."""
        cells = self._panes.question.body_line(row)
        return "".join(cell.text for cell in cells if cell.style == "muted").strip()

    def tell(self, text: str) -> None:
        """Tell of something that nobody here did, such as a colleague's act."""
        self._screen.news.tell(text)

    def tell_first(self, text: str) -> None:
        """Tell of something that is to be known at once."""
        self._screen.news.tell_first(text)

    # Waiting ---------------------------------------------------------------------------------

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a state; fails after a minute.

        The screen does its work of each second here and in `tick`, and at no other time. The
        console's clock, `engine.moment`, stands still except in `tick`.
        """
        began = second = time.monotonic()
        while not is_so():
            now = time.monotonic()
            if now >= began + _CEILING_S:
                raise AssertionError(f"never came; the message is {self.message!r}")
            if now >= second + _SECOND_S:
                second = now
                self._screen.loops.guard("the clock", self._screen.second)
            await self._pilot.pause(0.01)

    async def asked(self) -> None:
        """Wait until a question is there, painted, with its page if it has one."""
        question = self._panes.question
        await self.until(lambda: question.is_shown or (self.is_asking and self.view.is_tiny))

    async def asked_or_over(self) -> bool:
        """Wait until what a key began asks, painted, or is over; return whether it asks."""
        question = self._panes.question
        await self.until(lambda: question.is_shown or not self.view.is_question_open)
        return self.view.is_question_open

    async def answered(self) -> None:
        """Wait until no question is open."""
        await self.until(lambda: not self.view.is_question_open)

    # What is painted -------------------------------------------------------------------------

    def rows(self, part: str = "") -> list[str]:
        """Return the painted rows of the screen, or of a part of it; none while that is hidden.

        The parts are `top`, the panes by their names (`listings`, `sessions`, `expiry`, `live`),
        `page` (over the panes), `bottom` (message, question and keys) and `tiny`.
        """
        strips = self._screen._compositor.render_strips()
        rows = ["".join(segment.text for segment in strip) for strip in strips]
        if not part:
            return rows
        where = self._pane(part).region
        return [row[where.x : where.right] for row in rows[where.y : where.bottom]]

    def text(self, part: str = "") -> str:
        """Return the painted rows as one line, with single blanks between the words."""
        return " ".join(" ".join(self.rows(part)).split())

    @property
    def top(self) -> str:
        """The top line."""
        return self.rows("top")[0].rstrip()

    @property
    def page(self) -> str:
        """All lines of the page that is open, also those out of sight; empty without a page."""
        page = self._panes.page
        if not page.is_open:
            return ""
        return "\n".join("".join(cell.text for cell in line) for line in page.lines)

    @property
    def page_rows(self) -> list[str]:
        """The lines of the page that are painted, without its rule."""
        page = self._panes.page
        painted = [row[1:].rstrip() for row in self.rows("page")[1:]]
        return painted[: len(page.lines) - page.top]

    @property
    def pages(self) -> tuple[int, int]:
        """The number of the page in sight, and how many there are."""
        return self._panes.page.pages

    @property
    def is_page_read(self) -> bool:
        """Whether every line of a page beside a question has been painted."""
        return self._panes.page.is_all_seen

    def screenshot(self) -> str:
        """Return the screen as an SVG."""
        return self._app.export_screenshot()

    @property
    def misfits(self) -> list[str]:
        """The rows that a pane draws wider or narrower than it is."""
        return [
            strip.text
            for pane in self._screen.query(Pane)
            for strip in map(pane.render_line, range(pane.size.height))
            if strip.cell_length != pane.size.width
        ]

    def _pane(self, part: str) -> Pane:
        return self._screen.query_one(f"#{_BOTTOM if part == 'bottom' else part}", Pane)

    # The message line ------------------------------------------------------------------------

    @property
    def message(self) -> str:
        """What the message line says in full, or what a question asks."""
        return self._panes.question.message.text

    @property
    def style(self) -> str:
        """The style of the message: `bad` for an error."""
        return self._panes.question.message.style

    @property
    def questions(self) -> int:
        """How many questions were asked so far."""
        return self._panes.question.asked

    @property
    def is_asking(self) -> bool:
        """Whether a question takes an answer; before that it may be open and still awaited."""
        return self._panes.question.is_asking

    @property
    def typed(self) -> str:
        """What is in the line that is open."""
        return self._panes.question.editor.text

    @property
    def about(self) -> tuple[Session, ...]:
        """The sessions that the open question is about."""
        return self._screen.context.about

    # What is chosen and done -----------------------------------------------------------------

    @property
    def view(self) -> ViewState:
        """What is chosen, selected, marked and in sight."""
        return self._screen.view

    @property
    def targets(self) -> KeyTargets:
        """What keys act on now."""
        return self._screen.targets()

    @property
    def session(self) -> Session:
        """The session that keys act on."""
        session = self.targets.selected
        assert session is not None
        return session

    @property
    def listed(self) -> tuple[Key, ...]:
        """The keys of all rows in Sessions, from the first; a group of failures is one row."""
        return self._panes.sessions.keys

    @property
    def entries(self) -> int:
        """How many entries of the stream are in memory."""
        return self._panes.live.count

    async def command(self) -> str:
        """Press `Y`, and return the command that it copies."""
        self.say("")
        await self.press("Y")
        await self.until(lambda: self.message.startswith("sent to"))
        if self.view.is_page_open:
            await self.press("q")
        return self.clipboard

    @property
    def clipboard(self) -> str:
        """What was copied last."""
        return self._app.clipboard

    @property
    def bells(self) -> int:
        """How often the terminal's bell rang."""
        return self._app.bells

    @property
    def exit_code(self) -> int | None:
        """What the console ended with; `None` while it runs."""
        return self._app.return_code

    def save_view(self) -> None:
        """Save the view as the console does when it ends."""
        self._screen.restore.save()


@asynccontextmanager
async def console(
    engine: FixedEngine | None = None, size: tuple[int, int] = (80, 24), *, waits: bool = True
) -> AsyncIterator[Console]:
    """Start a console over an engine; without `waits` before it has read anything."""
    engine = engine or FixedEngine()
    async with console_over(engine, size, waits=waits) as at:
        at.engine = engine
        yield at


@asynccontextmanager
async def console_over(
    engine: Engine, size: tuple[int, int] = (80, 24), *, waits: bool = True
) -> AsyncIterator[Console]:
    """Start a console over any engine, such as the real one; the console's `engine` is unused."""
    app = HeadlessApp(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_restore, "READ_WITHIN_S", _CEILING_S)
        async with app.run_test(size=size) as pilot:
            at = Console(app, pilot, FixedEngine())
            if waits:
                await settled(pilot)
            yield at
