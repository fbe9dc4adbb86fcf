"""The trash: all files of a session are moved aside by rename, with a manifest to undo it.

A batch is a folder with one manifest and the moved files, named by numbers: no folder is made for
each session, since that costs many times a rename. The manifest is flushed before anything moves,
and that one `fsync` is enough: journalling file systems keep the order of the renames and the
commit of the rows that follow.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.core.errors import ConsoleError, Reason
from tui.core.limits import MOST_BATCHES, MOST_NAMES, TRASH_S
from tui.core.models.row import Row
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.safe_io.folders import console_folder, mount_of, our_folder
from tui.safe_io.replacing import (
    OpenFolders,
    folder_of,
    make_file,
    make_new_folder,
    rename_anew,
    unlink_at,
)
from tui.safe_io.walking import Budget, names_in
from tui.storage.trash.manifest import MANIFEST, Manifest, numbers_in, read_manifest, write_manifest
from tui.storage.trash.putting_back import put_back

WAY_OUT = (
    "Erasing needs no space: `cleanup --purge-trash` for the old trash, `purge ID` for one "
    "session, in the trash or not"
)
_TRIES = 5
_FEW = 100  # a manifest and its temporary files
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A session to be moved: its paths, its row, and its new status."""

    session_id: str
    paths: tuple[Path, ...]
    row: Row | None
    status_after: str
    zone: str
    title: str = ""


class TrashBatch:
    """Sessions that are moved together; `keep` those that are to stay in the trash."""

    def __init__(self, folder: Path, listing_path: Path, sessions: tuple[Manifest, ...]) -> None:
        self.sessions = sessions
        self._folder = folder
        self._listing_path = listing_path
        self._open = list(sessions)
        self._folders = OpenFolders()

    def move(self, trashed: Manifest) -> None:
        """Rename everything of a session into the trash; raises `ConsoleError`."""
        try:
            if not trashed.places:
                with folder_of(trashed.mark) as (batch, name):
                    os.close(make_file(batch, name))
            for index, place in enumerate(trashed.places):
                source = f"{self._listing_path}/{place}"
                self._folders.rename_anew(source, trashed.moved(index))
        except OSError as error:
            raise _unmoved(error) from error

    def keep(self, trashed: Manifest) -> None:
        """Leave a session in the trash, once its row is written."""
        self._open.remove(trashed)

    def give_back(self, trashed: Manifest) -> None:
        """Rename everything of a session back to where it was; raises as `put_back`."""
        self._open.remove(trashed)
        put_back(trashed, self._listing_path)

    def close(self) -> None:
        """Move back all sessions that were not kept; raises the first problem at the end."""
        self._folders.close()
        problems = []
        for trashed in tuple(self._open):
            try:
                self.give_back(trashed)
            except ConsoleError as problem:
                problems.append(problem)
        drop_batch(self._folder)
        if problems:
            raise problems[0]


@contextmanager
def moving_to_trash(
    root: Path,
    listing_path: Path,
    doomed: Sequence[PendingMove],
    *,
    at: datetime,
    operator: str,
    action: str,
    act_id: str,
) -> Iterator[TrashBatch]:
    """Write the manifest of a batch, whose sessions are then moved, and kept or moved back.

    At the end of the block, also by an interrupt, sessions that were not kept are moved back.
    Raises `ConsoleError` when the trash cannot be written.
    """
    facts = {"at": at, "operator": operator, "action": action, "act_id": act_id}
    try:
        folder = _new_batch(root, listing_path, at)
        sessions = tuple(
            _intended(folder, listing_path, number, one, **facts)
            for number, one in enumerate(doomed)
        )
        _write_intent(folder, sessions)
    except OSError as error:
        raise unwritten("nothing was moved: the trash cannot be written", error) from error
    batch = TrashBatch(folder, listing_path, sessions)
    try:
        yield batch
    finally:
        batch.close()


def _intended(folder: Path, listing: Path, number: int, one: PendingMove, **facts: Any) -> Manifest:
    return Manifest(
        batch=folder,
        number=str(number),
        listing=listing.name,
        session_id=one.session_id,
        places=tuple(str(path).removeprefix(f"{listing}/") for path in one.paths),
        row=one.row,
        status_after=one.status_after,
        zone=one.zone,
        title=one.title,
        **facts,
    )


def drop_batch(batch: Path) -> None:
    """Remove a batch that holds only its manifest, complete or not."""
    try:
        names, is_all = names_in(batch, _FEW)
        if is_all and all(name.lstrip(".").startswith(MANIFEST) for name in names):
            for name in names:
                unlink_at(batch / name)
            with folder_of(batch) as (trash, name):
                os.rmdir(name, dir_fd=trash)
    except OSError:
        return


def list_trash(root: Path, listing_paths: Iterable[Path] = ()) -> tuple[Manifest, ...]:
    """Return the sessions in the trash of the root and of the listings, newest first."""
    return read_trash(root, listing_paths)[0]


def read_trash(
    root: Path, listing_paths: Iterable[Path] = ()
) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """Return the same, and messages about what could not be read."""
    return read_batches(root, listing_paths, numbers_in)


