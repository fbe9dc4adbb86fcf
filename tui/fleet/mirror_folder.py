"""The private folder of one console for copies of what lives elsewhere: gone when it ends.

A console that was killed leaves its folder behind. The next one that starts erases it, since no
process holds the lock in it any more.
"""

from __future__ import annotations

import tempfile
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
    """A folder of its owner alone below `parent`, which is made when it is first needed."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._made: Path | None = None
        self._lock: FileLock | None = None

    @property
    def path(self) -> Path:
        """The folder; made, after what others left behind was erased. Raises `NotFetched`."""
        if self._made is None:
            try:
                self._parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with file_lock(self._parent / _LOCK, one_line(self._parent)):
                    left = self._left()
                    made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
                    self._lock = FileLock.locked(made / _LOCK, TRIES)
            except (OSError, Refused) as error:
                words = f"{one_line(self._parent)} cannot be written: {error}"
                raise NotFetched(words) from error
            self._made = made
            for lock in left:
                with lock, suppress(OSError):
                    erase_tree(lock.path.parent)
        return self._made

    def close(self) -> None:
        """Erase the folder, and all that is in it."""
        made, lock, self._made, self._lock = self._made, self._lock, None, None
        if made is not None:
            with suppress(OSError):
                erase_tree(made)
        if lock is not None:
            lock.close()

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
        for name in names_in(self._parent)[0]:
            if name.startswith(_PREFIX):
                with suppress(OSError):
                    left.append(FileLock.locked(self._parent / name / _LOCK, 1))
        return left
