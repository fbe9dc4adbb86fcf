"""The trash: whole footprints moved aside by rename, with a manifest that can undo it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from tui.core.errors import ConsoleError, Refused
from tui.core.models import Row
from tui.core.session_id import is_listing_id, is_session_id
from tui.storage.folders import OURS, console_folder, read_small, write_atomically


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


def move_to_trash(
    root: Path,
    listing_path: Path,
    session_id: str,
    paths: Iterable[Path],
    *,
    at: datetime,
    operator: str,
    row: Row | None,
    zone: str,
) -> Trashed:
    """Write the intent down, then rename every path into the trash; all or none.

    Raises `ConsoleError` when the folder cannot be written; what had moved is put back.
    """
    places = tuple(str(path.relative_to(listing_path)) for path in paths)
    try:
        folder = _new_folder(root, listing_path, session_id, at)
        trashed = Trashed(
            folder.name, folder, listing_path.name, session_id, at, operator, places, row, zone
        )
        (folder / "files").mkdir()
        _write_manifest(trashed)
    except OSError as error:
        raise ConsoleError(f"the trash cannot be written: {error.strerror}") from error
    try:
        for index, place in enumerate(places):
            (listing_path / place).rename(trashed.moved(index))
    except OSError as error:
        put_back(trashed, listing_path)
        drop(trashed)
        raise ConsoleError(f"{error.filename} cannot be moved: {error.strerror}") from error
    return trashed


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
    """Remove the emptied folder of a delete, its manifest last: it explains the rest."""
    with suppress(OSError):
        (trashed.folder / "files").rmdir()
        (trashed.folder / "manifest.json").unlink()
        trashed.folder.rmdir()


def list_trash(root: Path, listing_paths: Iterable[Path] = ()) -> tuple[Trashed, ...]:
    """Return what lies in the trash of the root and of the listings, newest first."""
    folders = [base / OURS / "trash" for base in (root, *listing_paths)]
    found = [trashed for folder in folders for trashed in _in_folder(folder)]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _new_folder(root: Path, listing_path: Path, session_id: str, at: datetime) -> Path:
    """Make the delete's own folder on the listing's file system, where a rename is enough."""
    is_same = root.stat().st_dev == listing_path.stat().st_dev
    trash = console_folder(root if is_same else listing_path, "trash")
    name = f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{session_id[:8]}-{secrets.token_hex(2)}"
    folder = trash / name
    folder.mkdir()
    shutil.copymode(trash, folder)
    return folder


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
    write_atomically(trashed.folder / "manifest.json", json.dumps(manifest, indent=1))


def _in_folder(folder: Path) -> list[Trashed]:
    if folder.is_symlink() or folder.parent.is_symlink():
        return []
    try:
        with os.scandir(folder) as entries:
            paths = [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    read = (_read(path) for path in paths)
    return [trashed for trashed in read if trashed is not None]


def _read(folder: Path) -> Trashed | None:
    try:
        manifest = json.loads(read_small(folder / "manifest.json"))
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
        if path.is_symlink():
            raise Refused(f"{part} has become a link: nothing is restored through it")
    return path / parts[-1]
