"""Moves what is in the trash back to where it was, over nothing, and through no link."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath

from tui.core.errors import Conflict, ConsoleError, Refused
from tui.safe_io.folders import is_link
from tui.safe_io.replacing import OpenFolders, make_folders
from tui.storage.trash.manifest import Manifest


def require_way_back(
    trashed: Manifest, listing_path: Path, folders: OpenFolders
) -> tuple[tuple[str, str], ...]:
    """Return the source and target of each file to restore; after an interruption, the rest.

    Raises `Conflict` when a target exists again, `Refused` when one is outside the listing, and
    `ConsoleError` when this cannot be checked.
    """
    targets = [_inside(listing_path, place, folders) for place in trashed.places]
    pairs = [(str(trashed.moved(index)), target) for index, target in enumerate(targets)]
    pending = tuple(pair for pair in pairs if _is_there(pair[0], folders))
    for _, target in pending:
        if _is_there(target, folders):
            raise _in_the_way(target, listing_path)
    return pending


def _is_there(path: str, folders: OpenFolders) -> bool:
    """Whether `path` exists; raises `ConsoleError` if that cannot be checked."""
    try:
        folders.status(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConsoleError(
            f"{path} cannot be checked: {error.strerror}: nothing was restored"
        ) from error
    return True


def _in_the_way(target: str, listing_path: Path) -> Conflict:
    shown = target.removeprefix(f"{listing_path}/")
    return Conflict(f"{shown} exists again: nothing was restored over it")


def put_back(trashed: Manifest, listing_path: Path, folders: OpenFolders | None = None) -> None:
    """Move all files back to their old paths, and out of the trash; safe to do twice.

    `folders` are those opened for others that are put back with it. Raises `Refused` before
    anything moves, as `require_way_back` does, else `ConsoleError`.
    """
    if folders is None:
        with OpenFolders() as folders:
            put_back(trashed, listing_path, folders)
        return
    try:
        for moved, target in reversed(require_way_back(trashed, listing_path, folders)):
            if not folders.is_open(target):
                *parts, _ = target.removeprefix(f"{listing_path}/").split("/")
                make_folders(listing_path, *parts)
            folders.rename_anew(moved, target)
    except FileExistsError as error:  # made since the check
        raise _in_the_way(error.filename2, listing_path) from error
    except OSError as error:
        raise ConsoleError(f"{error.filename} cannot be restored: {error.strerror}") from error
    with suppress(OSError):
        folders.unlink(trashed.mark)


def _inside(listing_path: Path, place: str, folders: OpenFolders) -> str:
    """Return the path of a manifest's place; raises `Refused` if it is outside the listing."""
    parts = PurePosixPath(place).parts
    if not parts or ".." in parts or place.startswith("/") or "\0" in place:
        raise Refused("the manifest names a place outside the listing")
    path = "/".join((str(listing_path), *parts))
    if folders.is_open(path):
        return path
    above = str(listing_path)
    for part in parts[:-1]:
        above = f"{above}/{part}"
        if is_link(above):
            raise Refused(f"{part} has become a link: nothing is restored through it")
    return path
