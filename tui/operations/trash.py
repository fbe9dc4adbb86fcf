"""What the trash holds: a list of it, and a look into one session there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tui.core.models import Entry, EntryKind
from tui.core.transcript import parse_line
from tui.operations.context import Context
from tui.operations.delete import find_trashed
from tui.operations.refresh import listing_paths
from tui.storage.erasing import Measure, measure, measure_trashed
from tui.storage.manifest import Trashed
from tui.storage.tail import Tail
from tui.storage.trash import list_trash

_TALK = (EntryKind.PROMPT, EntryKind.TEXT)
_ENDS = 256 * 1024


@dataclass(frozen=True, slots=True)
class InTrash:
    """A session in the trash, how much of it there is, and from when on it may be erased."""

    trashed: Trashed
    size: Measure
    purge_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """A look at a session in the trash: its files with their bytes, its first and last words."""

    found: InTrash
    files: tuple[tuple[str, int], ...]
    first: str = ""
    last: str = ""


def trash_of(context: Context, *, listing: str = "") -> tuple[InTrash, ...]:
    """Return what is in the trash, newest first, of one listing if its folder is named."""
    found = list_trash(context.root, listing_paths(context.root))
    return tuple(_in_trash(context, one) for one in found if listing in ("", one.listing))


def preview(context: Context, words: str) -> Preview:
    """Return a look at what `words` name in the trash; raises `UnknownId` or `AmbiguousId`."""
    trashed = find_trashed(context, words)
    files = tuple(_files(trashed))
    transcripts = [path for name, path in files if name.endswith(f"{trashed.session_id}.jsonl")]
    first, last = _ends(transcripts[0]) if transcripts else ("", "")
    sizes = tuple((name, measure(path).bytes) for name, path in files)
    return Preview(_in_trash(context, trashed), sizes, first, last)


def _in_trash(context: Context, trashed: Trashed) -> InTrash:
    kept = timedelta(days=context.settings.trash_days)
    return InTrash(trashed, measure_trashed(trashed), trashed.at + kept)


def _files(trashed: Trashed) -> Iterator[tuple[str, Path]]:
    """Yield every file by the name that it had below its listing, and where it is now."""
    for index, place in enumerate(trashed.places):
        moved = trashed.moved(index)
        if moved.is_symlink() or not moved.is_dir():
            yield place, moved
            continue
        for path in sorted(moved.rglob("*")):
            if path.is_symlink() or not path.is_dir():
                yield f"{place}/{path.relative_to(moved)}", path


def _ends(path: Path) -> tuple[str, str]:
    """Return the first and the last thing that was said in a transcript, safe to show."""
    try:
        with path.open("rb") as file:
            head = file.read(_ENDS).split(b"\n")
    except OSError:
        return "", ""
    first = next((one.text for one in _said(head)), "")
    tail = Tail(path, last_bytes=_ENDS).read().lines
    last = [one.text for one in _said([line.raw for line in tail])]
    return first, last[-1] if last else ""


def _said(lines: list[bytes]) -> Iterator[Entry]:
    entries = (entry for line in lines for entry in parse_line(line))
    return (one for one in entries if one.kind in _TALK and not one.is_sidechain)
