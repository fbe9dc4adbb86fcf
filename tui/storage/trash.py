"""The trash: whole footprints moved aside by rename, with a manifest that can undo it."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from tui.core.errors import ConsoleError, Refused
from tui.core.models import Row
from tui.core.session_id import is_listing_id, is_session_id
from tui.storage.folders import (
    OURS,
    console_folder,
    inherit_rights,
    is_link,
    our_folder,
    read_small,
    write_atomically,
)

_MANIFEST = "manifest.json"
_MAX_MANIFEST = 64 * 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Trashed:
    """One delete: what was moved from where below its listing, and the row as it was.

    The n-th of `places`, each relative to the listing, lies in `files/<n>` of `folder`.
    """

    trash_id: str
    folder: Path
    listing: str
    session_id: str
    at: datetime
    operator: str
    places: tuple[str, ...]
    row: Row | None
    zone: str

    def moved(self, index: int) -> Path:
        """Return where the place of that index lies now."""
        return self.folder / "files" / str(index)


@contextmanager
def moved_to_trash(
    root: Path,
    listing_path: Path,
    session_id: str,
    paths: Iterable[Path],
    *,
    at: datetime,
    operator: str,
    row: Row | None,
    zone: str,
) -> Iterator[Trashed]:
    """Write the intent down, rename every path into the trash, and keep it so if the block ends.

    Whatever stops it before, an interrupt too, puts everything back. Raises `ConsoleError` when
    the trash cannot be written or something cannot be moved.
    """
    places = tuple(str(path.relative_to(listing_path)) for path in paths)
    try:
        folder = _new_folder(root, listing_path, session_id, at)
        trashed = Trashed(
            folder.name, folder, listing_path.name, session_id, at, operator, places, row, zone
        )
        _write_intent(trashed)
    except OSError as error:
        raise ConsoleError(_unwritten(root, listing_path, error)) from error
    try:
        _move(trashed, listing_path)
        yield trashed
    except BaseException:
        put_back(trashed, listing_path)
        drop(trashed)
        raise


def _move(trashed: Trashed, listing_path: Path) -> None:
    try:
        for index, place in enumerate(trashed.places):
            (listing_path / place).rename(trashed.moved(index))
    except OSError as error:
        raise ConsoleError(f"{error.filename} cannot be moved: {error.strerror}") from error


def put_back(trashed: Trashed, listing_path: Path) -> None:
    """Rename everything back to where it was; safe to do twice. `drop` then ends the delete.

    Raises `Refused` before anything moves when something new is in the way.
    """
    targets = [_inside(listing_path, place) for place in trashed.places]
    pending = [index for index in range(len(targets)) if os.path.lexists(trashed.moved(index))]
    for index in pending:
        if os.path.lexists(targets[index]):
            raise Refused(f"{trashed.places[index]} exists again: nothing was restored over it")
    try:
        for index in reversed(pending):
            targets[index].parent.mkdir(parents=True, exist_ok=True)
            trashed.moved(index).rename(targets[index])
    except OSError as error:
        raise ConsoleError(f"{error.filename} cannot be restored: {error.strerror}") from error


def drop(trashed: Trashed) -> None:
    """Remove the emptied folder of a delete, or a half-made one; its manifest explains the rest."""
    files, manifest = trashed.folder / "files", trashed.folder / _MANIFEST
    with suppress(OSError):
        for remove in (files.rmdir, manifest.unlink, trashed.folder.rmdir):
            with suppress(FileNotFoundError):
                remove()


def list_trash(root: Path, listing_paths: Iterable[Path] = ()) -> tuple[Trashed, ...]:
    """Return what lies in the trash of the root and of the listings, newest first."""
    read = (_read(folder) for base in (root, *listing_paths) for folder in _in_trash(base))
    found = [trashed for trashed in read if trashed is not None]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def unreadable_trash(root: Path, listing_paths: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Return the folders in the trash whose manifest cannot be read: only by hand are they mended.

    One that is being made or dropped at this moment is among them.
    """
    folders = [folder for base in (root, *listing_paths) for folder in _in_trash(base)]
    return tuple(folder for folder in folders if _read(folder) is None)