def read_batches(
    root: Path, listing_paths: Iterable[Path], numbers: Callable[[Path], Iterable[str]]
) -> tuple[tuple[Manifest, ...], tuple[str, ...]]:
    """Return the sessions with the `numbers` of each batch, and messages as `read_trash`."""
    budget, unread = Budget(MOST_NAMES, TRASH_S), list[str]()
    found: list[Manifest] = []
    for base, only in _bases(root, listing_paths):
        batches, why = _batches_in(base)
        for batch in batches:
            if not budget.spend():
                why = budget.words
                break
            try:
                found += _sessions(batch, only, numbers(batch))
            except OSError as error:
                why = f"{one_line(batch.name)} cannot be read: {error.strerror}"
        if why:
            unread.append(f"not all of the trash of {one_line(base.name)} was read: {why}")
    return tuple(sorted(found, key=lambda one: one.at, reverse=True)), tuple(unread)


def unreadable_trash(root: Path, listing_paths: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Return the folders in the trash with files that are in no manifest; fix them by hand."""
    return tuple(
        batch for batch, only in _batches(root, listing_paths) if _is_unexplained(batch, only)
    )


def _is_unexplained(batch: Path, only: str) -> bool:
    """Whether a batch has files that are in no manifest; false if it cannot be read now."""
    try:
        return len(_sessions(batch, only, found := numbers_in(batch))) < len(found)
    except OSError:
        return False


def _batches(root: Path, listing_paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield every batch, and the only listing that it may name."""
    for base, only in _bases(root, listing_paths):
        yield from ((batch, only) for batch in batches_in(base))


def _bases(root: Path, listing_paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the folders with a trash, and the only listing that it may name: the root's, any.

    Those who can write to one listing must not be able to name another.
    """
    yield root, ""
    yield from ((path, path.name) for path in listing_paths)


def batches_in(base: Path) -> list[Path]:
    """Return the batches in the trash of a root or listing, by name; symlinks are ignored."""
    return _batches_in(base)[0]


def _batches_in(base: Path) -> tuple[list[Path], str]:
    """Return the newest batches, and why there may be more; empty when these are all."""
    trash = our_folder(base, "trash")
    if trash is None:
        return [], "it is behind a symbolic link, which is not followed"
    try:
        names, is_all = names_in(trash)
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], str(error.strerror)
    kept = [path for name in names[-MOST_BATCHES:] if _is_folder(path := trash / name)]
    is_all = is_all and len(names) <= MOST_BATCHES
    return kept, "" if is_all else f"it has more than {MOST_BATCHES:,} batches"


def _is_folder(path: Path) -> bool:
    """Whether it is a folder, or may be one: reading it then reports the error."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.ENOTDIR)


def _sessions(batch: Path, only: str, numbers: Iterable[str]) -> tuple[Manifest, ...]:
    found = read_manifest(batch, numbers)
    return tuple(one for one in found if only in ("", one.listing))


def _new_batch(root: Path, listing_path: Path, at: datetime) -> Path:
    """Make a batch's folder in the root's trash, or the listing's if a rename can't reach that.

    Its name is short, since operators type it: of a thousand that one clean-up makes in a second,
    two have the same name once in thirty times, and another is taken.
    """
    for _ in range(_TRIES):
        with suppress(FileExistsError):
            return _made_batch(root, listing_path, at)
    return _made_batch(root, listing_path, at)


def _made_batch(root: Path, listing_path: Path, at: datetime) -> Path:
    """Make it, with one name; only a rename can tell where.

    Two mounts of one disk have the same device number.
    """
    trash = console_folder(root, "trash") if _is_same_disk(root, listing_path) else None
    own = console_folder(listing_path, "trash")
    made = own / f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(3).hex()}"
    with folder_of(made) as (parent, name):
        make_new_folder(parent, name)
    try:
        batch = made if trash is None else _moved_to(trash, made)
    except BaseException:  # an interrupt too must leave nothing half-made
        drop_batch(made)
        raise
    return batch


def _moved_to(trash: Path, made: Path) -> Path:
    """Move a new batch into the root's trash if possible, and return its path."""
    try:
        rename_anew(made, trash / made.name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return made
    return trash / made.name


def _write_intent(batch: Path, sessions: tuple[Manifest, ...]) -> None:
    try:
        write_manifest(batch, sessions)
    except BaseException:  # an interrupt too must leave nothing half-made
        drop_batch(batch)
        raise


def clear(base: Path, before: datetime) -> None:
    """Remove the empty batches of killed processes, if they are older than `before`.

    Only their age tells them from a batch that is being made now.
    """
    for batch in batches_in(base):
        with suppress(OSError):
            if batch.stat().st_mtime < before.timestamp():
                drop_batch(batch)


def unwritten(what: str, error: OSError) -> ConsoleError:
    """Return the error for a failed write; on a full disk it says what to do."""
    message = f"{what}: {error.strerror or error}"
    if not is_full(error):
        return ConsoleError(message)
    return ConsoleError(f"{message}. {WAY_OUT}", Reason.FULL)


def _unmoved(error: OSError) -> ConsoleError:
    """Return the error for a failed move to the trash; it names the mounts if there are two."""
    if error.errno == errno.EXDEV:
        here, there = mount_of(Path(error.filename)), mount_of(Path(error.filename2))
        if here != there:
            return ConsoleError(
                f"nothing can be moved from the mount {here} into the trash on the mount {there}: "
                "mount the listing's folder as a whole, and nothing in it apart; until then "
                "`purge ID` erases a session there for good"
            )
    return ConsoleError(f"{error.filename} cannot be moved: {error.strerror}")


def is_full(error: BaseException | None) -> bool:
    """Whether the disk, quota or file size limit is reached."""
    return isinstance(error, OSError) and error.errno in _FULL


def _is_same_disk(root: Path, listing_path: Path) -> bool:
    return root.stat().st_dev == listing_path.stat().st_dev
