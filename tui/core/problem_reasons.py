"""What can be wrong with a listing or its database: a reason that code goes by, never its words."""

from __future__ import annotations

from enum import StrEnum


class ProblemReason(StrEnum):
    """One word for each; it is also what `check` calls it."""

    NONE = ""
    VANISHED = "vanished"
    LINKED = "linked"
    NO_TABLE = "no_table"
    LOCKED = "locked"
    SLOW = "slow"
    FULL = "full"
    FORBIDDEN = "forbidden"
    UNREADABLE = "unreadable"
    CUT = "cut"  # a bound was reached
    UNREAD = "unread"  # a part of it could not be read
    NO_LOCKS = "no_locks"  # its mount has none

    @classmethod
    def of(cls, error: OSError) -> ProblemReason:
        """Return what an error of the system is."""
        return cls.FORBIDDEN if isinstance(error, PermissionError) else cls.UNREAD


# What may be over at the next look: it needs somebody only when it lasts.
MOMENTARY = (ProblemReason.LOCKED, ProblemReason.SLOW)
