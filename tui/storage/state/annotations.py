"""The tags and notes of a listing's sessions, which all operators see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.session_id import is_session_id
from tui.core.errors import Refused
from tui.core.models.annotation import NO_ANNOTATION, Annotation, Note, Tag
from tui.core.sessions.annotations import LONGEST_NOTE, MOST_TAGS, is_tag_name
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.storage.state.json_file import SharedFile

ANNOTATIONS = "annotations.json"
_FILE = SharedFile(ANNOTATIONS)
Change = Callable[[Annotation], Annotation]


def read_annotations(listing_path: Path) -> dict[str, Annotation]:
    """Return the annotations by session id; raises `OSError` when they cannot be read."""
    stored = _FILE.read(listing_path).items()
    return {key: one for key, value in stored if (one := _annotation(key, value))}


def annotated_ids(listing_path: Path) -> frozenset[str]:
    """Return the ids that have an entry, valid or not; raises as `read_annotations`."""
    return frozenset(_FILE.read(listing_path))


def change_annotation(
    listing_path: Path, session_id: str, change: Change
) -> tuple[Annotation, Annotation]:
    """Replace a session's annotation by what `change` makes of it; return both.

    Entries of other sessions stay as they are, valid or not. Raises what `change` does, `OSError`,
    and `Refused` when another process keeps the file locked, it would be too large to be read
    again, or what is stored for this session is not valid.
    """
    with _FILE.locked(listing_path):
        stored = _FILE.read(listing_path)
        value = stored.pop(session_id, None)
        before = _annotation(session_id, value) or NO_ANNOTATION
        after = change(before)
        if after != before:
            _require_whole(value, before)
            new = {session_id: _stored(after)} if after != NO_ANNOTATION else {}
            _write(listing_path, stored | new)
    return before, after


def forget_annotation(listing_path: Path, session_id: str) -> None:
    """Remove a session's tags and note; raises as `change_annotation`."""
    if session_id in _FILE.read(listing_path):
        with _FILE.locked(listing_path):
            stored = _FILE.read(listing_path)
            stored.pop(session_id, None)
            _write(listing_path, stored)


def move_annotation(source: Path, target: Path, session_id: str) -> None:
    """Move a session's tags and note to another listing; raises as `change_annotation`.

    What the target already has stays, and so does what cannot be written there.
    """
    moved = _FILE.read(source).get(session_id)
    if source == target or _annotation(session_id, moved) is None:
        return
    with _FILE.locked(target):
        stored = _FILE.read(target)
        if session_id not in stored:
            _write(target, stored | {session_id: moved})
    forget_annotation(source, session_id)


def _require_whole(value: Any, read: Annotation) -> None:
    """Raise `Refused` when a stored entry has more than was read: writing would remove it."""
    facts = value if isinstance(value, dict) else {}
    tags, note = facts.get("tags", {}), facts.get("note")
    has_all_tags = isinstance(tags, dict) and len(tags) == len(read.tags)
    is_object = value is None or isinstance(value, dict)
    if not is_object or not has_all_tags or (note is None) is not (read.note is None):
        raise Refused(f"{ANNOTATIONS} has an invalid entry for this session: it is not overwritten")


def _write(listing_path: Path, facts: Mapping[str, Any]) -> None:
    if not _FILE.fits(facts):
        raise Refused("this listing's tags and notes are full: remove some, or purge old sessions")
    _FILE.write(listing_path, facts)


def _stored(one: Annotation) -> dict[str, Any]:
    note = one.note
    said = {"text": note.content, **_signed(note)} if note is not None else None
    return {
        **({"tags": {tag.name: _signed(tag) for tag in one.tags}} if one.tags else {}),
        **({"note": said} if said else {}),
    }


def _signed(one: Tag | Note) -> dict[str, str]:
    return {"by": one.by, "at": one.at.isoformat()}


def _annotation(session_id: str, value: Any) -> Annotation | None:
    if not isinstance(value, dict) or not is_session_id(session_id):
        return None
    stored = value.get("tags")
    named = stored.items() if isinstance(stored, dict) else ()
    tags = [tag for name, facts in named if (tag := _tag(name, facts))][:MOST_TAGS]
    note = _note(value.get("note"))
    if not tags and note is None:
        return None
    return Annotation(tags=tuple(sorted(tags, key=lambda tag: tag.name)), note=note)


def _tag(name: str, facts: Any) -> Tag | None:
    signed = _signature(facts)
    if signed is None or not is_tag_name(name):
        return None
    return Tag(name=name, by=signed[0], at=signed[1])


def _note(facts: Any) -> Note | None:
    signed = _signature(facts)
    stored = facts.get("text") if isinstance(facts, dict) else None
    if signed is None or not isinstance(stored, str):
        return None
    content = one_line(stored[: 4 * LONGEST_NOTE])[:LONGEST_NOTE]
    return Note(content=content, by=signed[0], at=signed[1]) if content else None


def _signature(facts: Any) -> tuple[str, datetime] | None:
    """Return who wrote it and when; `None` for garbage."""
    at = read_time(facts.get("at"), UTC) if isinstance(facts, dict) else None
    return None if at is None else (one_line(facts.get("by") or "")[:64], at)
