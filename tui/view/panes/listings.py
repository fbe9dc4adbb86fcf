"""The Listings pane: every client, how much of it needs attention, and its size."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.errors import Reason
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.sessions.listing_join import is_gone
from tui.core.sessions.session_order import Attention
from tui.core.text.safe_text import cell_width, cut_middle, one_line
from tui.core.text.sizes import size_text
from tui.core.values import dataclass, replace
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell, Column, Layout, Line, flexible, table_line
from tui.view.text.out_of_sight import NO_MARGIN, Margin, head_with

ALL = ""
_ERROR, _GONE = "x!", "gone"
_PASSING = {Reason.LOCKED: "lock", Reason.SLOW: "slow", Reason.READING: "..."}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingGroup:
    """One line of the pane; `name` is empty for all listings together.

    With `is_part` there may be more of all that is counted: a listing has not been read yet.
    `sign` says in at most four cells what is wrong with the listing, `problem` says it in full.
    """

    name: str
    count: int
    needs: int
    bytes: int
    live: int = 0
    cost_usd: float | None = None
    problem: str = ""
    sign: str = ""
    is_part: bool = False

    @property
    def number(self) -> str:
        """The count as it is shown: `?` where none is known, and not everything was read."""
        return str(self.count or (signs.UNKNOWN if self.is_part else 0))

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


def is_unread(listing: Listing) -> bool:
    """Whether its contents have never been read, so that nothing that it counts is known."""
    is_known = listing.sessions or (listing.is_stale and listing.has_rows)
    return is_unreadable(listing) and not is_known


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
            is_part=is_unread(one),
        )
        for one in catalog.listings
    ]
    is_part = any(one.is_part for one in each)
    each.sort(key=lambda one: (not (one.needs or one.sign == _ERROR), -one.needs, one.name))
    return (replace(_group(ALL, catalog.sessions, attention), is_part=is_part), *each)


def _group(name: str, sessions: Iterable[Session], attention: Attention) -> ListingGroup:
    sessions = tuple(one for one in sessions if not is_gone(one))
    needs = sum(attention(one) is not None for one in sessions)
    costs = [one.cost_usd for one in sessions if one.cost_usd is not None]
    return ListingGroup(
        name=name,
        count=len(sessions),
        needs=needs,
        bytes=sum(one.bytes for one in sessions),
        live=sum(one.is_at_work for one in sessions),
        cost_usd=sum(costs) if costs else None,
    )


@dataclass(frozen=True, slots=True)
class ListingShape:
    """The pane's width, and how wide the longest name and the largest count are."""

    width: int
    name: int = 12
    count: int = 2
    has_problem: bool = False

    @classmethod
    def of(cls, groups: Iterable[ListingGroup]) -> ListingShape:
        """Return the shape that shows all of these, in no width yet."""
        groups = tuple(groups)
        names = (one_line(one.name) for one in groups)
        return cls(
            0,
            name=min(_MOST_NAME, max(map(cell_width, names), default=0)),
            count=max((len(one.number) for one in groups), default=0),
            has_problem=any(one.problem for one in groups),
        )

    @property
    def needed(self) -> int:
        """The least width that shows every name whole."""
        return self.name + self._numbers

    @property
    def _numbers(self) -> int:
        return 1 + 1 + 1 + self.count + 1 + _SIGN

    def layout(self) -> Layout:
        """Return the columns that fit; a problem has what is left, else the name."""
        room = max(0, self.width - self.needed)
        numbers: list[Column] = []
        for column in (_SIZE, _LIVE, _COST):
            if room > column.width:
                numbers.append(column)
                room -= column.width + 1
        left = (Column("", 1),)
        right = (Column("N", self.count, is_right=True), Column("!", _SIGN, is_right=True))
        if self.has_problem and room > _LEAST_PROBLEM:
            name = Column("LISTING", max(self.name, len("LISTING")))
            columns = (*left, name, *right, *numbers)
            return (*columns, Column("", max(0, room - 1), key=_PROBLEM))
        columns = (*right, *numbers)
        return flexible(left, "LISTING", columns, self.width)


_MOST_NAME = 28  # longer ones are rare, and may be shortened for the numbers
_SIGN = 4  # `gone`, `lock`
_LEAST_PROBLEM = 12
_PROBLEM = "problem"
_SIZE = Column("SIZE", 5, is_right=True)
_LIVE = Column("LIVE", 4, is_right=True)
_COST = Column("COST", 6, is_right=True)


def head(shape: ListingShape, margin: Margin = NO_MARGIN) -> Line:
    """Return the line of column names, and what is out of sight."""
    return head_with(margin, shape.layout(), "LISTING", shape.width)


def line(group: ListingGroup, shape: ListingShape, *, is_current: bool = False) -> Line:
    """Return a listing's line, with its problem in full where there is room.

    A listing whose folder is gone is greyed: its last known state is shown.
    """
    name_style = "" if group.name else "strong"
    style = "muted" if group.is_vanished else name_style
    cells = {
        "N": Cell("" if group.is_vanished else group.number, "muted"),
        "!": _needs(group),
        "SIZE": Cell(size_text(group.bytes) if group.bytes else "-", "muted"),
        "LIVE": Cell(str(group.live or "-"), "good" if group.live else "muted"),
        "COST": Cell(formatting.cost(group.cost_usd), "muted"),
        _PROBLEM: Cell(group.problem, _style(group)),
        "": Cell(">" if is_current else " ", "mark"),
    }
    if group.is_vanished:
        cells["LIVE"] = Cell("")
    columns = shape.layout()
    room = next(one.width for one in columns if one.name == "LISTING")
    cells["LISTING"] = Cell(cut_middle(one_line(group.name) or "All", room), style)
    return table_line(columns, [cells[one.key or one.name] for one in columns], shape.width)


def _needs(group: ListingGroup) -> Cell:
    if group.needs and not group.is_vanished:
        return Cell(f"{group.needs}!", "attention")
    return Cell(group.sign, _style(group))


def _style(group: ListingGroup) -> str:
    styles = {_ERROR: "bad", _GONE: "muted", "": "muted"}
    return styles.get(group.sign, "noticed")
