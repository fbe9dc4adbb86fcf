"""Copies of the files of sessions that live elsewhere, so that all that reads files reads them.

Only what is looked at is copied. A file that its home wrote anew becomes another file here too,
which is how readers notice it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tui.claude.layout import transcript_name
from tui.claude.session_id import is_session_id
from tui.core.listing_id import is_listing_id
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import replace
from tui.fleet.console.mirror_folder import MirrorFolder
from tui.fleet.fetching import NotFetched, checked_names
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import Store
from tui.fleet.store.files import MOST_FILES, StoredFile
from tui.fleet.store.sessions import Key
from tui.runs.folder.protocol import PARTIAL
from tui.safe_io.walking import erase_tree

MOST_BYTES = 1024**3  # of all copies of one console
_SESSIONS, _MAKING = "sessions", "making"
_WRITTEN = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_MADE = _WRITTEN | os.O_CREAT | os.O_TRUNC


class Mirror:
    """The copies of one console, for one thread; `is_over` ends what takes long."""

    def __init__(
        self,
        store: Store,
        folder: MirrorFolder,
        *,
        most_bytes: int = MOST_BYTES,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store, self._folder, self._most_bytes = store, folder, most_bytes
        self._is_over = is_over
        self._copied: dict[Key, dict[bytes, StoredFile]] = {}  # what is looked at last comes last

    def bring(self, key: Key) -> bool:
        """Bring the copy of a session up to date; return whether its home has told of any file.

        Copies of other sessions go when all would take too much. Raises `NotFetched`, `FleetAway`.
        """
        with self._store.transaction() as tx:
            files = stored_files.files(tx, key)
        if len(files) > MOST_FILES:
            raise NotFetched(f"{key[1]} has over {MOST_FILES:,} files")
        copied = self._copied[key] = self._copied.pop(key, {})
        try:
            self._make_room(key, sum(one.size for one in files))
            for file in files:
                if copied.get(file.path) != file:
                    self._copy(key, file, copied)
        except OSError as error:
            words = f"{key[1]} cannot be copied: {error.strerror or error}"
            raise NotFetched(words) from error
        return bool(files)

    def write_partial(self, key: Key, body: bytes) -> None:
        """Replace the message that is being written; raises `OSError`, and `NotFetched`."""
        place = run_place(self._folder.path, key)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = self._folder.path / _MAKING
        making.write_bytes(body)
        making.replace(place / PARTIAL)

    def drop_partial(self, key: Key) -> None:
        """Forget the message of a session that writes none any more; raises as `write_partial`."""
        (run_place(self._folder.path, key) / PARTIAL).unlink(missing_ok=True)

    def erase(self, key: Key) -> None:
        """Erase the copy of a session, whoever made it; raises `OSError`, and `NotFetched`."""
        self._copied.pop(key, None)
        transcript = transcript_place(self._folder.path, key)
        transcript.unlink(missing_ok=True)
        for folder in (transcript.with_suffix(""), run_place(self._folder.path, key)):
            with suppress(FileNotFoundError):
                erase_tree(folder)

    def _make_room(self, key: Key, size: int) -> None:
        """Erase what was not looked at for the longest time, as far as it has to be."""
        if size > self._most_bytes:
            raise NotFetched(
                f"{key[1]} takes {size_text(size)}, more than the {size_text(self._most_bytes)} "
                "that a console copies: look at it on its own host"
            )
        for other in [one for one in self._copied if one != key]:
            if size + self._taken(key) <= self._most_bytes:
                return
            self.erase(other)

    def _taken(self, key: Key) -> int:
        """Return how much the copies of all other sessions take."""
        return sum(
            one.size
            for other, files in self._copied.items()
            if other != key
            for one in files.values()
        )

    def _copy(self, key: Key, file: StoredFile, copied: dict[bytes, StoredFile]) -> None:
        """Copy what is new of a file; one that was written anew is shown once it is whole."""
        names = checked_names(key[1], file)
        path = transcript_place(self._folder.path, key).parent.joinpath(*map(os.fsdecode, names))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = copied.get(file.path)
        is_same = known is not None and (known.file_id, known.epoch) == (file.file_id, file.epoch)
        making = path if is_same else self._folder.path / _MAKING
        at = known.size if known is not None and is_same else 0
        fd = os.open(making, _WRITTEN if is_same else _MADE, 0o600)
        try:
            while at < file.size:
                if self._is_over():
                    raise NotFetched(f"{key[1]} was not copied in time")
                with self._store.transaction() as tx:
                    bodies = stored_files.bodies(tx, file, at)
                for body in bodies:
                    at += os.pwrite(fd, body, at)
                if is_same:
                    copied[file.path] = replace(file, size=at)
                if not bodies:  # it was written anew just now: the next call begins again
                    return
        finally:
            os.close(fd)
        if not is_same:
            making.replace(path)
        copied[file.path] = replace(file, size=at)


def transcript_place(folder: Path, key: Key) -> Path:
    """Return where the copy of a transcript is; raises `NotFetched` for names that no path has."""
    listing, session_id = key
    if not is_listing_id(listing) or not is_session_id(session_id):
        raise NotFetched(f"{one_line(listing)[:80]}/{one_line(session_id)[:80]} is no session")
    return folder / _SESSIONS / listing / transcript_name(session_id)


def run_place(folder: Path, key: Key) -> Path:
    """Return the folder for what a session's run is writing."""
    return transcript_place(folder, key).with_suffix(".run")
