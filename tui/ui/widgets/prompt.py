"""The two lines at the bottom: a message over the keys, or a question over its answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from textual import events

from tui.core.explanation import Explanation
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.ui.leaving import Cancelled, LeftRunning, StoppedWaiting
from tui.ui.terminal.keyboard import TypedAhead
from tui.ui.terminal.link import LinkApp
from tui.ui.terminal.seen import PASTED, TOO_EARLY, SeenPicture
from tui.ui.widgets.line_editor import LONGEST, MOST_ROWS, NEW_LINE, LineEditor
from tui.ui.widgets.message_bar import LEAST_ROWS, MessageBar
from tui.ui.widgets.pane import PaneSettings
from tui.view.text.lines import Cell, Line

T = TypeVar("T")
Preview = Callable[[str], Cell]
Complete = Callable[[str], str]
WhyNot = Callable[[str], str]
Turns = Mapping[str, Callable[[], object]]
Typed = Callable[[str], object]
_NO_TURNS: Turns = {}
_SAY_EACH = 0.4


class PromptBar(MessageBar):
    """Shows messages, and asks one question at a time, which then gets every key.

    `hold` takes the keyboard before the question is known, so that keys typed ahead reach the
    question and never a command.
    """

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.editor = LineEditor()
        self._is_held = self._must_be_shown = self._lacks_a_line = False
        self._typed: deque[events.Key | events.Paste] = deque()
        self._answer: asyncio.Future[str] | None = None
        self._choices: dict[str, str] = {}
        self._words: dict[str, str] = {}
        self._why_not: WhyNot = lambda key: ""
        self._turns: Turns = {}
        self._preview: Preview | None = None
        self._previewed: Cell | None = None
        self._complete: Complete | None = None
        self._on_typed: Typed | None = None
        self._last_line = ""
        self._placeholder = ""
        self._warns: Sequence[Explanation] = ()
        self._refusal = self._why_one_line = ""
        self._rows = LEAST_ROWS
        self.seen = SeenPicture()
        self._gave_up: asyncio.Event | None = None
        self._leaves = self.gone = ""
        self.asked = 0  # questions so far

    @property
    def is_open(self) -> bool:
        """Whether keys go here and nowhere else."""
        return self._is_held

    @property
    def is_asking(self) -> bool:
        """Whether the question is there, not only expected."""
        return self._answer is not None

    @property
    def is_shown(self) -> bool:
        """Whether the question has reached the screen, so that a key can be an answer to it."""
        return self._answer is not None and self.seen.is_seen

    @property
    def was_choice(self) -> bool:
        """Whether the last question since `hold` took one key, so that `q` left it."""
        return bool(self._choices)

    def hold(self) -> None:
        """Take the keyboard."""
        self._is_held, self._choices = True, {}
        self._typed.clear()
        self.redraw()

    def release(self, *, drops_typed: bool = False) -> None:
        """Give the keyboard back, with what was typed past the answer.

        Where no answer was taken those keys are dropped: they were meant for a line.
        """
        self._is_held = False
        typed = [] if drops_typed else [one for one in self._typed if isinstance(one, events.Key)]
        self._typed.clear()
        if isinstance(self.app, LinkApp):
            self.app.type_first(typed)
        self.say_what_waited()
        self.redraw()

    def drop_typed(self, key: str) -> int:
        """Drop the presses of a key that wait; return how many."""
        before = len(self._typed)
        self._typed = deque(
            one
            for one in self._typed
            if not (isinstance(one, events.Key) and key in (one.key, one.character))
        )
        return before - len(self._typed)

    async def choose(
        self,
        asks: str,
        choices: dict[str, str],
        *,
        default: str = "",
        why_not: WhyNot = lambda key: "",
        turns: Turns = _NO_TURNS,
        refused: str = "",
    ) -> str:
        """Return the key of `choices` that was pressed; Enter is `default`. Raises `Cancelled`.

        A key for which `why_not` returns a reason is greyed, and shows it. The keys of `turns` turn
        pages. A key that was pressed before the question was shown answers nothing.
        """
        self._choices = {key: key for key in choices} | ({"enter": default} if default else {})
        self._words, self._why_not, self._turns = choices, why_not, turns
        self._refusal = one_line(refused)
        if turns:
            self._typed.clear()
        return await self._ask(asks, must_be_shown=True)

    async def confirm(self, asks: str) -> bool:
        """Ask yes or no; anything but `y` is no. Raises `Cancelled` on Esc."""
        return await self.choose(asks, {"y": "yes", "n": "no"}, default="n") == "y"

    async def ask(
        self,
        asks: str,
        *,
        placeholder: str = "",
        text: str = "",
        preview: Preview | None = None,
        complete: Complete | None = None,
        typed: Typed | None = None,
        warns: Sequence[Explanation] = (),
        refused: str = "",
        turns: Turns = _NO_TURNS,
        must_be_shown: bool = False,
        has_lines: bool = False,
        why_one_line: str = "one line here",
    ) -> str:
        """Ask for a line of text; `preview` says what the line so far would do.

        With `has_lines` Alt+Enter begins another line, and pasted lines are kept; without, it is
        told `why_one_line`, and the next Enter only repeats that: words that were to stand apart
        are not taken as one line unseen.

        `complete` extends the line on Tab; `typed` is called with the line each time it changed.
        Why the last answer was `refused` stays in full until a key is pressed. `turns` are as for
        `choose`; with them, or if it `must_be_shown`, all of the question stands there, what it
        `warns` of below it, and Enter before that answers nothing. Raises `Cancelled` on Esc.
        """
        self._choices, self._turns = {}, turns
        if turns:
            self._typed.clear()
        self._refusal = one_line(refused)
        self.editor = LineEditor(text, has_lines=has_lines)
        self._why_one_line, self._lacks_a_line = why_one_line, False
        self._preview = preview
        self._complete = complete
        self._on_typed, self._last_line = typed, text
        self._placeholder = placeholder
        self._warns = warns
        return await self._ask(asks, must_be_shown=must_be_shown or bool(turns))

    async def wait_for(
        self,
        work: Awaitable[T],
        says: Callable[[], str],
        later: Callable[[asyncio.Future[T]], None],
        leaves: str = "continue in background",
    ) -> T:
        """Return the result of `work`; what it `says` is shown once it takes long.

        Raises `LeftRunning` on Esc, and calls `later` when the work is done. `leaves` says what
        Esc does.
        """
        task, self._gave_up = asyncio.ensure_future(work), asyncio.Event()
        leaving = asyncio.create_task(self._gave_up.wait())
        self._leaves = leaves
        self.redraw()
        try:
            while not task.done() and not leaving.done():
                either = {task, leaving}
                await asyncio.wait(either, timeout=_SAY_EACH, return_when=asyncio.FIRST_COMPLETED)
                if not task.done() and not leaving.done():
                    self.say_progress(f"{says()}...")
        finally:
            leaving.cancel()
            self._gave_up = None
            self.redraw()
        if task.done():
            return task.result()
        task.add_done_callback(lambda done: None if done.cancelled() else later(done))
        raise LeftRunning(f"{says()}: continues in background", task)

    async def _ask(self, asks: str, *, must_be_shown: bool) -> str:
        self.seen.change(TOO_EARLY)
        self._must_be_shown = must_be_shown
        self._put(asks, "strong")
        self.is_whole = False
        self.asked += 1
        self._answer = asyncio.get_running_loop().create_future()
        while self._typed and not self._answer.done():
            self._take(self._typed.popleft())
        self._tell_typed()
        self.redraw()
        try:
            answer = await self._answer
            if self.gone:
                raise StoppedWaiting(f"{self.gone}: nothing was done")
            return answer
        except Cancelled as error:
            error.line = None if self._choices else self.editor.text
            raise
        finally:
            self._answer = self._preview = self._on_typed = None
            self._put("")
            self._refusal = ""
            self.redraw()

    def redraw(self) -> int:
        """Repaint what differs, in as many rows as text that must be read in full needs."""
        self._previewed = self._preview(self.editor.text) if self._preview else None
        rows = max(1, len(self._in_full())) + self._answer_rows
        if rows != self._rows:
            self._rows = self.styles.height = rows
        cells = super().redraw()
        is_awaited = self._answer is not None and not self.seen.is_seen
        if is_awaited and not cells and isinstance(self.app, LinkApp):
            self.app.call_later(self.app.repaint_nothing)  # it looks as before
        return cells

    @property
    def _answer_rows(self) -> int:
        """How many rows the answer takes, or the line of keys."""
        if self._answer is None or self._choices or self.gone:
            return 1
        return min(self.editor.count, max(1, min(MOST_ROWS, self.app.size.height // 4)))

    def painted(self) -> Callable[[], object] | None:
        """Return what to call once the question, as it is painted now, was shown."""
        is_awaited = self._answer is not None and not self.seen.is_seen and self.region.area
        rows = range(self.size.height)
        is_painted = is_awaited and all(self._drawn.get(y) == self.line_at(y) for y in rows)
        return self.seen.when_seen() if is_painted else None

    def _in_full(self) -> list[Cell]:
        """Return the rows of text that must be read in full; none if there is none."""
        if self._refusal:
            return self._rows_of(Cell(self._refusal, "bad"))
        is_asking = self._answer is not None and not self.gone
        if (is_asking and self._choices) or (self.is_whole and not self._is_held):
            return self._rows_of(self.message)
        asks = self._asks() if is_asking and self._must_be_shown else ()
        return [] if self._fits(asks) and not self._warns else self._rows_of(*asks)

    def _asks(self) -> Line:
        """Return the question, what its answer would do, and what warns of it."""
        count = f"  {self.editor.count} lines" if self.editor.count > 1 else ""
        asks = replace(self.message, text=f"{self.message.text}{count}")
        warns = (Cell(f"! {one}", "noticed") for one in self._warns)
        return (asks, *filter(None, [self._previewed]), *warns)

    def has_keys_at(self, y: int) -> bool:
        """Whether the line at `y` is that of the keys."""
        return y == self.size.height - 1 and self.body_line(y) is self.keys

    def body_line(self, y: int) -> Line:
        whole = self._in_full()
        if y < len(whole):
            return (Cell(" "), whole[y])
        if whole:
            y -= len(whole) - 1
        if y == 0:
            return self._message_line()
        if self._answer is None:
            return self._held_line() if self._is_held else self.keys
        if self.gone:
            return (Cell(" "), Cell("Esc", "key"), Cell(" back"))
        return self._choices_line() if self._choices else self._input_line(y - 1)

    def _choices_line(self) -> Line:
        line: list[Cell] = [Cell(" ")]
        for key, word in self._words.items():
            off = "muted" if self._why_not(key) else ""
            line += [Cell(key, off or "key"), Cell(f" {word}  ", off)]
        return (*line, Cell("q Esc", "key"), Cell(" back"))

    def _held_line(self) -> Line:
        if self._gave_up is None:
            return (Cell(" ..."),)
        return (Cell(" "), Cell("Esc", "key"), Cell(f": {self._leaves}"))

    def _message_line(self) -> Line:
        if self._answer is not None and self.gone:
            return (Cell(" "), Cell(f"{self.gone}: Esc: cancel", "bad"))
        if self._answer is None:
            return self._said()
        asks, *preview = self._asks()
        return (Cell(" "), asks, Cell("  "), *preview)

    def _input_line(self, y: int) -> Line:
        rows = self.editor.rows(self.size.width - 4, self._answer_rows, self._placeholder)
        return rows[y] if y < len(rows) else ()

    def take(self, event: events.Key | events.Paste) -> None:
        """Take typed input while open; what comes before the question waits for it."""
        key = event.key if isinstance(event, events.Key) else ""
        if key == "ctrl+l" and isinstance(self.app, LinkApp):
            self.app.begin_again()
        elif self._gave_up is not None and key in ("escape", "ctrl+c"):
            self._gave_up.set()
        elif self._answer is None or self._answer.done():
            self._typed.append(event)
        else:
            self._take(event)
            self._tell_typed()
            self.redraw()

    def _tell_typed(self) -> None:
        """Tell what the line is now, unless that is known or the question is answered."""
        if self._on_typed is None or self._answer is None or self._answer.done():
            return
        if (line := self.editor.text) != self._last_line:
            self._last_line = line
            self._on_typed(line)

    def _take(self, event: events.Key | events.Paste) -> None:
        if (answer := self._answer) is None:
            return
        self._refusal = ""
        if isinstance(event, TypedAhead) and not self._choices:
            self._take_ahead(event, answer)
        elif isinstance(event, events.Paste):
            self._paste(self.editor.pasted(event.text))
        elif event.key in ("escape", "ctrl+c", *("q" * bool(self._choices))):
            answer.set_exception(Cancelled())
        elif event.key in self._turns:
            self._turns[event.key]()
        elif self._choices:
            self._choose(self._choices.get(event.key, ""), answer)
        elif event.key == "enter":
            self._refusal = self._why_too_early() or self._why_not_as_one_line()
            if not self._refusal:
                answer.set_result(self.editor.text)
        elif event.key in NEW_LINE and not self.editor.has_lines:
            self._refusal, self._lacks_a_line = self._why_one_line, True
        elif event.key == "tab" and self._complete is not None:
            self.editor = LineEditor(self._complete(self.editor.before), self.editor.after)
        else:
            self.editor.press(event.key, event.character)

    def _take_ahead(self, burst: TypedAhead, answer: asyncio.Future[str]) -> None:
        """Take a burst as text, which may be a paste: where Enter acts it must be seen first."""
        refused = ""
        self.seen.change(PASTED)
        for key in burst.keys:
            if not answer.done() and not (refused and key.key in NEW_LINE):  # half of a line end
                self._take(key)  # what it says past the answer is no command
                refused = self._refusal or refused
        self._refusal = refused

    def _choose(self, choice: str, answer: asyncio.Future[str]) -> None:
        if not choice:
            return
        self._refusal = self._why_too_early() or one_line(self._why_not(choice))
        if not self._refusal:
            answer.set_result(choice)

    def _why_too_early(self) -> str:
        """Return why a key does not answer: it came before what it answers was shown."""
        return self.seen.too_early if self._must_be_shown else ""

    def _why_not_as_one_line(self) -> str:
        """Return once that the line lacks a line break that was typed."""
        lacks, self._lacks_a_line = self._lacks_a_line, False
        return f"{self._why_one_line}; Enter again takes it as one line" if lacks else ""

    def _paste(self, text: str) -> None:
        """Insert pasted text, unless a single key is asked for or there is no room."""
        if not self._choices and not self.editor.insert(text):
            self._refusal = (
                f"not pasted: {len(text):,} characters, a line takes at most {LONGEST:,}"
            )
