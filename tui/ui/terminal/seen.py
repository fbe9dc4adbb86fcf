"""Whether a picture that changes has reached the terminal, so that a key can be an answer to it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

TOO_EARLY = "that key came before the question was on the screen: press it again"
PASTED = "pasted or typed ahead: Enter takes it"


class SeenPicture:
    """Counts the pictures: one that came late says nothing about those after it."""

    def __init__(self) -> None:
        self._number = 0
        self._early = ""
        self.is_seen = False

    def change(self, early: str) -> None:
        """Begin another picture; `early` says why a key before it was seen does nothing."""
        self._number += 1
        self._early, self.is_seen = early, False

    def when_seen(self) -> Callable[[], None]:
        """Return what to call once the picture, as it is now, has reached the terminal."""
        return partial(self._see, self._number)

    def _see(self, number: int) -> None:
        self.is_seen = self.is_seen or number == self._number

    @property
    def too_early(self) -> str:
        """Why a key does nothing now; empty once the picture was seen."""
        return "" if self.is_seen else self._early
