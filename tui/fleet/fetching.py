"""Fetches the files of a session from the fleet's database into a folder of this host.

Whoever may write to the database may have written the paths in it: each must lie below the
session's own name, and is written into a folder that was just made and that nobody else can enter.
"""

from __future__ import annotations

import os
from pathlib import Path

from tui.claude.layout import transcript_name
from tui.core.errors import Reason, Refused
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import Store
from tui.fleet.store.files import MOST_FILES, StoredFile
from tui.fleet.store.sessions import Key

_DEEPEST = 32  # the CLI nests three folders
_LONGEST_NAME = 255
_AGAIN = 5  # times that a file is begun anew because its home writes it anew
_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NotFetched(Refused):
    """The stored files of a session are not to be written here."""

    usual = Reason.UNREAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was fetched: the number of files, and their bytes."""

    files: int
    bytes: int


def fetch(store: Store, key: Key, folder: Path, *, most_bytes: int) -> Fetched:
    """Write the files of a session into `folder`, which is made, for its owner alone.

    Raises `NotFetched` when the files take more than `most_bytes`, or have names that no session's
    files have; `FleetAway`, and `OSError` when `folder` exists or cannot be written. What was
    written then is left there.
    """
    with store.transaction() as tx:
        files = stored_files.files(tx, key)
    parts = [checked_names(key[1], one) for one in files]
    if len(files) > MOST_FILES:
        raise NotFetched(f"{key[1]} has over {MOST_FILES:,} files")
    if (size := sum(one.size for one in files)) > most_bytes:
        raise NotFetched(f"{key[1]} takes {size_text(size)}, more than there is room for")
    folder.mkdir(mode=0o700)
    fetched = 0
    for file, names in zip(files, parts, strict=True):
        fetched += _fetch_file(store, key, file, folder.joinpath(*map(os.fsdecode, names)))
        if fetched > most_bytes:
            raise NotFetched(f"{key[1]} grew beyond {size_text(most_bytes)}")
    return Fetched(files=len(files), bytes=fetched)


def checked_names(session_id: str, file: StoredFile) -> list[bytes]:
    """Return the names on the way to a file; raises `NotFetched` for those that lead elsewhere."""
    names = file.path.split(b"/")
    is_its_own = names == [os.fsencode(transcript_name(session_id))] or (
        len(names) > 1 and names[0] == os.fsencode(session_id)
    )
    is_plain = all(
        0 < len(one) <= _LONGEST_NAME and one not in (b".", b"..") and b"\0" not in one
        for one in names
    )
    if not (is_its_own and is_plain) or len(names) > _DEEPEST:
        said = one_line(os.fsdecode(file.path))[:100]
        raise NotFetched(f"{session_id} has a file in the fleet that is not its own: {said}")
    return names


def _fetch_file(store: Store, key: Key, file: StoredFile, path: Path) -> int:
    """Write one file as it is now; one that is written anew meanwhile is begun again."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(path, _MADE, 0o600)
    try:
        for _ in range(_AGAIN):
            at = 0
            while at < file.size and (bodies := _bodies(store, file, at)):
                for body in bodies:
                    at += os.pwrite(fd, body, at)
            if at >= file.size:
                return at
            os.ftruncate(fd, 0)
            file = _as_it_is(store, key, file)
    finally:
        os.close(fd)
    raise NotFetched(f"{key[1]} is written anew again and again: try later")


def _bodies(store: Store, file: StoredFile, at: int) -> tuple[bytes, ...]:
    with store.transaction() as tx:
        return stored_files.bodies(tx, file, at)


def _as_it_is(store: Store, key: Key, file: StoredFile) -> StoredFile:
    with store.transaction() as tx:
        found = next(
            (one for one in stored_files.files(tx, key) if one.file_id == file.file_id), None
        )
    if found is None:
        raise NotFetched(f"{key[1]} was removed from the fleet meanwhile")
    return found
