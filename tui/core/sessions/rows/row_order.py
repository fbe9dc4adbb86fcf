"""An order of rows that waits: rows keep their places while an operator reads or acts on them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence

from tui.core.models.session import Key, Session
from tui.core.sessions.rows.finished import FinishedGroup, Row, SessionGroup


def kept_keys(before: Sequence[Key], asked: Sequence[Key]) -> tuple[Key, ...]:
    """Return the keys asked for in the places of `before`; the new ones come last."""
    there = set(asked)
    kept = dict.fromkeys(key for key in before if key in there)
    return tuple(kept | dict.fromkeys(asked))


def kept_rows(
    before: Sequence[Row],
    asked: Sequence[Row],
    *,
    was_open: Collection[str] = (),
    is_open: Collection[str] = (),
) -> tuple[Row, ...]:
    """Return the rows asked for in the places of `before`, with their present values.

    New rows come last, except those of a group that the operator has just opened. A session that
    stood in a row of its own keeps it, although a group has taken it in meanwhile; a group that has
    taken in all of another one has its row. What finished unseen keeps the row of its open group,
    although too few are left for one.
    """
    rows = {one.key: one for one in asked}
    groups = [one for one in asked if isinstance(one, SessionGroup)]
    joined = {
        one.key: one for group in groups if group.cause not in was_open for one in group.sessions
    }
    kept: dict[Key, Row] = {}
    for old in before:
        key = old.key
        row = rows.get(key) or joined.get(key)
        if row is None and isinstance(old, FinishedGroup) and old.cause in is_open:
            row = _with_present(old, rows)
        if row is None and isinstance(old, SessionGroup):
            row = _heir(old, groups)
        if row is not None:
            kept.setdefault(row.key, row)
        if isinstance(row, SessionGroup) and row.cause in is_open and row.cause not in was_open:
            for one in row.sessions:
                kept.setdefault(one.key, one)
    for row in asked:
        members = row.sessions if isinstance(row, SessionGroup) else ()
        if not members or any(one.key not in kept for one in members):
            kept.setdefault(row.key, row)
    return tuple(kept.values())


def with_selected(asked: Sequence[Row], selected: Session, place: int) -> Sequence[Row]:
    """Return the rows asked for, with the selected session at its place if it is not in them."""
    for row in asked:
        members = row.sessions if isinstance(row, SessionGroup) else (row,)
        if any(one.key == selected.key for one in members):
            return asked
    return (*asked[:place], selected, *asked[place:])


def _heir(group: SessionGroup, groups: Iterable[SessionGroup]) -> SessionGroup | None:
    """Return the group that has all sessions of one that is no more."""
    keys = {one.key for one in group.sessions}
    return next((one for one in groups if keys <= {each.key for each in one.sessions}), None)


def _with_present(group: FinishedGroup, rows: Mapping[Key, Row]) -> FinishedGroup:
    """Return a group with its sessions as they are now."""
    present = (rows.get(one.key) for one in group.sessions)
    return FinishedGroup(tuple(one for one in present if isinstance(one, Session)))


def moved(shown: Sequence[Key], asked: Sequence[Key]) -> int:
    """Return how many rows have to move to bring those shown into the order asked for."""
    places = {key: place for place, key in enumerate(asked)}
    rising: list[int] = []  # the last places of the best rising sequences, by their length
    for place in (places[key] for key in shown if key in places):
        at = bisect_left(rising, place)
        rising[at : at + 1] = [place]
    least = 0 if tuple(shown) == tuple(asked) else 1
    return max(least, len(shown) - len(rising))
