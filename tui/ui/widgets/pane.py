"""A widget that draws pure lines and repaints only the cells that changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.core.models.catalog import Catalog
from tui.core.text.safe_text import agreed, cell_width
from tui.core.values import dataclass
from tui.view.stream.entry_lines import Access
from tui.view.text import signs
from tui.view.text.ascii import plain
from tui.view.text.lines import Cell, Line, clipped, rule

STYLES = (
    "calm", "unknown", "noticed", "urgent", "expired", "attention", "good", "bad", "muted",
    "strong", "head", "mark", "rule", "title", "active", "current", "prompt", "tool", "key",
    "heading", "code", "emphasis",
)  # fmt: skip
# The screen alone has them: each costs its share of every change of what is where.
CELL = "cell--"
_BLANKS = {ord("\n"): " ", ord("\t"): " "}
_CORNERS = {"top": ("┌", "┐"), "middle": ("├", "┤"), "lower": ("├", "┤")}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneSettings:
    """What a pane is made with: its id, its title, and how this console draws.

    `follow_key` is the key that follows a stream, `resume_key` the one that resumes, `order_key`
    the one that takes an order of rows that waits, `access` what the operator may do here,
    `columns` those of Sessions in the settings.
    """

    id: str
    label: str = ""
    is_ascii: bool = False
    is_remote: bool = False
    zone: tzinfo = UTC
    quiet_after: timedelta = timedelta()
    follow_key: str = ""
    resume_key: str = ""
    order_key: str = ""
    access: Access = "full"
    columns: tuple[str, ...] = ()


class Pane(Widget):
    """A pane of lines. A subclass gives `body_line`; call `redraw` after any change.

    `frame` is empty (no border), `top` (first box of a column), `middle` (one below it) or `lower`
    (the last one, which closes the column).
    """

    can_focus = False

    def __init__(self, settings: PaneSettings) -> None:
        self._known_size: Size | None = None
        super().__init__(id=settings.id)
        self.frame = ""
        self.is_active = False
        self.label = settings.label
        self.is_ascii = settings.is_ascii
        self.has_rule = False
        self.now = datetime.fromtimestamp(0, UTC)
        self._drawn: dict[int, Line] = {}
        self._plain: Style | None = None

    def title(self) -> str:
        """Return the left part of the pane's heading."""
        return self.label

    def look(self, catalog: Catalog, now: datetime) -> None:
        """Take a new catalog; only a pane that gets nothing else needs it."""

    def note(self) -> str:
        """Return the right part of the pane's heading."""
        return ""

    def note_style(self) -> str:
        """Return the style of the right part."""
        return "muted"

    def body_line(self, y: int) -> Line:
        """Return the line at `y` of the body, at most `body_width` cells wide."""
        raise NotImplementedError

    @property
    def body_width(self) -> int:
        """The width inside the frame."""
        return max(0, self.size.width - (2 if self.frame else 0))

    @property
    def text_width(self) -> int:
        """The width of a table's columns; inside a frame they leave a space at each side."""
        return max(0, self.body_width - (1 if self.frame else 0))

    @property
    def body_height(self) -> int:
        """The height inside the frame."""
        ruled = 1 if self.frame or self.has_rule else 0
        return max(0, self.size.height - ruled - (1 if self.frame == "lower" else 0))

    def line_at(self, y: int) -> Line:
        """Return the whole line at `y` of the widget, frame included."""
        width = self.size.width
        top = 1 if self.frame or self.has_rule else 0
        if y == 0 and top:
            return self._rule_line(width)
        if not self.frame:
            return clipped(self.body_line(y - top), width)
        if self.frame == "lower" and y == self.size.height - 1:
            return (Cell("└" + "─" * (width - 2) + "┘", "rule"),)
        side = Cell("│", "rule")
        return (side, *clipped(self.body_line(y - top), width - 2), side)

    def _rule_line(self, width: int) -> Line:
        style = "active" if self.is_active else "title"
        mark = signs.CLOSED.sign if self.is_active else " "
        inner = width - 2 if self.frame else width
        styles = {"title_style": style, "note_style": self.note_style()}
        line = rule(self.title(), self.note(), inner, mark=mark, **styles)
        if not self.frame:
            return line
        left, right = _CORNERS[self.frame]
        return (Cell(left, "rule"), *line, Cell(right, "rule"))

    @property
    def size(self) -> Size:
        """The size of the content; looked up once for all lines that are drawn together."""
        return super().size if self._known_size is None else self._known_size

    def redraw(self) -> int:
        """Repaint the cells that differ; return how many."""
        regions = []
        for y, new in enumerate(self._drawn_now()):
            old = self._drawn.get(y)
            if new != old:
                start, end = _changed(old, new) if old is not None else (0, self.size.width)
                regions.append(Region(start, y, max(1, end - start), 1))
        if regions:
            self.refresh(*regions)
        return sum(region.area for region in regions)

    @property
    def is_painted(self) -> bool:
        """Whether what would be drawn now is what is painted."""
        return all(line == self._drawn.get(y) for y, line in enumerate(self._drawn_now()))

    def _drawn_now(self) -> list[Line]:
        """Return all lines as they would be drawn now."""
        self._known_size = super().size
        try:
            return [self.line_at(y) for y in range(self._known_size.height)]
        finally:
            self._known_size = None

    def is_same_at(self, moment: datetime) -> bool:
        """Whether what is painted is what would be drawn at that moment."""
        before, self.now = self.now, moment
        try:
            return self.is_painted
        finally:
            self.now = before

    def render_line(self, y: int) -> Strip:
        """Return the strip of the line at `y`."""
        line = self.line_at(y)
        self._drawn[y] = line
        segments = [Segment(self._text(cell), self._style(cell.style)) for cell in line]
        return Strip(segments, sum(cell_width(cell.text) for cell in line)).simplify()

    def notify_style_update(self) -> None:
        """Forget the style of plain cells."""
        self._plain = None
        super().notify_style_update()

    def on_resize(self) -> None:
        """Repaint everything.

        Textual calls the handlers of every class in the hierarchy; a subclass overrides `resized`.
        """
        self._drawn.clear()
        self.resized()

    def resized(self) -> None:
        """Fit the content to the new size."""

    def _text(self, cell: Cell) -> str:
        # Safe text may still hold these two, and a cell of a line must not move the cursor.
        text = cell.text.translate(_BLANKS)
        return plain(text) if self.is_ascii else agreed(text)

    def _style(self, name: str) -> Style:
        if not name:
            if self._plain is None:
                self._plain = self.rich_style  # made anew each time, of all that it stands in
            return self._plain
        return self.screen.get_component_rich_style(CELL + name)


def _changed(old: Line, new: Line) -> tuple[int, int]:
    """Return the first cell that differs and the one after the last."""
    before, after = _cells(old), _cells(new)
    differing = [
        x for x, (one, other) in enumerate(zip(before, after, strict=False)) if one != other
    ]
    end = max(len(before), len(after))
    if len(before) != len(after):
        return (differing[0] if differing else min(len(before), len(after))), end
    return (differing[0], differing[-1] + 1) if differing else (0, 0)


def _cells(line: Line) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for cell in line:
        for char in cell.text:
            cells.append((char, cell.style))
            cells += [("", cell.style)] * (cell_width(char) - 1)
    return cells
