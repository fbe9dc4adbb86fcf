"""Files erased for good: nothing here needs a byte of free space, and no link is followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from tui.core.errors import ConsoleError
from tui.core.limits import MOST_NAMES, TRASH_S
from tui.storage.folders import may_be_there
from tui.storage.manifest import PURGED, Trashed, forget, numbers_erased, paths_of
from tui.storage.safe_io import folder_of
from tui.storage.trash import batches_in, clear, drop_batch
from tui.storage.walking import Budget, Measure, erase_inside, measure


def measure_trashed(trashed: Trashed) -> Measure:
    """Return the size of what lies in the trash of a session."""
    return sum((measure(path) for path in trashed.files), Measure())


def measures(sessions: Iterable[Trashed]) -> list[Measure]:
    """Return the size of each of many sessions in the trash, as far as time allows."""
    budget = Budget(MOST_NAMES, TRASH_S)
    return [
        measure_trashed(one) if budget.spend() else Measure(cut=budget.words) for one in sessions
    ]


def erase(trashed: Trashed) -> int:
    """Erase a session in the trash and return the bytes that were freed; raises `ConsoleError`.

    First one rename takes it out of the trash: what is half erased must never be taken for half
    moved. `finish` does the rest should this process be killed.
    """
    freed = measure_trashed(trashed).bytes
    doomed = next(iter(trashed.files), trashed.mark)
    try:
        with folder_of(doomed) as (batch, name):
            os.rename(name, f"{trashed.number}{PURGED}", src_dir_fd=batch, dst_dir_fd=batch)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise ConsoleError(f"{doomed} cannot be erased: {error.strerror}") from error
    _erase_rest(trashed.batch, trashed.number)
    drop_batch(trashed.batch)
    return freed


def _erase_rest(batch: Path, number: str) -> None:
    """Erase whatever has that number, last what shows that it is to be erased."""
    try:
        paths = paths_of(batch, number)
    except OSError as error:
        raise _unread(batch, error) from error
    for path in paths:
        erase_path(path)


def _unread(batch: Path, error: OSError) -> ConsoleError:
    return ConsoleError(f"{batch} cannot be read: {error.strerror}: not all of it is erased")


def erase_words(trashed: Trashed) -> None:
    """Take what its batch's manifest says of an erased session out of there, too.

    Raises `OSError`.
    """
    if may_be_there(trashed.batch):
        forget(trashed)


def erase_path(path: Path) -> None:
    """Erase a file, a link or a folder with all that is in it; raises `ConsoleError`."""
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


def finish(bases: Iterable[Path], before: datetime) -> None:
    """Go on with what a process that was killed before that moment left half made or half erased.

    Raises `ConsoleError`.
    """
    for base in bases:
        for batch in batches_in(base):
            try:
                numbers = numbers_erased(batch)
            except OSError as error:
                raise _unread(batch, error) from error
            for number in numbers:
                _erase_rest(batch, number)
        clear(base, before)
