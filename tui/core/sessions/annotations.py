"""The rules for tags and notes: what may be written, and what becomes of those there are."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime

from tui.core.errors import UsageError
from tui.core.models.annotation import Annotation, Note, Tag
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import replace

LONGEST_TAG = 32
MOST_TAGS = 16
LONGEST_NOTE = 500
# Each can be typed in a filter, and none is taken for an option or for `!`.
_TAG = late_pattern(rf"[^\W_][\w.-]{{0,{LONGEST_TAG - 1}}}")
_ALLOWED = f"letters, digits, `-`, `_` and `.`, at most {LONGEST_TAG}, a letter or digit first"


def tag_name(typed: str) -> str:
    """Return a tag as it is stored, in lower case; raises `UsageError` for what is none."""
    name = unicodedata.normalize("NFC", typed.strip()).lower()
    if not is_tag_name(name):
        raise UsageError(f"{one_line(typed)[:40]!r} is not a tag: use {_ALLOWED}")
    return name


def is_tag_name(name: str) -> bool:
    """Whether a tag can have this name."""
    return _TAG.fullmatch(name) is not None and one_line(name) == name


def note_text(typed: str) -> str:
    """Return a note as it is stored, on one line; raises `UsageError` when it is too long."""
    text = one_line(typed)
    if len(text) > LONGEST_NOTE:
        raise UsageError(f"the note has {len(text)} characters: it may have {LONGEST_NOTE} at most")
    return text


def with_tags(before: Annotation, names: Iterable[str], *, by: str, at: datetime) -> Annotation:
    """Return an annotation with more tags; one that is there keeps who set it.

    Raises `UsageError` when there would be too many.
    """
    known = {one.name: one for one in before.tags}
    tags = {name: Tag(name=name, by=by, at=at) for name in names} | known
    if len(tags) > MOST_TAGS and len(tags) > len(known):
        raise UsageError(f"a session has {MOST_TAGS} tags at most, and this would make {len(tags)}")
    return replace(before, tags=tuple(tags[name] for name in sorted(tags)))


def without_tags(before: Annotation, names: Iterable[str]) -> Annotation:
    """Return an annotation without these tags."""
    gone = frozenset(names)
    return replace(before, tags=tuple(one for one in before.tags if one.name not in gone))


def with_note(before: Annotation, content: str, *, by: str, at: datetime) -> Annotation:
    """Return an annotation with this note, an empty one for none."""
    if before.note is not None and before.note.content == content:
        return before
    return replace(before, note=Note(content=content, by=by, at=at) if content else None)
