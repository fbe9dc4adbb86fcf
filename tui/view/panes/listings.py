"""The Listings pane: every client, how much of it needs attention, and its size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tui.core.errors import Reason
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.sessions.listing_join import is_gone
from tui.core.text.safe_text import one_line
from tui.view.panes.sessions import Attention
from tui.view.text import formatting
from tui.view.text.lines import Cell, Column, Layout, Line, flexible, head_line, table_line

ALL = ""
_ERROR, _GONE = "x!", "gone"
_PASSING = {Reason.LOCKED: "lock", Reason.SLOW: "slow"}


@dataclass(frozen=True, slots=True)
class ListingGroup:
    """One line of the pane; `name` is empty for all listings together.

    `sign` says in at most four cells what is wrong with the listing, `problem` says it in full.
    """

    name: str
    count: int
    needs: int
    bytes: int
    problem: str = ""
    sign: str = ""

    @property
    def is_vanished(self) -> bool:
        """Whether its folder is gone."""
        return self.sign == _GONE


def is_unreadable(listing: Listing) -> bool:
    """Whether its contents cannot be read now; a missing table is not an error."""
    if listing.is_vanished:
        return False
    if listing.is_stale or not listing.has_rows:
        return True
    return bool(listing.problem) and listing.trouble is not Reason.NO_TABLE


def sign(listing: Listing) -> str:
    """Return what is wrong with it in at most four cells; empty when nothing is."""
    if listing.is_vanished:
        return _GONE
    if not is_unreadable(listing):
        return ""
    return _PASSING.get(listing.trouble, _ERROR) if listing.problem else "slow"


def groups(catalog: Catalog, attention: Attention) -> tuple[ListingGroup, ...]:
    """Return `All` first, then the listings: those that need attention first, then by name."""
    each = [
        replace(
            _group(one.listing_id, one.sessions, attention),
            problem=one_line(one.problem),
            sign=sign(one),
        )
        for one in catalog.listings
    ]
    each.sort(key=lambda one: (not (one.needs or one.sign == _ERROR), -one.needs, one.name))
    return (_group(ALL, catalog.sessions, attention), *each)


def _group(name: str, sessions: Iterable[Session], attention: Attention) -> ListingGroup:
    sessions = tuple(one for one in sessions if not is_gone(one))
    needs = sum(attention(one) is not None for one in sessions)
    return ListingGroup(name, len(sessions), needs, sum(one.bytes for one in sessions))


def layout(width: int) -> Layout:
    """Return the columns that fit `width`; the size is dropped first."""
    left = (Column("", 1),)
    right: Layout = (
        Column("N", 4, is_right=True, gap=0),
        Column("!", 4, is_right=True),
    )
    if width >= 40:
        right = (*right, Column("SIZE", 6, is_right=True), Column("", width // 3))
    return flexible(left, "LISTING", right, width)


def head(width: int) -> Line:
    """Return the line of column names."""
    return head_line(layout(width), width)


def line(group: ListingGroup, width: int, *, is_current: bool = False) -> Line:
    """Return a listing's line, with its problem in full where there is room.

    A listing whose folder is gone is greyed: its last known state is shown.
    """
    columns = layout(width)
    name_style = "" if group.name else "strong"
    cells = [
        Cell(">" if is_current else " ", "mark"),
        Cell(one_line(group.name) or "All", "muted" if group.is_vanished else name_style),
        Cell("" if group.is_vanished else str(group.count), "muted"),
        _needs(group),
        Cell(formatting.size(group.bytes) if group.bytes else "-", "muted"),
        Cell(group.problem, _style(group)),
    ]
    return table_line(columns, cells[: len(columns)], width)


def _needs(group: ListingGroup) -> Cell:
    if group.needs and not group.is_vanished:
        return Cell(f"{group.needs}!", "attention")
    return Cell(group.sign, _style(group))


def _style(group: ListingGroup) -> str:
    styles = {_ERROR: "bad", _GONE: "muted", "": "muted"}
    return styles.get(group.sign, "noticed")
