"""Turns stored values of any type into rows and events, without errors."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC
from sys import intern
from typing import Any

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.storage.sqlite.transactions import decode

COLUMNS = (
    "session_id",
    "listing_id",
    "stage",
    "created_at",
    "expires_at",
    "status",
    "metadata",
)


def row_from(values: Sequence[Any]) -> Row:
    """Return a stored row, with all values as text: SQLite's column types are only hints.

    Strings that thousands of rows share are interned.
    """
    one, two, three, four, five, six = map(text_of, values[:6])
    metadata = None if values[6] is None else text_of(values[6])
    return Row(one, intern(two), intern(three), four, five, intern(six), metadata)


def differing(before: Row, after: Row) -> tuple[str, ...]:
    """Return the names of the columns in which two rows differ."""
    return tuple(name for name in COLUMNS if getattr(before, name) != getattr(after, name))


def row_as_json(row: Row | None) -> str | None:
    """Return a row as JSON."""
    return None if row is None else json.dumps({name: getattr(row, name) for name in COLUMNS})


def event_from(values: Sequence[Any]) -> AuditEvent | None:
    """Return an event with whole rows, `None` without a readable time; texts are safe to show.

    The rows are unchanged, so that they can be compared and written again.
    """
    at, operator, action, session_id, before, after = (text_of(value) for value in values)
    moment = read_time(at, UTC)
    if moment is None:
        return None
    return AuditEvent(
        at=moment,
        operator=one_line(operator)[:64],
        action=one_line(action)[:20],
        session_id=session_id,
        before=_row_from_json(before),
        after=_row_from_json(after),
    )


def _row_from_json(text: str) -> Row | None:
    try:
        value = json.loads(text)
        fields = {name: value[name] for name in COLUMNS}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = [one for name, one in fields.items() if name != "metadata" or one is not None]
    return Row(**fields) if all(is_storable(one) for one in texts) else None


def is_storable(value: object) -> bool:
    """Whether SQLite can store this text: it has no lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_of(value: object) -> str:
    """Return a stored value of any type as text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return decode(value) if isinstance(value, bytes) else str(value)


def cost_from(value: object) -> float | None:
    """Return a stored cost, `None` if it is not one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and value >= 0 else None  # type: ignore[arg-type,operator]
