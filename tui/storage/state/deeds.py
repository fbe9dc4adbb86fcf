"""The deeds on many sessions that an operator's consoles are doing, in private files.

A file is locked while its deed is going on: one that is there and not locked was cut off. Its first
line says what is done to which sessions, and then each adds a `?` before and a `+` or `-` after.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.core.console.cut_off_deed import MOST_KEYS, CutOffDeed
from tui.core.errors import Refused
from tui.core.models.session import Key
from tui.core.text.safe_text import one_line
from tui.safe_io.file_lock import FileLock
from tui.storage.state.json_file import operator_file

_KIND = "deed"
_AT_ONCE = 8
_MOST_BYTES = 16 * 1024 * 1024
_LONGEST_NAME = 1000
_BEGUN, _DONE, _FAILED = b"?", b"+", b"-"


class DeedRecord:
    """Notes how far a deed is, so that a later console knows; what cannot be noted is not."""

    def __init__(self, lock: FileLock | None = None) -> None:
        self._lock = lock

    def begins(self) -> None:
        """Note that the next one is tried now."""
        self._add(_BEGUN)

    def ends(self, *, is_done: bool) -> None:
        """Note what came of it."""
        self._add(_DONE if is_done else _FAILED)

    def _add(self, sign: bytes) -> None:
        if self._lock is not None:
            with suppress(OSError):
                os.write(self._lock.fd, sign)


@contextmanager
def deed_recorded(
    state_dir: Path, root: Path, operator: str, word: str, keys: Sequence[Key]
) -> Iterator[DeedRecord]:
    """Record a deed on these sessions for as long as this context lasts."""
    lock = _begun(state_dir, root, operator, word, keys)
    try:
        yield DeedRecord(lock)
    finally:
        if lock is not None:
            lock.discard()


def take_cut_off(state_dir: Path, root: Path, operator: str) -> tuple[CutOffDeed, ...]:
    """Return the deeds that were cut off, and forget them: one console tells each."""
    found: list[CutOffDeed] = []
    for path in _paths(state_dir, root, operator):
        lock = _locked(path) if path.exists() else None
        if lock is not None:
            deed = _read(_content(lock))
            lock.discard()
            found += [deed] if deed is not None else []
    return tuple(found)


def _begun(
    state_dir: Path, root: Path, operator: str, word: str, keys: Sequence[Key]
) -> FileLock | None:
    """Return the file of a new deed, locked; `None` where none can be had."""
    head = json.dumps({"word": word, "keys": keys}).encode()
    if not 1 < len(keys) <= MOST_KEYS or len(head) + 2 * len(keys) >= _MOST_BYTES:
        return None
    with suppress(OSError):
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in _paths(state_dir, root, operator):
        lock = _locked(path)
        if lock is None:
            continue
        try:
            if os.fstat(lock.fd).st_size == 0:
                os.write(lock.fd, head + b"\n")
                return lock
        except OSError:
            lock.discard()
            return None
        lock.close()  # it was cut off, and nobody was told yet
    return None


def _paths(state_dir: Path, root: Path, operator: str) -> Iterator[Path]:
    base = operator_file(state_dir, _KIND, root, operator).path
    return (base.with_name(f"{base.stem}-{number}.txt") for number in range(_AT_ONCE))


def _locked(path: Path) -> FileLock | None:
    try:
        return FileLock.locked(path, 1)
    except (OSError, Refused):
        return None


def _content(lock: FileLock) -> bytes:
    try:
        return os.pread(lock.fd, _MOST_BYTES, 0)
    except OSError:
        return b""


def _read(content: bytes) -> CutOffDeed | None:
    """Return a deed; `None` for one that had not begun, or that we did not write."""
    head, newline, signs = content.partition(b"\n")
    try:
        facts = json.loads(head) if newline else {}
        word = one_line(str(facts["word"])[:_LONGEST_NAME])
        keys = tuple((_name(listing), _name(own)) for listing, own in facts["keys"][:MOST_KEYS])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    ends = signs.replace(_BEGUN, b"")[: len(keys)]
    is_in_doubt = signs.endswith(_BEGUN) and len(ends) < len(keys)
    tried = tuple(sign == _DONE[0] for sign in ends)
    return CutOffDeed(word, keys, tried, is_in_doubt)


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return one_line(value[:_LONGEST_NAME])
