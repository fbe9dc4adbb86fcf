"""The Listings pane: every client, what of it needs attention, and its size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.catalog import is_gone
from tui.core.models import Catalog, Session
from tui.core.text import one_line
from tui.view import words
from tui.view.lines import Cell, Column, Layout, Line, flexible, head_line, table_line
from tui.view.sessions import Attention

ALL = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One line of the pane; `name` is empty for all listings together."""

    name: str
    count: int
    needs: int
    bytes: int
    problem: str = ""


def groups(catalog: Catalog, attention: Attention) -> tuple[Group, ...]:
    """Return `All` first, then the listings: those that need somebody first, then by name."""
    each = [
        _group(one.listing_id, one.sessions, attention, one_line(one.problem))
        for one in catalog.listings
    ]
    each.sort(key=lambda one: (-bool(one.needs or one.problem), -one.needs, one.name))
    return (_group(ALL, catalog.sessions, attention), *each)


def _group(
    name: str, sessions: Iterable[Session], attention: Attention, problem: str = ""
) -> Group:
    sessions = tuple(one for one in sessions if not is_gone(one))
    needs = sum(attention(one) is not None for one in sessions)
    return Group(name, len(sessions), needs, sum(one.bytes for one in sessions), problem)


def layout(width: int) -> Layout:
    """Return the columns that fit `width`; the size goes first when it is narrow."""
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


def line(group: Group, width: int, *, is_current: bool = False) -> Line:
    """Return a listing's line; a problem stands in it in full when there is room."""
    columns = layout(width)
    needs = f"{group.needs}!" if group.needs else ("x!" if group.problem else "")
    cells = [
        Cell(">" if is_current else " ", "mark"),
        Cell(one_line(group.name) or "All", "" if group.name else "strong"),
        Cell(str(group.count), "muted"),
        Cell(needs, "attention" if group.needs else "bad"),
        Cell(words.size(group.bytes) if group.bytes else "-", "muted"),
        Cell(group.problem, "bad"),
    ]
    return table_line(columns, cells[: len(columns)], width)
