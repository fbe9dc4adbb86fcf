"""A page over the panes: the help, or what a verb had to say; its keys are those of `less`."""

from __future__ import annotations

from collections.abc import Callable

from tui.core.text import cell_width, fit
from tui.ui.pane import Pane
from tui.view import page
from tui.view.lines import Cell, Line, title_room

Draw = Callable[[int], tuple[Line, ...]]


class PagePane(Pane):
    """Lines drawn for the width there is; shown until somebody closes it."""

    def __init__(self, *, id: str, is_ascii: bool = False) -> None:
        super().__init__(id=id, is_ascii=is_ascii)
        self.has_rule = True
        self.is_active = True
        self.top = 0
        self.is_open = False
        self._is_at_end = False
        self._title = ""
        self._found = -1
        self._draw: Draw = lambda width: ()
        self._drawn_for = -1
        self._lines: tuple[Line, ...] = ()

    def open(self, title: str, draw: Draw, *, is_at_end: bool = False) -> None:
        """Show what `draw` makes of the width, from its top or from its end."""
        self._title, self._draw = title, draw
        self._drawn_for = self._found = -1
        self.top = 0
        self.is_open = True
        self._is_at_end = is_at_end
        self._settle()

    def close(self) -> None:
        """Give the screen back to the panes."""
        self.is_open = False

    def scroll_lines(self, lines: int) -> None:
        """Scroll as far as there is more."""
        self._is_at_end = False
        self.top += lines
        self._settle()

    def resized(self) -> None:
        """Keep what is read in sight; only now it is known where the end is."""
        self._settle()

    def _settle(self) -> None:
        if not self.body_height:
            return
        lowest = len(self.lines) - self.body_height
        self.top = max(0, lowest if self._is_at_end else min(self.top, lowest))
        self.redraw()

    def find(self, words: str, step: int) -> bool:
        """Go to the next line that has `words`; answer whether there is one."""
        texts = ["".join(cell.text for cell in line) for line in self.lines]
        start = self.top if self._found < 0 else self._found + step
        found = page.find(texts, words, start, step)
        self._found = -1 if found is None else found
        self.scroll_lines(0 if found is None else found - self.top)
        return found is not None

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines, as they are drawn at this width."""
        if self._drawn_for != self.body_width:
            self._drawn_for = self.body_width
            self._lines = self._draw(self.body_width)
        return self._lines

    def title(self) -> str:
        room = title_room(self.note(), self.size.width)
        return fit(self._title, min(cell_width(self._title), room))

    def note(self) -> str:
        below = len(self.lines) - self.top - self.body_height
        return f"{below} more ↓  Esc back" if below > 0 else "Esc back"

    def body_line(self, y: int) -> Line:
        index = self.top + y
        line = self.lines[index] if index < len(self.lines) else ()
        if index != self._found:
            return line
        return (Cell("".join(cell.text for cell in line), "current"),)
