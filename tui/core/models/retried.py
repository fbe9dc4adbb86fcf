"""The mark of a failure that a retry has settled: part of what an acknowledgement stores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from tui.core.time.zones import read_time

BETWEEN_MARKS = "\n"  # of several needs
_NAME, _PARTS = "RETRIED", 4


def retried_mark(at: datetime, retry: str, cut_off_run: str = "") -> str:
    """Return the mark: the session `retry`, which began then, has succeeded.

    `cut_off_run` is the run that had been left in the middle of a turn, if one was.
    """
    return "|".join((_NAME, at.astimezone(UTC).isoformat(), retry, cut_off_run))


def retry_of(mark: str) -> str:
    """Return the session that has succeeded, empty for a mark of another kind."""
    parts = mark.split("|")
    return parts[2] if len(parts) == _PARTS and parts[0] == _NAME else ""


def retried_at(mark: str) -> datetime | None:
    """Return when the retry began; `None` for a mark of another kind."""
    return read_time(mark.split("|")[1], UTC) if retry_of(mark) else None


def is_retried(marks: Iterable[str], *happened: datetime | None) -> bool:
    """Whether a retry has succeeded that began after all of that, as far as it is known when."""
    for at in map(retried_at, marks):
        if at is not None and all(one <= at for one in happened if one is not None):
            return True
    return False
