"""One thing that the doctor found, and the command that fixes it."""

from __future__ import annotations

from typing import Literal

from tui.core.values import KW_ONLY, dataclass

# A verb and its arguments; one that ends with an option lacks its value.
Command = tuple[str, ...]
Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")
# What is shown of each: an `error` of `check` is somebody who is needed, and counts others.
LEVEL_WORDS: dict[Level, str] = {"error": "fault", "warning": "warning", "note": "note"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd, in words that an operator can act on.

    An `error` loses something or stops something from working, a `warning` may, a `note` only
    explains. `listing` and `session_id` are empty for wider findings. `remedy` is what to do, and
    `command` the verb that does it, if one does; `is_fixable` means that `doctor --fix` does it.
    """

    level: Level
    code: str
    _: KW_ONLY
    words: str
    remedy: str
    listing: str = ""
    session_id: str = ""
    is_fixable: bool = False
    command: Command = ()

    @property
    def order(self) -> tuple[int, str, str, str]:
        """The sort key of findings: the most serious first."""
        return (LEVELS.index(self.level), self.listing, self.code, self.session_id)


def fix_of(listing: str) -> Command:
    """Return the command that fixes what is safe to fix in a listing."""
    return ("doctor", listing, "--fix")
