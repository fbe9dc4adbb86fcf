"""Tags and notes: what others wrote there is garbage at worst, and nobody's is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND
from tests.support.listings.shared_file import shared_file, write_at_once
from tui.core.errors import Refused
from tui.core.models.annotation import NO_ANNOTATION, Annotation, Note, Tag
from tui.core.sessions.annotations import LONGEST_NOTE, MOST_TAGS
from tui.storage.state.annotations import (
    ANNOTATIONS,
    change_annotation,
    forget_annotation,
    move_annotation,
    read_annotations,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = NOW.isoformat()
TAGGED = Annotation(
    tags=(Tag(name="urgent", by="anna", at=NOW),), note=Note(content="call", by="bert", at=NOW)
)
WRITE = """
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tui.core.sessions.annotations import with_tags
from tui.storage.state.annotations import change_annotation
for number in range(10):
    change = partial(with_tags, names=[f"{sys.argv[2]}-{number}"], by="x", at=datetime.now(UTC))
    change_annotation(Path(sys.argv[1]), f"{sys.argv[3][:-1]}{number}", change)
"""


def place(listing: Path) -> Path:
    return shared_file(listing, ANNOTATIONS)


def put(listing: Path, session_id: str, annotation: Annotation = TAGGED) -> None:
    change_annotation(listing, session_id, lambda _: annotation)


def test_what_is_written_is_read(listing: Path) -> None:
    assert read_annotations(listing) == {}
    put(listing, FIRST)
    put(listing, SECOND)
    assert read_annotations(listing) == {FIRST: TAGGED, SECOND: TAGGED}
    put(listing, SECOND, NO_ANNOTATION)
    assert read_annotations(listing) == {FIRST: TAGGED}


def test_what_is_forgotten_is_gone_and_the_others_stay(listing: Path) -> None:
    put(listing, FIRST)
    put(listing, SECOND)
    forget_annotation(listing, FIRST)
    forget_annotation(listing, "never-was")
    assert read_annotations(listing) == {SECOND: TAGGED}
    assert FIRST not in place(listing).read_text()


def test_reading_and_changing_nothing_makes_nothing(listing: Path) -> None:
    read_annotations(listing)
    forget_annotation(listing, FIRST)
    assert list(listing.iterdir()) == []


def test_writers_at_the_same_moment_lose_nothing(listing: Path) -> None:
    """Without the lock most of them would."""
    write_at_once(WRITE, [[str(listing), f"w{number}", FIRST] for number in range(4)])
    assert sum(len(one.tags) for one in read_annotations(listing).values()) == 40


@pytest.mark.parametrize(
    "stored",
    [
        "text",
        {"tags": "text"},
        {"tags": {"a b": {"by": "x", "at": AT}}},
        {"tags": {"\x1b[31m": {"by": "x", "at": AT}}},
        {"tags": {"x" * 99: {"by": "x", "at": AT}}},
        {"tags": {"urgent": "text"}},
        {"tags": {"urgent": {"by": "x", "at": "soon"}}},
        {"note": "text"},
        {"note": {"text": 7, "by": "x", "at": AT}},
        {"note": {"text": "\x1b[31m", "by": "x", "at": AT}},
    ],
)
def test_garbage_was_never_said(listing: Path, stored: Any) -> None:
    place(listing).write_text(json.dumps({FIRST: stored}))
    assert read_annotations(listing) == {}
    put(listing, SECOND)
    assert read_annotations(listing) == {SECOND: TAGGED}
    assert json.loads(place(listing).read_text())[FIRST] == stored
    with pytest.raises(Refused, match="an invalid entry for this session"):
        put(listing, FIRST)
    forget_annotation(listing, FIRST)
    put(listing, FIRST)
    assert read_annotations(listing) == {FIRST: TAGGED, SECOND: TAGGED}


@pytest.mark.parametrize("content", ["", "{", '{"a": 1} x', "[]", "null", "[" * 100_000])
def test_a_damaged_file_is_not_empty_and_not_written_over(listing: Path, content: str) -> None:
    place(listing).write_text(content)
    for act in (
        read_annotations,
        lambda path: put(path, FIRST),
        lambda path: forget_annotation(path, FIRST),
    ):
        with pytest.raises(OSError, match=r"annotations\.json is damaged"):
            act(listing)
    assert place(listing).read_text() == content


def test_an_entry_moves_as_it_is_stored(listing: Path, tmp_path: Path) -> None:
    stored = {"tags": {"urgent": {"by": "x", "at": AT}, "a b": "of a later version"}}
    place(listing).write_text(json.dumps({FIRST: stored}))
    other = tmp_path / "oak"
    other.mkdir()
    move_annotation(listing, other, FIRST)
    assert json.loads(place(other).read_text()) == {FIRST: stored}
    assert json.loads(place(listing).read_text()) == {}


def test_what_others_wrote_is_bounded_and_safe_to_show(listing: Path) -> None:
    name = {"by": "an\x1b[31mna" * 40, "at": AT}
    tags = {f"t{number}": name for number in range(500)}
    note = {"text": "\x1b]0;title\x07a\u202eb" * 5000, **name}
    place(listing).write_text(json.dumps({FIRST: {"tags": tags, "note": note}, "../x": {}}))
    (one,) = read_annotations(listing).values()
    assert len(one.tags) == MOST_TAGS
    assert one.tags[0].by == ("anna" * 40)[:64]
    assert one.note is not None
    assert len(one.note.content) <= LONGEST_NOTE
    assert set(one.note.content) == {"a", "b"}


def fill(listing: Path, one: Annotation, count: int) -> None:
    for number in range(count):
        put(listing, f"{SECOND[:-4]}{number:04x}", one)


def test_a_file_that_could_not_be_read_again_is_not_written(listing: Path) -> None:
    note = {"text": "\u00fc" * LONGEST_NOTE, "by": "anna", "at": AT}
    room = 1024 * 1024 // len(json.dumps(note))
    ids = [f"{FIRST[:-4]}{number:04x}" for number in range(room - 8)]
    place(listing).write_text(json.dumps({one: {"note": note} for one in ids[:-12]}))
    full = Annotation(note=Note(content="\u00fc" * LONGEST_NOTE, by="anna", at=NOW))
    before = read_annotations(listing)
    with pytest.raises(Refused, match="are full"):
        fill(listing, full, 40)
    assert len(read_annotations(listing)) > len(before) > 200
    forget_annotation(listing, ids[0])
    put(listing, FIRST, full)


def test_what_cannot_be_read_is_not_written_over(listing: Path) -> None:
    place(listing).write_bytes(b" " * (1024 * 1024 + 1))
    for act in (read_annotations, lambda path: put(path, FIRST)):
        with pytest.raises(OSError, match="not a small file"):
            act(listing)
    assert place(listing).stat().st_size == 1024 * 1024 + 1
