"""Ships the bytes of a session's files from its home to the fleet's database.

Bytes, never parsed records: a line may be torn, or hold what no column takes, and a place in a
transcript stays the same offset everywhere. A file that was written anew (truncated, replaced, a
line taken out of its middle) is noticed, and shipped again from where it differs. But one that is
only the beginning of what is stored, and was not seen here with the rest, may come from a backup:
what is stored of it is kept until somebody says that this root is right.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from tui.claude.layout import TRANSCRIPT_ENDING, transcript_name
from tui.core.values import dataclass
from tui.fleet.store import files as stored_files
from tui.fleet.store import sessions
from tui.fleet.store.connection import AlreadyThere, FleetBusy, Store
from tui.fleet.store.files import (
    CHUNK_BYTES,
    CHUNKS_AT_ONCE,
    MOST_CHUNK_BYTES,
    MOST_FILES,
    StoredAnew,
    StoredFile,
)
from tui.fleet.store.sessions import Key, Residence
from tui.safe_io.folders import FileStamp, is_settled, stamp_of
from tui.safe_io.opening import regular
from tui.safe_io.walking import Walk

_TAIL_BYTES = 4096
_TRANSCRIPT = TRANSCRIPT_ENDING.encode()  # such a file only grows, unless its root is an older one
_AGAIN = 5  # times that a file is begun anew because somebody else has stored it meanwhile


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of a session: its path below the session's place, and where it lies."""

    name: bytes
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was shipped of a file, and its stamp before it was read.

    `sha256` is that of the bytes from `checked_from` on: those that the last call shipped, and some
    before them. When the file has changed since, they are compared again, since it may also have
    changed while they were read. `is_still` when its stamp shows every change since.
    """

    stored: StoredFile
    stamp: FileStamp
    is_still: bool
    checked_from: int
    sha256: bytes


class Shipper:
    """Ships one session's files again and again; each call ships what is new.

    Each transaction first makes sure that the session still lives here: of what a host wrote that
    has lost it, not a byte is stored. When the root `is_right`, nothing that is stored is kept from
    being cut.
    """

    def __init__(self, store: Store, key: Key, home: Residence, *, is_right: bool = False) -> None:
        self._store, self._key, self._home = store, key, home
        self._is_right = is_right
        self._known: dict[bytes, _Known] = {}
        self._had: dict[bytes, int] = {}  # how much of what is stored was seen here
        self._kept: set[bytes] = set()
        self._stored: dict[bytes, StoredFile] | None = None

    @property
    def has_kept(self) -> bool:
        """Whether the last call shipped not all, since the fleet has more of a file than is here.

        Of that file nothing is shipped then.
        """
        return bool(self._kept)

    def ship(self, files: Iterable[LocalFile], *, is_whole: bool = False) -> int:
        """Ship what is new, and return how many bytes that was.

        With `is_whole` every byte is compared, as in the first call: bytes that were overwritten in
        their place are not noticed otherwise. A file that is gone stays stored: the CLI sweeps
        transcripts, which ends only this copy. Raises `FleetAway`, `NotHome`, and `OSError` for a
        file that cannot be read.
        """
        if is_whole:
            self._known.clear()
        if self._kept:  # somebody may have said meanwhile that this root is right
            self._stored = None
        shipped, self._kept = 0, set()
        try:
            for file in islice(files, MOST_FILES):
                with suppress(FileNotFoundError, NotADirectoryError):
                    shipped += self._ship_anew(file)
        except BaseException:  # an interrupt too leaves unknown what was committed
            self.forget()
            raise
        return shipped

    def forget(self) -> None:
        """Compare all again in the next call, as the fleet may have lost what was shipped."""
        self._stored, self._known = None, {}

    def _ship_anew(self, file: LocalFile) -> int:
        """Ship a file, also when what is stored of it is not what it was when this last looked."""
        for _ in range(_AGAIN):
            try:
                return self._ship(file)
            except (StoredAnew, AlreadyThere):
                self.forget()
        raise FleetBusy("somebody else writes the same files to the fleet again and again")

    def _ship(self, file: LocalFile) -> int:
        with regular(file.path) as (fd, status):
            stamp, known = stamp_of(status), self._known.get(file.name)
            if known is not None and known.is_still and known.stamp == stamp:
                return 0
            is_still = is_settled([stamp])
            stored = self._begun(file.name, fd, known, status.st_size)
            if stored is None:
                self._kept.add(file.name)
                return 0
            # Before a byte is sent: it may arrive though no answer comes back.
            self._had[file.name] = max(self._had.get(file.name, 0), status.st_size)
            began, at = stored.size, max(0, stored.size - _TAIL_BYTES)
            read = hashlib.sha256(os.pread(fd, began - at, at))
            while stored.size < status.st_size:
                stored, bodies = self._append(fd, stored, status.st_size)
                for body in bodies:
                    read.update(body)
                if not bodies:
                    is_still = False
                    break
        self._all()[file.name] = stored
        self._known[file.name] = _Known(
            stored=stored, stamp=stamp, is_still=is_still, checked_from=at, sha256=read.digest()
        )
        return stored.size - began

    def _all(self) -> dict[bytes, StoredFile]:
        if self._stored is None:
            with self._store.transaction() as tx:
                self._stored = {one.path: one for one in stored_files.files(tx, self._key)}
        return self._stored

    def _begun(self, name: bytes, fd: int, known: _Known | None, size: int) -> StoredFile | None:
        """Return the stored file, cut to what the local one still begins with; `None` if kept."""
        stored = self._all().get(name)
        if stored is None:
            with self._store.transaction() as tx:
                sessions.hold(tx, self._key, self._home)
                return stored_files.add_file(tx, self._key, name)
        if known is not None and size >= stored.size and _is_as_shipped(fd, known):
            return stored
        same = self._same_bytes(fd, stored)
        if same == stored.size and not stored.is_kept:
            return stored
        is_kept = same < stored.size and self._is_to_keep(name, fd, stored, same, size)
        if is_kept and stored.is_kept:
            return None
        with self._store.transaction() as tx:
            sessions.hold(tx, self._key, self._home)
            if same < stored.size and not is_kept:
                return stored_files.cut(tx, stored, same)
            changed = stored_files.keep(tx, stored, is_kept=is_kept)
        self._all()[name] = changed
        return None if is_kept else changed

    def _is_to_keep(self, name: bytes, fd: int, stored: StoredFile, same: int, size: int) -> bool:
        """Whether the local file may be an older copy of what is stored, or has grown from one."""
        is_transcript = name.endswith(_TRANSCRIPT)
        if self._is_right or not is_transcript or stored.size <= self._had.get(name, 0):
            return False
        if stored.is_kept:
            return True
        if size >= stored.size or size - same > MOST_CHUNK_BYTES:
            return False
        rest = os.pread(fd, size - same, same)
        with self._store.transaction() as tx:
            return b"".join(stored_files.bodies(tx, stored, same)).startswith(rest)

    def _same_bytes(self, fd: int, stored: StoredFile) -> int:
        """Return how many bytes of whole chunks both have in common."""
        same = 0
        while same < stored.size:
            with self._store.transaction() as tx:
                chunks = stored_files.chunks(tx, stored, same)
            for chunk in chunks:
                body = os.pread(fd, chunk.size, same)
                if chunk.start != same or hashlib.sha256(body).digest() != chunk.sha256:
                    return same
                same += chunk.size
            if not chunks:
                break
        return same

    def _append(self, fd: int, stored: StoredFile, size: int) -> tuple[StoredFile, list[bytes]]:
        """Ship some chunks in one transaction; none of a file that has shrunk meanwhile."""
        bodies, at = list[bytes](), stored.size
        while at < size and len(bodies) < CHUNKS_AT_ONCE:
            if not (body := os.pread(fd, min(CHUNK_BYTES, size - at), at)):
                break
            bodies.append(body)
            at += len(body)
        if bodies:
            with self._store.transaction() as tx:
                sessions.hold(tx, self._key, self._home)
                stored = stored_files.append(tx, stored, bodies)
        return stored, bodies


def session_files(transcript: Path) -> Iterator[LocalFile]:
    """Yield the files of a session: its transcript, and those in its own folder, never a link."""
    name = os.fsencode(transcript.stem)
    yield LocalFile(os.fsencode(transcript_name(transcript.stem)), transcript)
    folder = transcript.with_suffix("")
    for found in Walk(folder, most=MOST_FILES):
        if stat.S_ISREG(found.status.st_mode):
            yield LocalFile(name + b"/" + os.fsencode(found.place), folder / found.place)


def _is_as_shipped(fd: int, known: _Known) -> bool:
    """Whether a file still has the bytes that the last call shipped."""
    read, at = hashlib.sha256(), known.checked_from
    while at < known.stored.size:
        body = os.pread(fd, min(CHUNK_BYTES, known.stored.size - at), at)
        if not body:
            return False
        read.update(body)
        at += len(body)
    return read.digest() == known.sha256
