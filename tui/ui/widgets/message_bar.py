"""The message at the bottom of the screen, over the line of keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import cell_width, fit, one_line
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.text.lines import Cell, Line
from tui.view.text.styled_text import wrap

LEAST_ROWS = 2
_REMEDY = late_pattern(r": `[^`]{1,30}`$")
Note = Callable[[str, str], datetime | None]


class MessageBar(Pane):
    """Shows a message over the line of keys, with its time where there is room.

    `note_of` keeps each message, and returns its time; `whole_key` is the key that shows all of one
    that is too long for its line. `resting` is shown wherever there is no message.
    """

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.message = self.resting = Cell("")
        self.keys: Line = ()
        self.is_whole = self.is_brief = False
        self.note_of: Note = lambda text, style: None
        self.whole_key = ""
        self._zone = settings.zone
        self._meanwhile: tuple[str, str, bool, bool] | None = None
        self._time = ""
        self._messages = 0

    @property
    def is_asking(self) -> bool:
        """Whether a question has the line."""
        return False

    @property
    def message_id(self) -> int:
        """Which message is shown, whatever it says; 0 when there is none."""
        return self._messages if self.message.text else 0

    def say(
        self, text: str, style: str = "", *, is_whole: bool = False, is_brief: bool = False
    ) -> None:
        """Show a message; one that is too long for its line says which key shows all of it.

        With `is_whole` it takes as many rows as it needs, until `fold`. One that `is_brief` is
        dismissed by the next key. The last one said during a question is shown after it.
        """
        if self.is_asking:
            self._meanwhile = (text, style, is_whole, is_brief) if text else None
            return
        self._put(text, style)
        self.is_whole, self.is_brief = is_whole, is_brief
        self._keep(text, style)
        self.redraw()

    def say_progress(self, text: str) -> None:
        """Show how far something is; nobody will want to read that again."""
        self._put(text, "strong")
        self.is_whole = self.is_brief = False
        self.redraw()

    def say_what_waited(self) -> None:
        """Show what was said during a question, or keep it where its answer has the line."""
        if self._meanwhile is not None:
            (text, style, is_whole, is_brief), self._meanwhile = self._meanwhile, None
            if self.message.text:
                self.note_of(one_line(text), style)
            else:
                self.say(text, style, is_whole=is_whole, is_brief=is_brief)

    def dismiss(self) -> None:
        """Dismiss a brief message."""
        if self.is_brief:
            self.say("")

    def has_room(self, text: str) -> bool:
        """Whether a message of this length can be shown whole in half of the screen."""
        return len(self._wrapped(one_line(text))) <= self._most_rows

    def fold(self) -> None:
        """Give back the rows of a whole message."""
        if self.is_whole:
            self.is_whole = False
            self.redraw()

    def _put(self, text: str, style: str = "") -> None:
        self.message = Cell(one_line(text), style)
        self._time = ""
        self._messages += 1

    def _keep(self, text: str, style: str) -> None:
        """Keep a message for whoever reads it later."""
        at = self.note_of(one_line(text), style) if text else None
        self._time = f"{at.astimezone(self._zone):%H:%M}" if at else ""

    @property
    def _most_rows(self) -> int:
        return max(LEAST_ROWS, self.app.size.height // 2)

    def _wrapped(self, text: str) -> list[str]:
        return wrap(text, max(20, self.size.width - 2))

    def _rows_of(self, *cells: Cell) -> list[Cell]:
        """Return texts in rows, each from a row of its own, as many as may be shown."""
        rows = [Cell(row, cell.style) for cell in cells for row in self._wrapped(cell.text)]
        return rows[: self._most_rows]

    def _fits(self, cells: Line) -> bool:
        """Whether texts stand whole beside each other in one row."""
        return sum(cell_width(cell.text) + 2 for cell in cells) <= self.size.width

    def _said(self) -> Line:
        """Return the message in one line: with its time at the right, or shortened."""
        if not self.message.text:
            return (Cell(" "), self.resting)
        text, style, room = self.message.text, self.message.style, max(0, self.size.width - 2)
        left = room - cell_width(text)
        if left < 0 and self._time:
            last = _REMEDY.search(text)  # only decides which words are cut
            remedy = last[0] if last else ""
            taken = len(f"  {self.whole_key} whole") + cell_width(remedy)
            cut = fit(text, max(0, room - taken))[:-1].rstrip()
            return (
                *(Cell(" "), Cell(f"{cut}…{remedy} ", style)),
                *(Cell(self.whole_key, "key"), Cell(" whole", "muted")),
            )
        if left <= len(self._time) or not self._time:
            return (Cell(" "), Cell(text, style))
        return (Cell(" "), Cell(text, style), Cell(self._time.rjust(left), "muted"))
