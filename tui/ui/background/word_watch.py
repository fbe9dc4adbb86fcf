"""Waits for the first words of an answer, which are shown at once and not at the next poll."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tui.safe_io.folders import FileStamp, stamps_of
from tui.ui.threads import in_background

_LOOKS_EVERY_S = 0.015


class WordWatch:
    """Looks at the file that the words will be in, for as long as a poll would be waited for.

    It is asked for its status alone, in a thread: a disk may not answer.
    """

    def __init__(self) -> None:
        self._seen: tuple[Path, FileStamp | None] | None = None

    async def wait(self, path: Path, within_s: float, wake: Callable[[], None]) -> None:
        """Call `wake` once the file is not as it was, which each change is told once; or return."""
        seen = self._seen
        found = await in_background(partial(_changed, path, seen, within_s))
        if found != seen:
            self._seen = found
            wake()


def _changed(
    path: Path, seen: tuple[Path, FileStamp | None] | None, within_s: float
) -> tuple[Path, FileStamp | None]:
    """Return the file and its stamp, once they are not those that were `seen`."""
    until = time.monotonic() + within_s
    while True:
        found = (path, stamps_of([str(path)]).get(str(path)))
        if found != seen or time.monotonic() >= until:
            return found
        time.sleep(_LOOKS_EVERY_S)
