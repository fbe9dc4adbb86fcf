"""A page over the panes: help, or a command's output; its keys are those of `less`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tui.core.models.line_target import LineTarget
from tui.core.text.safe_text import cut
from tui.ui.terminal.link import LinkApp
from tui.ui.widgets.page_cursor import PageCursor, Spot, Targets
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.panes import page
from tui.view.text.lines import Cell, Line, title_room

Draw = Callable[[int], tuple[Line, ...]]
_CURSOR = ">"


class PagePane(Pane):
    """Lines drawn for the present width; shown until it is closed.

    Where lines lead somewhere one of them is selected, which `target` is that of. `behind` is what
    was opened from it, as long as Esc leads back from there.
    When all of it must be seen it is shown page by page: each line stands on one page, and
    `is_all_seen` tells whether the terminal received every one at this width.
    """

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
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
        self._opening = 0
        self.says: Callable[[], str] = lambda: ""
        self._draw: Draw = lambda width: ()
        self._drawn_for = -1
        self._lines: tuple[Line, ...] = ()
        self._cursor = PageCursor({})
        self.behind: Spot | None = None

    def open(
        self, title: str, draw: Draw, *, is_at_end: bool = False, is_paged: bool = False
    ) -> None:
        """Show what `draw` returns for the width, from its top or from its end."""
        self._show(title, draw, PageCursor({}), is_at_end=is_at_end, is_paged=is_paged)

    def open_text(
        self,
        title: str,
        lines: Sequence[str],
        targets: Targets,
        *,
        markdown: range,
        is_at_end: bool = False,
    ) -> None:
        """Show lines of text, from their top or from their end; some lead to `targets`."""
        cursor = PageCursor(targets, index=-is_at_end)
        self._show_text(title, lines, cursor, markdown=markdown, is_at_end=is_at_end)

    def renew_text(
        self, title: str, lines: Sequence[str], targets: Targets, *, markdown: range
    ) -> None:
        """Show other lines of text in the same place: the row there is selected."""
        top, cursor = self.top, PageCursor(targets, index=self._cursor.index)
        self._show_text(title, lines, cursor, markdown=markdown, is_at_end=False)
        self._scroll(top)
        if cursor.row is not None and self.target is None:
            self._scroll(cursor.row.first - self.top)

    def _show_text(
        self,
        title: str,
        lines: Sequence[str],
        cursor: PageCursor,
        *,
        markdown: range,
        is_at_end: bool,
    ) -> None:
        def draw(width: int) -> tuple[Line, ...]:
            numbered = tuple(page.numbered_lines(lines, width, markdown))
            cursor.lay_out([number for number, _ in numbered])
            return tuple(line for _, line in numbered)

        self._show(title, draw, cursor, is_at_end=is_at_end, is_paged=False)

    def _show(
        self, title: str, draw: Draw, cursor: PageCursor, *, is_at_end: bool, is_paged: bool
    ) -> None:
        self._cursor, self.behind = cursor, None
        self._is_paged = is_paged
        self._title, self._draw = title, draw
        self._drawn_for = self._found = -1
        self.top = 0
        self.is_open = True
        self._is_at_end = is_at_end
        self._settle()

    @property
    def title_words(self) -> str:
        """What the page is called."""
        return self._title

    def reopen(self) -> None:
        """Show the page again as it was left."""
        self.is_open, self.behind = True, None
        self._settle()

    def close(self) -> None:
        """Give the screen back to the panes."""
        self.is_open = False
        self._opening += 1
        self._drawn.clear()

    @property
    def target(self) -> LineTarget | None:
        """Where the selected line leads, if one is in sight."""
        return self._cursor.target(self.top, self.body_height) if self.is_open else None

    def select_at(self, y: int) -> bool:
        """Select what the line at `y` of the widget leads to; return whether it leads anywhere."""
        line = self.top + y - (self.size.height - self.body_height)
        self._cursor.go_to_line(line, line + 1)
        self.redraw()
        row = self._cursor.row
        return row is not None and row.first <= line < row.stop

    def scroll_lines(self, lines: int) -> None:
        """Scroll as far as there is more; where lines lead somewhere, go from one to the next."""
        cursor, height = self._cursor, self.body_height
        if cursor.row is None or not height:
            self._scroll(lines)
        elif abs(lines) == 1:
            self._found = -1
            self._scroll(cursor.step(lines, self.top, height))
        else:
            top = self.top
            self._scroll(lines)
            if self.top == top or abs(lines) >= len(self.lines):
                cursor.go_to_edge(lines)
            cursor.come_in_sight(self.top, height)
            self.redraw()

    def _scroll(self, lines: int) -> None:
        self._is_at_end = False
        self.top += lines
        self._settle()

    def turn(self, pages: int) -> None:
        """Go to another page, where it is shown page by page."""
        self.scroll_lines(pages * self.body_height)

    @property
    def is_all_seen(self) -> bool:
        """Whether every line was shown at this width."""
        lines = self.lines  # made anew at another width, where nothing was seen yet
        return len(self._seen) >= len(lines)

    @property
    def first_unseen(self) -> int:
        """The number of the first page with a line that was not shown."""
        line = next((n for n in range(len(self.lines)) if n not in self._seen), 0)
        return line // max(1, self.body_height) + 1

    @property
    def pages(self) -> tuple[int, int]:
        """The number of the visible page, and how many there are."""
        height = max(1, self.body_height)
        return self.top // height + 1, max(1, -(-len(self.lines) // height))

    def redraw(self) -> int:
        """Repaint what differs; what was painted already counts as visible."""
        cells = super().redraw()
        if not cells and self.is_open and self._is_paged and isinstance(self.app, LinkApp):
            self.app.call_later(self.app.repaint_nothing)
        return cells

    def tick(self) -> None:
        """Redraw for the clock."""
        if self.is_open:
            self.redraw()

    def painted(self) -> Callable[[], object] | None:
        """Return what to call once the lines painted now were shown."""
        if not (self.is_open and self._is_paged):
            return None
        if not self.region.area:
            self._drawn.clear()  # something else stands there now
            return None
        lines, ruled = self.lines, self.size.height - self.body_height
        rows = ((self.top + y - ruled, y) for y in range(ruled, self.size.height))
        found = frozenset(
            index
            for index, y in rows
            if index < len(lines) and index not in self._seen
            if self._drawn.get(y) == self.line_at(y)
        )
        return partial(self._see, self._opening, found) if found else None

    def _see(self, opening: int, lines: frozenset[int]) -> None:
        """Mark these lines as seen, unless others stand there meanwhile."""
        if opening == self._opening and self.is_open:
            self._seen |= lines
            if self.is_all_seen:
                self.when_all_seen()

    def resized(self) -> None:
        """Keep the line being read visible; only now the end is known."""
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

    def holds(self, sought: str) -> bool:
        """Whether these words stand in one of its lines."""
        return any(sought in "".join(cell.text for cell in line) for line in self.lines)

    def find(self, sought: str, step: int) -> page.Match | None:
        """Go to the next line that has `sought`, and return which it is; `None` if none has it."""
        texts = ["".join(cell.text for cell in line) for line in self.lines]
        start = self.top if self._found < 0 else self._found + step
        found = page.find(texts, sought, start, step)
        self._found = -1 if found is None else found.line
        if found is not None:
            self._cursor.go_to_line(found.line, found.line + 1)
            self._scroll(found.line - self.top)
        self._cursor.come_in_sight(self.top, self.body_height)
        self.redraw()
        return found

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines at this width."""
        if self._drawn_for != self.body_width:
            self._drawn_for = self.body_width
            self._lines = self._draw(self.body_width)
            self._seen.clear()
            self._opening += 1  # lines of the old layout still on their way no longer count
        return self._lines

    def title(self) -> str:
        room = title_room(self.note(), self.size.width)
        return cut(self._title, room)

    def note(self) -> str:
        if self._is_paged:
            number, count = self.pages
            page = f"page {number} of {count}" if count > 1 else ""
            return "  ".join(filter(None, (self.says(), page)))
        below = len(self.lines) - self.top - self.body_height
        more = f"{below} more ↓  " if below > 0 else ""
        return f"{more}{'Enter opens  ' if self._cursor.row is not None else ''}Esc back"

    def body_line(self, y: int) -> Line:
        index = self.top + y
        line = self.lines[index] if index < len(self.lines) else ()
        text = "".join(cell.text for cell in line)
        row = self._cursor.row
        if row is not None and index == row.first:
            return (Cell(_CURSOR, "mark"), Cell(text[1:], "current"))
        return line if index != self._found else (Cell(text, "current"),)
