"""Erases files for good: needs no free disk space, and follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tui.core.errors import ConsoleError
from tui.core.limits import MOST_NAMES, TRASH_S
from tui.safe_io.folders import may_be_there
from tui.safe_io.replacing import folder_of
from tui.safe_io.walking import Budget, FolderSize, erase_inside, measure
from tui.storage.trash.manifest import (
    PURGED,
    Manifest,
    forget,
    numbers_erased,
    numbers_listed,
    paths_of,
    read_manifest,
)
from tui.storage.trash.trash import batches_in, clear, drop_batch, read_batches


def measure_trashed(trashed: Manifest) -> FolderSize:
    """Return the size of a session's files in the trash."""
    return sum(map(measure, (*trashed.files, trashed.erased_mark)), FolderSize())


def measures(sessions: Iterable[Manifest]) -> list[FolderSize]:
    """Return the sizes of sessions in the trash, within a time limit."""
    budget = Budget(MOST_NAMES, TRASH_S)
    return [
        measure_trashed(one) if budget.spend() else FolderSize(cut=budget.words) for one in sessions
    ]


def erase(trashed: Manifest) -> int:
    """Erase a session in the trash and return the bytes freed; raises `ConsoleError`.

    First one file is renamed as a mark, so that an interrupted erasure is not taken for an
    interrupted move; `finish` completes it.
    """
    freed = measure_trashed(trashed).bytes
    if not may_be_there(trashed.erased_mark):  # else continue an interrupted erasure
        doomed = next(iter(trashed.files), trashed.mark)
        try:
            with folder_of(doomed) as (batch, name):
                mark = trashed.erased_mark.name
                os.rename(name, mark, src_dir_fd=batch, dst_dir_fd=batch)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise ConsoleError(f"{doomed} cannot be erased: {error.strerror}") from error
    _erase_rest(trashed.batch, trashed.number)
    drop_batch(trashed.batch)
    return freed


def _erase_rest(batch: Path, number: str) -> None:
    """Erase all files with that number, the erasure mark last.

    If any other file fails, the mark stays, and the first `ConsoleError` is raised at the end.
    """
    try:
        *paths, mark = paths_of(batch, number)
    except OSError as error:
        raise _unread(batch, error) from error
    problems: list[ConsoleError] = []
    for path in paths:
        try:
            erase_path(path)
        except ConsoleError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    erase_path(mark)


def _unread(batch: Path, error: OSError) -> ConsoleError:
    return ConsoleError(f"{batch} cannot be read: {error.strerror}: not all of it is erased")


def erase_words(trashed: Manifest) -> None:
    """Remove an erased session from its batch's manifest; raises `OSError`."""
    if may_be_there(trashed.batch):
        forget(trashed)


def erase_path(path: Path) -> None:
    """Erase a file, a link or a whole folder; raises `ConsoleError`."""
    try:
        if not may_be_there(path):
            return
        with folder_of(path) as (folder, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                erase_inside(folder, name)
            else:
                os.unlink(name, dir_fd=folder)
    except OSError as error:
        raise ConsoleError(f"{path} cannot be erased: {error.strerror or error}") from error


def read_half_erased(
    root: Path, listing_paths: Iterable[Path]
) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """Return the sessions in the trash whose erasure was interrupted, and read errors."""
    return read_batches(root, listing_paths, numbers_erased)


def read_manifests(
    root: Path, listing_paths: Iterable[Path]
) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """Return all sessions in the manifests (present, half erased or gone), and read errors."""
    return read_batches(root, listing_paths, numbers_listed)


def nameless_leftovers(bases: Iterable[Path]) -> tuple[Path, ...]:
    """Return the marks of interrupted erasures whose session is in no manifest.

    Batches that cannot be read are skipped: `read_half_erased` reports them.
    """
    found: list[Path] = []
    for batch in (one for base in bases for one in batches_in(base)):
        with suppress(OSError):
            numbers = numbers_erased(batch)
            known = {one.number for one in read_manifest(batch, numbers)} if numbers else set()
            found += [batch / f"{one}{PURGED}" for one in numbers if one not in known]
    return tuple(found)


def finish(bases: Iterable[Path], before: datetime) -> None:
    """Finish interrupted erasures that are in no manifest, and remove empty batches from `before`.

    Raises the first `ConsoleError` at the end.
    """
    problems: list[ConsoleError] = []
    bases = tuple(bases)
    for path in nameless_leftovers(bases):
        try:
            _erase_rest(path.parent, path.name.removesuffix(PURGED))
            drop_batch(path.parent)
        except ConsoleError as error:
            problems.append(error)
    for base in bases:
        clear(base, before)
    if problems:
        raise problems[0]
