"""The private folder of one console for copies of what lives elsewhere: gone when it ends.

A console that was killed leaves its folder behind. The next one that looks at the fleet erases it,
since no process holds the lock in it any more.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tui.core.errors import Refused
from tui.core.text.safe_text import one_line
from tui.fleet.fetching import NotFetched
from tui.safe_io.file_lock import TRIES, FileLock, file_lock
from tui.safe_io.walking import erase_tree, names_in

_PREFIX, _LOCK = "mirror-", "lock"


class MirrorFolder:
    """A folder of its owner alone below `parent`, made when it is first needed: at `place`."""

    def __init__(self, parent: Path) -> None:
        self.place = parent / f"{_PREFIX}{secrets.token_hex(8)}"
        self._lock: FileLock | None = None
        self._is_closed = False

    @property
    def path(self) -> Path:
        """The folder; made, after what others left behind was erased. Raises `NotFetched`."""
        if self._is_closed:
            raise NotFetched("this console is at its end")
        if self._lock is None:
            parent = self.place.parent
            try:
                parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with file_lock(parent / _LOCK, one_line(parent)):
                    left = self._left()
                    self.place.mkdir(mode=0o700)
                    self._lock = FileLock.locked(self.place / _LOCK, TRIES)
            except (OSError, Refused) as error:
                raise NotFetched(f"{one_line(parent)} cannot be written: {error}") from error
            _erase(left)
        return self.place

    def sweep(self) -> None:
        """Erase what consoles that were killed left behind, as far as that can be."""
        parent = self.place.parent
        with suppress(OSError, Refused):
            if parent.is_dir():
                with file_lock(parent / _LOCK, one_line(parent)):
                    left = self._left()
                _erase(left)

    def close(self) -> None:
        """Erase the folder, and all that is in it."""
        self._is_closed = True
        lock, self._lock = self._lock, None
        if lock is not None:
            with lock, suppress(OSError):
                erase_tree(self.place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _left(self) -> list[FileLock]:
        """Return the locks of the folders of consoles that were killed: nobody holds them."""
        left = []
        for name in names_in(self.place.parent)[0]:
            if name.startswith(_PREFIX):
                with suppress(OSError):
                    left.append(FileLock.locked(self.place.parent / name / _LOCK, 1))
        return left


def _erase(left: list[FileLock]) -> None:
    for lock in left:
        with lock, suppress(OSError):
            erase_tree(lock.path.parent)