def _new_folder(root: Path, listing_path: Path, session_id: str, at: datetime) -> Path:
    """Make the delete's own folder on the listing's file system, where a rename is enough."""
    base = root if _is_same_disk(root, listing_path) else listing_path
    trash = console_folder(base, "trash")
    name = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{session_id[:8]}-{secrets.token_hex(2)}"
    folder = trash / name
    folder.mkdir()
    return folder


def _write_intent(trashed: Trashed) -> None:
    """Write the manifest and read it back: what cannot be read could never be restored."""
    try:
        inherit_rights(trashed.folder, trashed.folder.parent)
        (trashed.folder / "files").mkdir()
        inherit_rights(trashed.folder / "files", trashed.folder)
        _write_manifest(trashed)
        if _read(trashed.folder) != trashed:
            raise OSError(errno.EIO, "its manifest does not read as it was written")
    except BaseException:
        drop(trashed)
        raise


def _unwritten(root: Path, listing_path: Path, error: OSError) -> str:
    """Return why nothing was deleted, and on a full disk what can be done."""
    said = f"nothing was deleted: the trash cannot be written: {error.strerror or error}"
    if error.errno not in _FULL:
        return said
    trash = (root if _is_same_disk(root, listing_path) else listing_path) / OURS / "trash"
    return f"{said}. Free some space on that disk first; {trash} holds {_megabytes(trash):.1f} MB"


def _megabytes(folder: Path) -> float:
    paths = (Path(base) / name for base, _, names in os.walk(folder) for name in names)
    total = 0
    for path in paths:
        with suppress(OSError):
            total += path.lstat().st_size
    return total / 1e6


def _is_same_disk(root: Path, listing_path: Path) -> bool:
    return root.stat().st_dev == listing_path.stat().st_dev


def _write_manifest(trashed: Trashed) -> None:
    manifest = {
        "listing": trashed.listing,
        "session_id": trashed.session_id,
        "at": trashed.at.isoformat(),
        "operator": trashed.operator,
        "places": list(trashed.places),
        "row": None if trashed.row is None else asdict(trashed.row),
        "zone": trashed.zone,
    }
    write_atomically(trashed.folder / _MANIFEST, json.dumps(manifest, indent=1))


def _in_trash(base: Path) -> list[Path]:
    """Return the folders in the trash of a root or listing, by name; a link leads nowhere."""
    trash = our_folder(base, "trash")
    if trash is None:
        return []
    try:
        with os.scandir(trash) as entries:
            return sorted(Path(one.path) for one in entries if one.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _read(folder: Path) -> Trashed | None:
    try:
        manifest = json.loads(read_small(folder / _MANIFEST, _MAX_MANIFEST))
        row = manifest["row"]
        trashed = Trashed(
            folder.name,
            folder,
            str(manifest["listing"]),
            str(manifest["session_id"]),
            datetime.fromisoformat(manifest["at"]).astimezone(UTC),
            str(manifest["operator"]),
            tuple(str(place) for place in manifest["places"]),
            None if row is None else Row(**row),
            str(manifest["zone"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    is_sound = is_session_id(trashed.session_id) and is_listing_id(trashed.listing)
    return trashed if is_sound and _is_row_of(trashed) else None


def _is_row_of(trashed: Trashed) -> bool:
    """Whether the manifest's row is one of its session: the file may have been edited."""
    row = trashed.row
    if row is None:
        return True
    texts = [value for name, value in asdict(row).items() if name != "metadata"]
    is_text = all(isinstance(text, str) for text in texts)
    return is_text and isinstance(row.metadata, str | None) and row.session_id == trashed.session_id


def _inside(listing_path: Path, place: str) -> Path:
    """Return the path of a manifest's place, or raise `Refused` when it leads out."""
    parts = PurePosixPath(place).parts
    if not parts or ".." in parts or place.startswith("/") or "\0" in place:
        raise Refused("the manifest names a place outside the listing")
    path = listing_path
    for part in parts[:-1]:
        path = path / part
        if is_link(path):
            raise Refused(f"{part} has become a link: nothing is restored through it")
    return path / parts[-1]
