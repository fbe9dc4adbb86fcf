"""The bytes of sessions' files, in chunks."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.errors import ConsoleError, Reason
from tui.core.values import dataclass, replace
from tui.fleet.store.connection import Transaction
from tui.fleet.store.sessions import Key

CHUNK_BYTES = 256 * 1024
MOST_CHUNK_BYTES = 1024 * 1024  # that the table takes
CHUNKS_AT_ONCE = 16  # in one transaction: what others wait for, and what is repeated if it is lost
MOST_FILES = 10_000  # of one session, as many as are read of its sub-agents
_MERGED_BYTES = 32 * 1024  # a last chunk below this grows: an agent appends a few bytes at a time


class StoredAnew(ConsoleError):
    """A stored file is not what its home thought, as after a failover; nothing was written."""

    usual = Reason.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a session in the database; `epoch` counts how often it was written anew.

    `path` is that below the session's place, in the bytes that its file system has. When it
    `is_kept`, its home has less of it and may be an older copy: nobody cuts it by itself.
    """

    file_id: int
    path: bytes
    size: int
    epoch: int
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A piece of a stored file, by its offset, size and SHA-256."""

    start: int
    size: int
    sha256: bytes


def files(tx: Transaction, key: Key) -> tuple[StoredFile, ...]:
    """Return a session's files, by path."""
    rows = tx.run(
        "SELECT file_id, path, size, epoch, is_kept FROM file "
        "WHERE listing = %s AND session_id = %s ORDER BY path LIMIT %s",
        *(*key, MOST_FILES + 1),
    )
    return tuple(
        StoredFile(file_id=one[0], path=bytes(one[1]), size=one[2], epoch=one[3], is_kept=one[4])
        for one in rows
    )


def add_file(tx: Transaction, key: Key, path: bytes) -> StoredFile:
    """Add an empty file to a held session."""
    row = tx.run(
        "INSERT INTO file (listing, session_id, path) VALUES (%s, %s, %s) RETURNING file_id",
        *(*key, path),
    ).fetchone()
    return StoredFile(file_id=row[0] if row else 0, path=path, size=0, epoch=0)


def chunks(tx: Transaction, file: StoredFile, start: int) -> tuple[StoredChunk, ...]:
    """Return the next pieces of a file from `start` on, where one begins; none at its end."""
    rows = tx.run(
        "SELECT off, length(body), sha256(body) FROM chunk "
        "WHERE file_id = %s AND off >= %s ORDER BY off LIMIT %s",
        *(file.file_id, start, CHUNKS_AT_ONCE),
    )
    return tuple(StoredChunk(one[0], one[1], bytes(one[2])) for one in rows)


def bodies(tx: Transaction, file: StoredFile, start: int) -> tuple[bytes, ...]:
    """Return the next bytes of a file from any place on, by chunks; none at its end.

    None either of a file that was written anew since `file` was read.
    """
    rows = tx.run_binary(
        "SELECT substr(body, greatest(%s - off, 0)::integer + 1) FROM chunk "
        "WHERE file_id = %s AND off > %s AND off < %s AND off + length(body) > %s "
        "AND EXISTS (SELECT FROM file WHERE file_id = %s AND epoch = %s) ORDER BY off",
        *(start, file.file_id, start - MOST_CHUNK_BYTES),
        *(start + CHUNKS_AT_ONCE * CHUNK_BYTES, start, file.file_id, file.epoch),
    )
    return tuple(bytes(one[0]) for one in rows)


def cut(tx: Transaction, file: StoredFile, size: int) -> StoredFile:
    """Keep only the first `size` bytes, where a chunk ends, of a file that was written anew.

    Raises `StoredAnew`.
    """
    stored = _sized(tx, file, size, file.epoch + 1)
    tx.run("DELETE FROM chunk WHERE file_id = %s AND off >= %s", file.file_id, size)
    return stored


def append(tx: Transaction, file: StoredFile, bodies: Sequence[bytes]) -> StoredFile:
    """Append chunks of at most `CHUNK_BYTES` to a file of a held session; return it then.

    Raises `StoredAnew`.
    """
    stored, size = _sized(tx, file, file.size + sum(map(len, bodies)), file.epoch), file.size
    for body in bodies:
        if not (size == file.size and _has_grown(tx, file, body)):
            tx.run(
                "INSERT INTO chunk (file_id, off, body) VALUES (%s, %s, %b)",
                *(file.file_id, size, body),
            )
        size += len(body)
    return stored


def keep(tx: Transaction, file: StoredFile, *, is_kept: bool) -> StoredFile:
    """Note whether a file of a held session is kept although its home has less of it.

    Raises `StoredAnew`.
    """
    return _sized(tx, file, file.size, file.epoch, is_kept=is_kept)


def keep_no_more(tx: Transaction, host: str) -> None:
    """Take it off all files of a host, whose root is right: some may not be there any more."""
    tx.run(
        "UPDATE file SET is_kept = false FROM session s WHERE is_kept AND home_host = %s "
        "AND s.listing = file.listing AND s.session_id = file.session_id",
        host,
    )


def kept(tx: Transaction, host: str, *, most: int = 1000) -> tuple[Key, ...]:
    """Return the sessions of a host of which the fleet keeps more than that has."""
    rows = tx.run(
        "SELECT DISTINCT listing, session_id FROM file JOIN session USING (listing, session_id) "
        "WHERE is_kept AND home_host = %s AND gone_at IS NULL ORDER BY 1, 2 LIMIT %s",
        *(host, most),
    )
    return tuple((one[0], one[1]) for one in rows)


def _sized(
    tx: Transaction, file: StoredFile, size: int, epoch: int, *, is_kept: bool = False
) -> StoredFile:
    """Note what a file is going to be, if it is what it was thought to be."""
    noted = tx.run(
        "UPDATE file SET size = %s, epoch = %s, is_kept = %s "
        "WHERE file_id = %s AND size = %s AND epoch = %s",
        *(size, epoch, is_kept, file.file_id, file.size, file.epoch),
    )
    if noted.rowcount != 1:
        raise StoredAnew("what the fleet has of that file is not what this host stored: try again")
    return replace(file, size=size, epoch=epoch, is_kept=is_kept)


def _has_grown(tx: Transaction, file: StoredFile, body: bytes) -> bool:
    """Whether the last chunk was small, and has these bytes now."""
    grown = tx.run(
        "UPDATE chunk SET body = body || %b WHERE file_id = %s "
        "AND off = (SELECT max(off) FROM chunk WHERE file_id = %s) AND length(body) < %s",
        *(body, file.file_id, file.file_id, _MERGED_BYTES),
    )
    return grown.rowcount > 0
