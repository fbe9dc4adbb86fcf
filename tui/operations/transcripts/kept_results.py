"""Results that the CLI keeps beside a transcript, put in the place of their previews."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tui.claude.transcript_files.kept_results import (
    KeptResult,
    names_of_kept,
    note_of,
    read_kept_result,
)
from tui.core.limits import KEPT_COUNTED, KEPT_SHOWN, KEPT_SHOWN_PAGE, LONGEST_LINE
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.safe_text import one_line, safe_text
from tui.core.text.sizes import size_text
from tui.core.values import replace

_MORE = "there are more stored results than are read"

Tell = Callable[[str], object]


def ignore(_: str) -> None:
    """Ignore a message."""


def in_sight(
    entries: Iterable[Entry], folder: Path | None, tell: Tell = ignore
) -> tuple[Entry, ...]:
    """Return entries for display: kept results have their text, within bounds.

    `tell` is called for each that exists and cannot be read.
    """
    left, found = KEPT_SHOWN_PAGE, list[Entry]()
    for entry in entries:
        one = _shown(entry, folder, min(KEPT_SHOWN, left), tell) if entry.kept and folder else entry
        left -= len(one.detail) if entry.kept else 0
        found.append(one)
    return tuple(found)


def with_whole_result(entry: Entry, folder: Path | None, tell: Tell = ignore) -> Entry:
    """Return an entry with its whole result, wherever that is kept; a huge one is cut.

    Its last line says what is missing; `tell` is as in `in_sight`.
    """
    if not entry.kept or folder is None:
        return entry
    try:
        kept = read_kept_result(folder, entry.kept, LONGEST_LINE)
    except OSError as error:
        return replace(entry, detail=f"{entry.detail}\n{_unread(entry.kept, error, tell)}")
    return replace(entry, text=_summary(entry, kept), detail=_text(entry, kept, LONGEST_LINE))


def unclaimed(folder: Path, tell: Tell = ignore) -> Iterator[Entry]:
    """Yield the kept results of a session whose transcript is gone.

    `tell` is as in `in_sight`.
    """
    names, is_all = names_of_kept(folder)
    for name in names:
        try:
            at = read_kept_result(folder, name, 0).at
        except FileNotFoundError:
            continue
        except OSError as error:
            yield Entry(EntryKind.NOTICE, _unread(name, error, tell))
            continue
        yield replace(
            with_whole_result(Entry(EntryKind.RESULT, "", at=at, kept=name), folder, tell),
            text=one_line(name),
        )
    if not is_all:
        tell(_MORE)
        yield Entry(EntryKind.NOTICE, _MORE)


def _shown(entry: Entry, folder: Path, most: int, tell: Tell) -> Entry:
    try:
        kept = read_kept_result(folder, entry.kept, KEPT_COUNTED)
    except OSError as error:
        said = _unread(entry.kept, error, tell)
        return replace(entry, text=said, detail=f"{entry.detail}\n{said}")
    text = entry.text if entry.is_error else _summary(entry, kept)
    return replace(entry, text=text, detail=_text(entry, kept, most) if most > 0 else entry.detail)


def _summary(entry: Entry, kept: KeptResult) -> str:
    part = note_of(entry.detail).part
    if kept.size > len(kept.content):
        return size_text(kept.size) + (f", {part}" if part else "")
    lines = kept.content.rstrip(b"\n").count(b"\n") + 1
    return f"{lines:,} line{'' if lines == 1 else 's'}" + (f", {part}" if part else "")


def _text(entry: Entry, kept: KeptResult, most: int) -> str:
    """Return the kept text in the place of its preview, with what surrounds that."""
    shown = kept.content[:most].decode("utf-8", "replace")
    more = kept.size - min(most, len(kept.content))
    note = note_of(entry.detail)
    whole = (
        note.before,
        safe_text(shown),
        f"\n[{more:,} more bytes of {kept.size:,}]" if more > 0 else "",
        f"\n[{note.part}]" if note.part else "",
        note.after,
    )
    return "".join(whole)


def _unread(name: str, error: OSError, tell: Tell) -> str:
    """Return what stands for an unreadable result; `tell` is called unless nothing is there."""
    if isinstance(error, FileNotFoundError):
        return f"[only its beginning: {one_line(name)}, where it was stored, is missing]"
    why = f"{one_line(name)} cannot be read: {error.strerror or error}"
    tell(why)
    return f"[only its beginning: {why}]"
