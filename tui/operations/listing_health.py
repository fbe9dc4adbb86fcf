"""The one problem of a listing as a whole and its severity, for the doctor and `check`."""

from __future__ import annotations

from tui.core.models.catalog import Listing
from tui.core.problem_reasons import ProblemReason
from tui.operations.finding import Level

_LEVELS: dict[ProblemReason, Level] = {
    ProblemReason.NO_TABLE: "note",
    ProblemReason.LOCKED: "warning",
    ProblemReason.VANISHED: "warning",
    ProblemReason.CUT: "warning",
    ProblemReason.NO_LOCKS: "warning",
}


def trouble_of(listing: Listing) -> ProblemReason:
    """Return why a listing cannot be read, or not completely; empty when it can."""
    if listing.is_vanished:
        return ProblemReason.VANISHED
    is_unread = listing.is_stale or not listing.has_rows
    if listing.trouble or not (is_unread or listing.problem):
        return listing.trouble
    return ProblemReason.UNREADABLE if listing.problem else ProblemReason.SLOW


def is_whole(listing: Listing) -> bool:
    """Whether everything in a listing is known, so that what was not found does not exist."""
    return not listing.problem or trouble_of(listing) in (
        ProblemReason.VANISHED,
        ProblemReason.NO_TABLE,
    )


def level_of(trouble: ProblemReason) -> Level:
    """Return the severity of such a problem."""
    return _LEVELS.get(trouble, "error")
