"""Which columns the Sessions pane shows at a width, and how wide each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from tui.core.console.column_table import (
    LISTING,
    MARKS,
    SESSION_COLUMNS,
    TITLE,
    SessionColumn,
    column,
)
from tui.core.models.catalog import Catalog
from tui.core.sessions.operators import owner_of
from tui.core.text.safe_text import cell_width, one_line
from tui.core.values import dataclass
from tui.view.panes import session_cells
from tui.view.text import formatting
from tui.view.text.lines import Column, Layout, flexible

Wants = tuple[tuple[str, int], ...]
_LEAST_TITLE, _FAIR_TITLE, _TITLE_BEFORE_STATE = 18, 30, 40
_YIELDING = ("created", "context", "cost")  # to a rare column, in this order
_LISTING_BEFORE_TITLE = 28  # longer names are rare
_FULL_STATE = 22  # `○ waiting for the API`, `◌ retrying 529 (7/10)`


@dataclass(frozen=True, slots=True)
class ListShape:
    """The pane's width, and which columns it shows.

    `columns` are those that were chosen, in their order; none for those that the width allows.
    `wants` says how wide the contents of those columns are that grow.
    """

    width: int
    has_listing: bool = True
    columns: tuple[str, ...] = ()
    wants: Wants = ()

    def layout(self) -> Layout:
        """Return the columns that fit, with their widths."""
        return _layout(self)

    def group_layout(self) -> Layout:
        """Return the columns of a group of failures; their common reason takes the rest."""
        own = {one.key: one for one in self.layout()}
        head = tuple(
            own.get(name) or _as_column(column(name), column(name).width)
            for name in ("ends", "state")
        )
        return flexible((_MARKS, *head), "TITLE", (), self.width)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the columns that there is room for."""
        return tuple(one.name for one in self._fitting())

    def _fitting(self) -> tuple[SessionColumn, ...]:
        wants = dict(self.wants)
        wished = [column(name) for name in self.columns] or self._usual(wants)
        fitting, room = [], self.width - _MARKS.width
        for one in wished:
            if one.name == LISTING and not self.has_listing:
                continue
            room -= one.width + 1
            if room < -1:  # the last one needs no blank behind it
                break
            fitting.append(one)
        return tuple(fitting)

    def _usual(self, wants: Mapping[str, int]) -> list[SessionColumn]:
        """Return the columns for this width; a rare one takes another's place, but not TITLE's."""
        found = [
            one
            for one in SESSION_COLUMNS
            if one.from_width <= self.width and (wants.get(one.name) or not one.is_rare)
        ]
        yielding = [column(name) for name in _YIELDING] if any(map(_is_rare, found)) else []
        for one in yielding:
            taken = _MARKS.width + sum(other.width + 1 for other in found if other.name != TITLE)
            if one in found and self.width - taken < _LEAST_TITLE:
                found.remove(one)
        return found


def _is_rare(one: SessionColumn) -> bool:
    return one.is_rare


_MARKS = Column(MARKS.heading, MARKS.width, gap=0)


@lru_cache(maxsize=64)
def _layout(shape: ListShape) -> Layout:
    """Return the columns with their widths: names grow first, the title takes the rest."""
    shown = shape._fitting()
    widths = {one.name: one.width for one in shown}
    room = shape.width - _MARKS.width - sum(widths.values()) - max(0, len(shown) - 1)
    wants = dict(shape.wants)
    growing = [(one.name, min(one.most, wants.get(one.name, 0))) for one in shown]
    if TITLE in widths:
        listing = (LISTING, min(_LISTING_BEFORE_TITLE, dict(growing).get(LISTING, 0)))
        growing = [(TITLE, _LEAST_TITLE), listing, (TITLE, _FAIR_TITLE), *growing]
        growing.append((TITLE, _TITLE_BEFORE_STATE))
    growing += [("state", _FULL_STATE), (TITLE, shape.width)]
    growing.sort(key=lambda one: one[0] != "stage")  # a few cells, and never worth a cut
    for name, wanted in ((name, wanted) for name, wanted in growing if name in widths):
        more = min(max(0, wanted - widths[name]), room)
        widths[name] += more
        room -= more
    return (_MARKS, *(_as_column(one, widths[one.name]) for one in shown))


def _as_column(one: SessionColumn, width: int) -> Column:
    return Column(one.heading, width, is_right=one.is_right, key=one.name)


def wants(catalog: Catalog) -> Wants:
    """Return how wide the columns that grow are at most, whatever is shown of the catalog."""
    every = catalog.sessions
    texts: dict[str, Iterable[str]] = {
        "listing": (one_line(one.listing_id) for one in catalog.listings),
        "stage": map(formatting.stage, {one.stage for one in every}),
        "model": map(session_cells.short_model, {session_cells.model_of(one) for one in every}),
        "owner": {"pipeline", *(owner_of(one) for one in every if one.is_live)},
        "tags": {session_cells.tags_of(one) for one in every},
        "note": {one.note for one in every},
        "host": {f"{one.host} {catalog.hosts.get(one.host, '')}" for one in every if one.host},
    }
    known = [(name, max(map(cell_width, words), default=0)) for name, words in texts.items()]
    return (*known, ("id", column("id").most), ("created", column("created").most))
