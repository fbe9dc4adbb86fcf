"""Lists the trash, and previews one session in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from tui.claude.layout import transcript_name
from tui.claude.transcript.line_parser import parse_line
from tui.core.errors import UnknownId
from tui.core.limits import MOST_SHOWN_FILES
from tui.core.models.entry import Entry, EntryKind
from tui.core.values import dataclass
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import Context
from tui.operations.interrupted_purges import left_in_trash
from tui.operations.transcripts.last_line import end_of
from tui.operations.trash.restore import find_trashed
from tui.safe_io.folders import is_folder, is_link, may_be_there
from tui.safe_io.opening import regular
from tui.safe_io.walking import FolderSize, Walk
from tui.storage.trash.erasing import measure_trashed, measures
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import read_trash

_TALK = (EntryKind.PROMPT, EntryKind.TEXT)
_ENDS = 256 * 1024


@dataclass(frozen=True, slots=True)
class TrashedSession:
    """A session in the trash, its size, and when it may be erased."""

    trashed: Manifest
    size: FolderSize
    purge_at: datetime


@dataclass(frozen=True, slots=True)
class TrashPreview:
    """A preview of a session in the trash: its files with their bytes, its first and last words.

    `problems` say what could not be shown, and why.
    """

    found: TrashedSession
    files: tuple[tuple[str, int], ...]
    first: str = ""
    last: str = ""
    problems: tuple[str, ...] = ()


def trash_of(context: Context, *, listing: str = "") -> tuple[TrashedSession, ...]:
    """Return what is in the trash, newest first, of one listing if its folder is named."""
    return trash_and_problems(context, listing=listing)[0]


def trash_and_problems(
    context: Context, *, listing: str = ""
) -> tuple[tuple[TrashedSession, ...], tuple[str, ...]]:
    """Return the same, and what was not read, not counted or only half erased."""
    every, unread = read_trash(context.root, listing_paths(context.root))
    found = [one for one in every if listing in ("", one.listing)]
    sizes = measures(found)
    cut = next((one.cut for one in sizes if one.cut), "")
    uncounted = (f"not all of it was counted: {cut}",) if cut else ()
    pairs = zip(found, sizes, strict=True)
    left = left_in_trash(context.root, listing_paths(context.root))
    said = (one.whole_words for one in left if listing in ("", one.listing))
    return tuple(_in_trash(context, *pair) for pair in pairs), (*unread, *uncounted, *said)


def preview(context: Context, words: str) -> TrashPreview:
    """Return a preview of what `words` name in the trash; raises `UnknownId` or `AmbiguousId`."""
    trashed = find_trashed(context, words)
    unread: list[str] = []
    files = tuple(_files(trashed, unread))
    first, last = _ends(trashed, unread)
    found = _in_trash(context, trashed, measure_trashed(trashed))
    return TrashPreview(found, files, first, last, tuple(unread))


def _in_trash(context: Context, trashed: Manifest, size: FolderSize) -> TrashedSession:
    kept = timedelta(days=context.settings.trash_days)
    return TrashedSession(trashed, size, trashed.at + kept)


def _files(trashed: Manifest, unread: list[str]) -> Iterator[tuple[str, int]]:
    """Yield the files, by their former names below the listing, with their bytes."""
    for index, place in enumerate(trashed.places):
        moved = trashed.moved(index)
        if is_link(moved) or not is_folder(moved):
            try:
                yield place, moved.lstat().st_size
            except FileNotFoundError:
                pass
            except OSError as error:
                unread.append(f"{place} cannot be read: {error.strerror}")
            continue
        walk = Walk(moved, most=MOST_SHOWN_FILES)
        yield from sorted(
            (f"{place}/{one.place}", one.status.st_size) for one in walk if not one.is_folder
        )
        if walk.cut:
            unread.append(f"{place}: not fully listed: {walk.cut}")


def _ends(trashed: Manifest, unread: list[str]) -> tuple[str, str]:
    """Return the first and the last entry of its transcript, safe to show."""
    ending = transcript_name(trashed.session_id)
    moved = (trashed.moved(at) for at, one in enumerate(trashed.places) if one.endswith(ending))
    path = next(moved, None)
    if path is None or not may_be_there(path):
        return "", ""
    try:
        with regular(path) as (fd, _):
            head = os.pread(fd, _ENDS, 0).split(b"\n")
        tail = end_of(path, _ENDS)
    except (OSError, UnknownId) as error:
        unread.append(f"{ending} cannot be read: {getattr(error, 'strerror', '') or error}")
        return "", ""
    first = next((one.text for one in _spoken(head)), "")
    last = [one.text for one in _spoken([line.raw for line in tail])]
    return first, last[-1] if last else ""


def _spoken(lines: list[bytes]) -> Iterator[Entry]:
    entries = (entry for line in lines for entry in parse_line(line))
    return (one for one in entries if one.kind in _TALK and not one.is_sidechain)
