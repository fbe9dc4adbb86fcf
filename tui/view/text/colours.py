"""How many colours the console uses on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from tui.core.values import dataclass

_MANY = 256
_TRUE = 2**24
_SYSTEMS = {0: "standard", 16: "standard", _MANY: "256", _TRUE: "truecolor"}


@dataclass(frozen=True, slots=True)
class ColourDepth:
    """The number of colours (0, 16, 256 or 2**24), and what limits it, if anything."""

    count: int
    why: str = ""

    @property
    def system(self) -> str:
        """Textual's name for it."""
        return _SYSTEMS[self.count]

    @property
    def is_few(self) -> bool:
        """Whether a theme with more than the terminal's own colours would be unreadable."""
        return self.count < _MANY

    @property
    def words(self) -> str:
        """The number as text."""
        many = {0: "no colours", _TRUE: "24-bit colours"}.get(self.count, f"{self.count} colours")
        return f"{many} ({self.why})" if self.why else many


def draws_nothing(environment: Mapping[str, str]) -> bool:
    """Whether `TERM` says that the terminal cannot draw."""
    return environment.get("TERM", "dumb") in ("dumb", "unknown")


def colours_of(environment: Mapping[str, str], *, is_remote: bool) -> ColourDepth:
    """Return how many colours to use; over SSH more than 256 cost too many bytes."""
    has = _count(environment)
    if has <= 0:
        return ColourDepth(0, "TERM")
    if environment.get("NO_COLOR"):  # an empty value does not count
        return ColourDepth(0, "NO_COLOR")
    if has < _MANY:
        return ColourDepth(16)
    if has == _TRUE and is_remote:
        return ColourDepth(_MANY, "of 24-bit, to save bytes")
    return ColourDepth(_TRUE if has == _TRUE else _MANY)


def _count(environment: Mapping[str, str]) -> int:
    """Return how many the terminal has: by its terminfo entry, else by its name.

    `COLORTERM` counts only with at least 256: `screen` and others inherit it without supporting it.
    """
    name = environment.get("TERM", "")
    is_true = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    count = _declared(name)
    if count is None:
        count = _MANY if is_true or "256" in name else 0 if name.startswith("vt") else 8
    return _TRUE if is_true and count >= _MANY else count


def _declared(name: str) -> int | None:
    with suppress(ImportError):
        import curses

        with suppress(curses.error, ValueError):
            curses.setupterm(name, 1)
            return max(0, curses.tigetnum("colors"))
    return None
