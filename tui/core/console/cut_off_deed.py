"""A deed on many sessions that ended with its console, before its end."""

from __future__ import annotations

from collections.abc import Collection

from tui.core.models.session import Key
from tui.core.values import dataclass

MOST_KEYS = 100_000
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class CutOffDeed:
    """What was being done to which sessions, in their order, and how far that came.

    `word` is what happens to each, as in `resumed`; `tried` has whether it was done, for each that
    was tried; the next one `is_in_doubt` when it had begun.
    """

    word: str
    keys: tuple[Key, ...]
    tried: tuple[bool, ...] = ()
    is_in_doubt: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether it is known of each whether it was done."""
        return bool(self.tried) or self.is_in_doubt

    @property
    def doubtful(self) -> Key | None:
        """The one that had begun, which may have been done."""
        return self.keys[len(self.tried)] if self.is_in_doubt else None

    def left(self, there: Collection[Key]) -> frozenset[Key]:
        """Return those that were not done, of the sessions that are there."""
        if self.word == DELETED and not self.is_counted:
            return frozenset(self.keys) & frozenset(there)
        if not self.is_counted:
            return frozenset()
        begun = len(self.tried) + self.is_in_doubt
        failed = (key for key, is_done in zip(self.keys, self.tried, strict=False) if not is_done)
        return frozenset((*failed, *self.keys[begun:])) & frozenset(there)

    def done(self, there: Collection[Key]) -> int:
        """Return how many were done."""
        if self.word == DELETED and not self.is_counted:
            return len(self.keys) - len(self.left(there))
        return sum(self.tried)
