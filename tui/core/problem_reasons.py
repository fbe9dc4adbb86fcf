"""Reasons for a problem with a listing or its database, for code to check instead of messages."""

from __future__ import annotations

from enum import StrEnum


class ProblemReason(StrEnum):
    """The values are also the names that `check` prints."""

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
        """Return the reason for a system error."""
        return cls.FORBIDDEN if isinstance(error, PermissionError) else cls.UNREAD


# May be over at the next scan: needs an operator only when it lasts.
MOMENTARY = (ProblemReason.LOCKED, ProblemReason.SLOW)
