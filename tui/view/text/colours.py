"""How many colours a console draws with on a terminal: it goes by this, and `info` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

_MANY = 256
_TRUE = 2**24
_SYSTEMS = {0: "standard", 16: "standard", _MANY: "256", _TRUE: "truecolor"}


@dataclass(frozen=True, slots=True)
class ColourDepth:
    """How many there are (0, 16, 256 or 2**24), and what keeps it from more; else empty."""

    count: int
    why: str = ""

    @property
    def system(self) -> str:
        """What Textual calls so many."""
        return _SYSTEMS[self.count]

    @property
    def is_few(self) -> bool:
        """Whether a theme of more than the terminal's own colours cannot be told apart."""
        return self.count < _MANY

    @property
    def words(self) -> str:
        """How many, in words."""
        many = {0: "no colours", _TRUE: "24-bit colours"}.get(self.count, f"{self.count} colours")
        return f"{many} ({self.why})" if self.why else many


def draws_nothing(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says of itself that it is no screen."""
    return environment.get("TERM", "dumb") in ("dumb", "unknown")


def colours_of(environment: Mapping[str, str], *, is_remote: bool) -> ColourDepth:
    """Return what a console uses there: over SSH more than 256 cost too many bytes."""
    has = _count(environment)
    if has <= 0:
        return ColourDepth(0, "TERM")
    if environment.get("NO_COLOR"):  # set to nothing it says nothing
        return ColourDepth(0, "NO_COLOR")
    if has < _MANY:
        return ColourDepth(16)
    if has == _TRUE and is_remote:
        return ColourDepth(_MANY, "of 24-bit, to save bytes")
    return ColourDepth(_TRUE if has == _TRUE else _MANY)


def _count(environment: Mapping[str, str]) -> int:
    """Return how many the terminal has: by its entry in terminfo, else by its name.

    `COLORTERM` is believed only of a terminal that has 256 of them: it comes along into a `screen`
    or to a console that never heard of it.
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
