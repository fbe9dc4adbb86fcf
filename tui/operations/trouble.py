"""What is wrong with a listing as a whole, and how bad that is: one answer for doctor and check."""

from __future__ import annotations

from tui.core.models import Listing
from tui.operations.finding import Level
from tui.storage.config_dir import CONFIG_DIR
from tui.storage.folders import is_link

# What may be over at the next look: it needs somebody only when it lasts.
MOMENTARY = ("locked", "slow")
_LEVELS: dict[str, Level] = {
    "no_table": "note",
    "locked": "warning",
    "vanished": "warning",
    "cut": "warning",
}


def trouble_of(listing: Listing) -> str:
    """Return in a word why a listing cannot be read; empty when it can."""
    if listing.is_vanished:
        return "vanished"
    if listing.is_cut and listing.has_rows and not listing.is_stale:
        return "cut"
    if not listing.problem and listing.has_rows and not listing.is_stale:
        return ""
    if is_link(listing.path / CONFIG_DIR):
        return "linked"
    if listing.has_rows and not listing.is_stale:
        return "no_table"
    if "locked" in listing.problem:
        return "locked"
    if "does not answer" in listing.problem or not listing.problem:
        return "slow"
    return "forbidden" if "may not" in listing.problem else "unreadable"


def level_of(trouble: str) -> Level:
    """Return how bad such a trouble is."""
    return _LEVELS.get(trouble, "error")
