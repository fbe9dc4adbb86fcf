"""The marks by which a fleet tells this root from any other that its host's name is given to.

Whoever speaks for the host makes a new one. A copy of the root has those that were made before it
was copied: once one of the two has made another, the other one does not know it.
"""

from __future__ import annotations

import os
from pathlib import Path

from tui.safe_io.file_lock import TRIES, FileLock
from tui.safe_io.folders import console_folder
from tui.storage.state.json_file import SharedFile

MARKS = "fleet.json"
_FILE = SharedFile(MARKS)
_KEPT = 200  # the database may be restored from long ago


def read_marks(root: Path) -> tuple[str, ...]:
    """Return the marks of a root, the last one last; raises `OSError`."""
    found = _FILE.read(root).get("marks", [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _FILE.damaged(root)
    return tuple(found)


def add_mark(root: Path) -> str:
    """Make a new mark, and return it; raises as `SharedFile` does."""
    new = os.urandom(16).hex()
    with _FILE.locked(root):
        _FILE.write(root, {"marks": [*read_marks(root)[-_KEPT:], new]})
    return new


def lock_for_member(root: Path) -> FileLock:
    """Return the lock of a root's one member, held.

    Raises `BlockingIOError` when another process has it, `OSError` when it cannot be made.
    """
    return FileLock.locked(console_folder(root, "locks") / ".member", TRIES)
