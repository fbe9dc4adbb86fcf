"""How the audit stores rows: the one after an act, and the columns in which the one before differs.

Metadata may hold a system prompt of 20 kB that a hundred resumes leave unchanged. So one event of a
session, the base, stores it whole; later events store a splice: how many characters are equal to
the base at the start and at the end, and the text in between.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tui.core.limits import TABLE_CHARACTERS
from tui.core.models.row import Row
from tui.core.text.bounded_json import parse_json
from tui.core.values import dataclass, replace
from tui.storage.table.row_codec import COLUMNS, differing, is_storable

_SPLICE = "splice"
_SHORT = 200  # shorter texts are stored whole


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Two rows as an event stores them; `has_base` if they need the base's metadata."""

    before: str | None
    after: str | None
    has_base: bool = False


def pack(before: Row | None, after: Row | None, base: str | None) -> PackedRows:
    """Return an act's rows in stored form; `base` is the metadata of the session's last base."""
    if after is None:
        return PackedRows(None, None)
    facts = {name: getattr(after, name) for name in COLUMNS}
    splice = _splice(base, after.metadata)
    if splice is not None:
        del facts["metadata"]
        facts[_SPLICE] = splice
    kept = None if before is None else json.dumps(_changed(before, after))
    return PackedRows(kept, json.dumps(facts), splice is not None)


def _changed(before: Row, after: Row) -> dict[str, Any]:
    facts = {name: getattr(before, name) for name in differing(before, after)}
    if "metadata" in facts:
        splice = _splice(after.metadata, before.metadata)
        if splice is not None:
            del facts["metadata"]
            facts[_SPLICE] = splice
    return facts


def _splice(base: str | None, text: str | None) -> list[Any] | None:
    """Return the splice that turns `base` into `text`; `None` if it would save little."""
    if base is None or text is None or len(text) <= _SHORT:
        return None
    start = _alike(base, text)
    end = _alike(base[start:][::-1], text[start:][::-1])
    between = text[start : len(text) - end]
    return [start, end, between] if len(between) <= len(text) // 2 else None


def _alike(one: str, other: str) -> int:
    """Return the length of the common prefix."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class RowUnpacker:
    """Unpacks rows, up to as much text as a table may hold; the rest is unknown (`None`).

    Without that bound, a few planted bytes could ask for any number of copies of a base.
    """

    def __init__(self) -> None:
        self._left = TABLE_CHARACTERS

    def rows(
        self, before: str | None, after: str | None, base: str | None
    ) -> tuple[Row | None, Row | None]:
        """Return the two rows of an event, `None` for each that is not stored."""
        left = self._row(_object(after), None, base)
        known = None if left is None else left.metadata
        return self._row(_object(before), left, known), left

    def _row(
        self, facts: Mapping[str, Any] | None, known: Row | None, base: str | None
    ) -> Row | None:
        """Return `known` updated with the facts, or a row made of the facts."""
        if facts is None:
            return None
        values = {name: facts[name] for name in COLUMNS if name in facts}
        if _SPLICE in facts:
            values["metadata"] = self._spliced(facts[_SPLICE], base)
            if values["metadata"] is None:
                return None
        texts = (one for name, one in values.items() if name != "metadata" or one is not None)
        if not all(is_storable(one) for one in texts):
            return None
        if known is not None:
            return replace(known, **values)
        return Row(**values) if len(values) == len(COLUMNS) else None

    def _spliced(self, splice: object, base: str | None) -> str | None:
        match splice:
            case [int(start), int(end), str(between)] if base is not None:
                if start < 0 or end < 0 or start + end > len(base):
                    return None
                if start + end == len(base) and not between:
                    return base
                self._left -= start + end + len(between)
                return base[:start] + between + base[len(base) - end :] if self._left > 0 else None
        return None


def metadata_in(after: object) -> str | None:
    """Return the metadata stored in a base."""
    value = (_object(after) or {}).get("metadata")
    return value if is_storable(value) else None


def without_metadata(stored: object) -> str | None:
    """Return a stored row without its metadata; `None` for anything else."""
    facts = _object(stored)
    if facts is None:
        return None
    has_any = _SPLICE in facts or "metadata" in facts
    kept = {name: one for name, one in facts.items() if name != _SPLICE}
    return json.dumps(kept | ({"metadata": None} if has_any else {}))


def _object(stored: object) -> dict[str, Any] | None:
    try:
        value = parse_json(stored) if isinstance(stored, str) else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
