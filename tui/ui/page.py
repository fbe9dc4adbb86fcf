"""A page over the panes: the help, or what a verb had to say; its keys are those of `less`."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from tui.core.text import cell_width, fit
from tui.ui.pane import Pane
from tui.view import page
from tui.view.lines import Cell, Line, title_room

Draw = Callable[[int], tuple[Line, ...]]


class PagePane(Pane):
    """Lines drawn for the width there is; shown until somebody closes it.

    Or shown page by page, for whoever must have seen all of it: each line then stands on one page,
    and `is_all_seen` tells whether every one was painted at the width there is now.
    """

    def __init__(self, *, id: str, is_ascii: bool = False) -> None:
        super().__init__(id=id, is_ascii=is_ascii)
        self.has_rule = True
        self.is_active = True
        self.top = 0
        self.is_open = False
        self._is_at_end = False
        self._title = ""
        self._found = -1
        self._is_paged = False
        self.when_all_seen: Callable[[], object] = lambda: None
        self._seen: set[int] = set()
        self._draw: Draw = lambda width: ()
        self._drawn_for = -1
        self._lines: tuple[Line, ...] = ()

    def open(
        self, title: str, draw: Draw, *, is_at_end: bool = False, is_paged: bool = False
    ) -> None:
        """Show what `draw` makes of the width, from its top or from its end."""
        self._is_paged = is_paged
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

    def turn(self, pages: int) -> None:
        """Go to another page, where it is shown page by page."""
        self.scroll_lines(pages * self.body_height)

    @property
    def is_all_seen(self) -> bool:
        """Whether every line was painted, at the width there is now."""
        lines = self.lines  # made anew at another width, where nothing was seen yet
        return len(self._seen) >= len(lines)

    @property
    def first_unseen(self) -> int:
        """The number of the first page of which not every line was painted."""
        line = next((n for n in range(len(self.lines)) if n not in self._seen), 0)
        return line // max(1, self.body_height) + 1

    @property
    def pages(self) -> tuple[int, int]:
        """The number of the page in sight, and how many there are."""
        height = max(1, self.body_height)
        return self.top // height + 1, max(1, -(-len(self.lines) // height))

    def redraw(self) -> int:
        """Repaint what differs; what was painted already is in sight as it is."""
        for y, line in self._drawn.items():
            if y < self.size.height and line == self.line_at(y):
                self._see(y)
        return super().redraw()

    def render_line(self, y: int) -> Strip:
        """Return the strip of the line at `y`, which is seen then."""
        self._see(y)
        return super().render_line(y)

    def _see(self, y: int) -> None:
        index = self.top + y - (self.size.height - self.body_height)
        if not (self.is_open and self.top <= index < len(self.lines)) or index in self._seen:
            return
        self._seen.add(index)
        if self._is_paged and self.is_all_seen:
            self.call_later(self.when_all_seen)

    def resized(self) -> None:
        """Keep what is read in sight; only now it is known where the end is."""
        self._settle()

    def _settle(self) -> None:
        if not self.body_height:
            return
        lowest = len(self.lines) - self.body_height
        if self._is_paged:
            lowest = (self.pages[1] - 1) * self.body_height
            self.top -= self.top % self.body_height
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
            self._seen.clear()
        return self._lines

    def title(self) -> str:
        room = title_room(self.note(), self.size.width)
        return fit(self._title, min(cell_width(self._title), room))

    def note(self) -> str:
        if self._is_paged:
            number, count = self.pages
            return f"page {number} of {count}" if count > 1 else ""
        below = len(self.lines) - self.top - self.body_height
        return f"{below} more ↓  Esc back" if below > 0 else "Esc back"

    def body_line(self, y: int) -> Line:
        index = self.top + y
        line = self.lines[index] if index < len(self.lines) else ()
        if index != self._found:
            return line
        return (Cell("".join(cell.text for cell in line), "current"),)
