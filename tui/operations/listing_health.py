"""The one problem of a listing as a whole and its severity, for the doctor and `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.core.errors import Reason
from tui.core.models.catalog import Listing

if TYPE_CHECKING:
    from tui.operations.finding import Level

_LEVELS: dict[Reason, Level] = {
    Reason.NO_TABLE: "note",
    Reason.READING: "note",
    Reason.LOCKED: "warning",
    Reason.VANISHED: "warning",
    Reason.CUT: "warning",
    Reason.NO_LOCKS: "warning",
}


def trouble_of(listing: Listing) -> Reason:
    """Return why a listing cannot be read, or not completely; empty when it can."""
    if listing.is_vanished:
        return Reason.VANISHED
    is_unread = listing.is_stale or not listing.has_rows
    if listing.trouble or not (is_unread or listing.problem):
        return listing.trouble
    return Reason.UNREADABLE if listing.problem else Reason.SLOW


def is_whole(listing: Listing) -> bool:
    """Whether everything in a listing is known, so that what was not found does not exist."""
    return not listing.problem or trouble_of(listing) in (
        Reason.VANISHED,
        Reason.NO_TABLE,
    )


def level_of(trouble: Reason) -> Level:
    """Return the severity of such a problem."""
    return _LEVELS.get(trouble, "error")
