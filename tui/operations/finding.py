"""One thing that the doctor found, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is odd, in words an operator can act on.

    An `error` loses something or keeps something from working, a `warning` may, a `note` only
    explains. `listing` and `session_id` are empty for what is wider than one. `remedy` is what to
    do; `is_fixable` that `doctor --fix` does it.
    """

    level: Level
    code: str
    words: str
    remedy: str
    listing: str = ""
    session_id: str = ""
    is_fixable: bool = False

    @property
    def order(self) -> tuple[int, str, str, str]:
        """What findings are sorted by: the most serious first."""
        return (LEVELS.index(self.level), self.listing, self.code, self.session_id)
