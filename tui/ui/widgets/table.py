"""A table that draws only visible rows, and whose selection follows the key, not the row.

Until the operator moves the selection it stays at the top, where what matters most is. While the
operator is away from the top a new order waits. When the selected row is gone, no row is selected
until the operator moves: no key may meet a neighbour that nobody chose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from textual.message import Message

from tui.core.models.session import Key
from tui.core.sessions.attention import Need
from tui.core.sessions.rows import row_order
from tui.core.text.safe_text import cell_width
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell, Line
from tui.view.text.out_of_sight import Margin, OutOfSight


class Table(Pane):
    """Rows by key. A subclass gives `head_line`, `row_line` and, below, `foot_lines`.

    `is_away` says whether the operator has moved away from the top, `moved` how many rows a new
    order would move that waits, and `needs` why sessions in the rows need somebody. `lost` is the
    key that was selected when its row went, until the operator moves or it is back. While `unread`
    has words, nothing is known yet: they stand in place of rows and of all that is counted. With
    `is_part` there may be more than is known.
    """

    class Moved(Message):
        """The selection is on another key; `key` is `None` in an empty table."""

        def __init__(self, table: Table, key: Key | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.keys: tuple[Key, ...] = ()
        self.index = 0
        self.first = 0
        self.empty: tuple[str, ...] = ()
        self.unread: tuple[str, ...] = ()
        self.is_part = False
        self.selection_pinned = False
        self.lost: Key | None = None
        self.is_away = False
        self.moved = 0
        self.needs: Mapping[Key, Need] = {}
        self._order_key = settings.order_key
        self._takes_order = False
        self._pushed = 0  # rows that a smaller window has pushed out of sight above
        self._places: dict[Key, int] = {}

    def counted(self, number: int) -> str:
        """Return how many there are, for the heading; nothing while nothing is known."""
        unknown = signs.UNKNOWN.sign if self.is_part else "0"
        return "" if self.unread else str(number or unknown)

    def say_unread(self, lines: tuple[str, ...]) -> None:
        """Say why nothing is known yet; without lines everything is."""
        if self.unread != lines:
            self.unread = lines
            self.redraw()

    def head_line(self) -> Line:
        """Return the line of column names."""
        raise NotImplementedError

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        """Return the line of a row."""
        raise NotImplementedError

    def foot_lines(self) -> tuple[Line, ...]:
        """Return the lines that stay at the bottom."""
        return ()

    @property
    def foot_height(self) -> int:
        """How many lines stay at the bottom."""
        return 0

    @property
    def key(self) -> Key | None:
        """The selected key; `None` while no row is."""
        return self.keys[self.index] if self.keys and self.lost is None else None

    @property
    def follows(self) -> bool:
        """Whether the selection follows its key, rather than stay at the top."""
        return self.selection_pinned

    def name_of(self, key: Key) -> str:
        """Return what messages call a row."""
        return formatting.short_id(key[1])

    @property
    def page(self) -> int:
        """How many rows are visible."""
        return max(1, self.body_height - 1 - self.foot_height)

    @property
    def in_sight(self) -> tuple[Key, ...]:
        """The keys of the visible rows."""
        return self.keys[self.first : self.first + self.page]

    def listings_in_sight(self) -> frozenset[str]:
        """Return the listings that the visible rows are about."""
        return frozenset(key[0] for key in self.in_sight)

    def take_order(self) -> None:
        """Take the order that waits when rows are next arranged."""
        self._takes_order = True

    def must_wait(self, asked: Iterable[Key], *, is_busy: bool) -> bool:
        """Return whether these rows have to keep the places of those shown.

        That is so while the operator is away from the top or `is_busy`, and where the selected row
        would leave the sight.
        """
        if self._takes_order or not self.keys:
            return False
        first_page = tuple(islice(asked, self.page))
        is_leaving = self.follows and self.key not in (None, *first_page)
        return is_busy or self.is_away or is_leaving

    def arrange_rows(self, asked: Sequence[Key], *, is_busy: bool) -> None:
        """Show these rows in the order asked for, or in the present one while that must wait."""
        waits = self.must_wait(asked, is_busy=is_busy)
        keys = row_order.kept_keys(self.keys, asked) if waits else asked
        self.moved = row_order.moved(keys, asked)
        self.show(keys, keeps_sight=not waits)

    def stay(self) -> None:
        """Show the same rows as they are now."""
        self._takes_order = False
        self.redraw()

    def show(
        self,
        keys: Sequence[Key],
        *,
        keeps_sight: bool = False,
        opens: bool = False,
        is_anew: bool = False,
    ) -> None:
        """Show these rows; the selection keeps its key and its place on the screen.

        With `keeps_sight` the same places stay in sight, and so does the selection. What `opens`
        begins with its first row, unless the selection is further down than that shows; what is
        asked for `anew` begins with its first row selected where the selected one is not in it. The
        selection follows its key into a row that holds it.
        """
        before, place, first = self.key, self.index - self.first, self.first
        kept = self.lost or before
        self.keys = tuple(keys)
        self._places = {key: index for index, key in enumerate(self.keys)}
        last = max(0, len(self.keys) - 1)
        there = self.place_of(kept) if kept and self.follows else 0
        if there is None and is_anew:
            there, self.selection_pinned = 0, False
        self.lost = kept if there is None else None
        at = min(self.index, last) if there is None else there
        top = first if self.is_away else 0
        is_there = kept in self._places
        if keeps_sight and is_there and not top <= at < top + self.page:
            at = min(first + place, last)
        self.index, self.first = at, top if keeps_sight else max(0, at - place)
        if opens:
            self._open_at_top(at)
        self.is_away = self.is_away and at > 0
        self._takes_order = False
        self._settle()
        if self.key != before:
            self.post_message(self.Moved(self, self.key))

    def _open_at_top(self, index: int) -> None:
        """Begin with the first row, if one to be selected is then in sight, or nothing is."""
        if index < self.page or not self.body_height:
            self.first = self._pushed = 0

    def let_go(self) -> None:
        """Select the row in the place of the one that is gone: the operator took it away."""
        if self.lost is not None:
            self.lost = None
            self.redraw()
            self.post_message(self.Moved(self, self.key))

    def place_of(self, selected: Key) -> int | None:
        """Return the row that what was selected is in now."""
        return self._places.get(selected)

    def row_of(self, key: Key) -> int | None:
        """Return the row that a session, or whatever else has needs, is in."""
        return self._places.get(key)

    def note_room(self) -> int:
        """Return how many cells the heading has for the note."""
        return max(0, self.size.width - (2 if self.frame else 0) - cell_width(self.title()) - 8)

    def note_style(self) -> str:
        return "attention" if self.margin().needs else "muted"

    def margin(self) -> Margin:
        """Return what is out of sight."""
        rows = ((self.row_of(key), need) for key, need in self.needs.items())
        placed = [(row, need) for row, need in rows if row is not None]
        end = self.first + self.page
        above, below = self.first, max(0, len(self.keys) - end)
        return Margin(
            above=_out_of_sight(above, (need for row, need in placed if row < self.first)),
            below=_out_of_sight(below, (need for row, need in placed if row >= end)),
            moved=self.moved,
            key=self._order_key,
        )

    def select(self, key: Key) -> bool:
        """Select a key; return whether it is there.

        Where that is out of sight, and the first rows have it, these are shown.
        """
        if key not in self._places:
            return False
        index = self._places[key]
        if not self.first <= index < self.first + self.page:
            self._open_at_top(index)
        self.move_to(index)
        return True

    def restore(self, key: Key | None, first: int) -> None:
        """Select a key that was selected, with the row on top that was there then."""
        if key is not None and self.select(key):
            self.first, self._pushed = first, 0
            self._settle()

    def move(self, rows: int) -> None:
        """Move the selection by so many rows, as far as possible."""
        is_below = self.lost is not None and rows > 0  # the next row has come up in its place
        self.move_to(self.index + rows - is_below)

    def move_to(self, index: int) -> None:
        """Select a row by index; the nearest one if there is none of that index."""
        self.selection_pinned = True
        index = max(0, min(index, len(self.keys) - 1))
        self.is_away = index > 0
        if index == self.index and self.lost is None:
            return
        self.index, self.lost, self._pushed = index, None, 0
        self._settle()
        self.post_message(self.Moved(self, self.key))

    def _settle(self) -> None:
        if not self.body_height:  # out of sight: what is in sight again settles by itself
            return
        lowest = max(0, len(self.keys) - self.page)
        least = max(self.index - self.page + 1, 0)
        self.first = min(max(self.first, least), self.index, lowest)
        self.redraw()

    def body_line(self, y: int) -> Line:
        """Return the head, a row, the text of an empty table, or the foot."""
        if y == 0:
            return self.head_line()
        if (above := self.body_height - y) <= self.foot_height:
            return () if self.unread else self.foot_lines()[-above]
        if self.unread or not self.keys:
            words = self.unread or self.empty
            return (Cell(" " + words[y - 1], "muted"),) if y <= len(words) else ()
        index = self.first + y - 1
        if index >= len(self.keys):
            return ()
        is_current = index == self.index and self.lost is None
        line = self.row_line(self.keys[index], is_current=is_current)
        if not (is_current and self.is_active):
            return line
        return (Cell("".join(cell.text for cell in line), "current"),)

    def resized(self) -> None:
        """Keep the selection visible; what a smaller window pushed out of sight comes back."""
        self.first = wanted = max(0, self.first - self._pushed)
        self._settle()
        self._pushed = max(0, self.first - wanted)

    def is_head(self, y: int) -> bool:
        """Whether the line at `y` of the widget is that of the column names."""
        return y == (1 if self.frame or self.has_rule else 0)

    def row_at(self, y: int) -> int | None:
        """Return the row that the line at `y` of the widget shows, `None` for none."""
        row = y - (1 if self.frame or self.has_rule else 0) - 1
        is_row = 0 <= row < self.page and self.first + row < len(self.keys)
        return self.first + row if is_row else None

    def scroll_rows(self, rows: int) -> None:
        """Scroll by so many rows; the selection moves only where it would leave the sight."""
        lowest = max(0, len(self.keys) - self.page)
        first = max(0, min(self.first + rows, lowest))
        if first == self.first:
            return
        self.first, self._pushed = first, 0
        index = max(first, min(self.index, first + self.page - 1))
        if self.lost is None:
            self.move_to(index)
        else:
            self.index, self.is_away = index, index > 0
        self.redraw()


def _out_of_sight(rows: int, needs: Iterable[Need]) -> OutOfSight:
    return OutOfSight(rows, Counter(needs) if rows else {})
