"""A delete can be undone byte for byte, and its manifest can lead nowhere else."""

from __future__ import annotations

import errno
import json
import os
import resource
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sample_listing import FIRST, snapshot
from tui.core.errors import ConsoleError, Refused
from tui.core.models import Row
from tui.storage.trash import (
    Trashed,
    drop,
    list_trash,
    moved_to_trash,
    put_back,
    unreadable_trash,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROW = Row(FIRST, "hollis_park", "3", "2026-11-01T12:00:00", "2026-11-25T12:00:00", "active", "{}")


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "hollis_park"
    (folder / "projects" / FIRST).mkdir(parents=True)
    (folder / "projects" / f"{FIRST}.jsonl").write_bytes(b"\0\xff half a li")
    (folder / "projects" / FIRST / "agent.jsonl").write_text("x")
    (folder / "projects" / FIRST / "link").symlink_to("../../elsewhere")
    (folder / "projects" / FIRST / "script").write_text("x")
    (folder / "projects" / FIRST / "script").chmod(0o751)
    (folder / "elsewhere").write_text("keep me")
    for index, path in enumerate(sorted(folder.rglob("*"), reverse=True)):
        os.utime(path, (1_700_000_000, 1_700_000_000 + index), follow_symlinks=False)
    return folder


def paths(listing: Path) -> list[Path]:
    return [listing / "projects" / f"{FIRST}.jsonl", listing / "projects" / FIRST]


def trash(listing: Path, moved: list[Path] | None = None, row: Row = ROW) -> Trashed:
    with moving(listing, moved, row) as trashed:
        return trashed


def moving(
    listing: Path, moved: list[Path] | None = None, row: Row = ROW
) -> AbstractContextManager[Trashed]:
    return moved_to_trash(
        listing.parent,
        listing,
        FIRST,
        paths(listing) if moved is None else moved,
        at=NOW,
        operator="anna",
        row=row,
        zone="UTC",
    )


def facts(listing: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all but the folder that things were moved out of and into again."""
    return {name: one for name, one in snapshot(listing).items() if name not in (".", "projects")}


def rewrite(trashed: Trashed, **changes: Any) -> None:
    path = trashed.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def listed(listing: Path) -> Trashed:
    (found,) = list_trash(listing.parent, [listing])
    return found


def test_what_is_moved_comes_back_as_it_was(listing: Path) -> None:
    before = facts(listing)
    trashed = trash(listing)
    assert set(facts(listing)) == {"elsewhere"}
    assert listed(listing) == trashed
    assert trashed.folder.is_relative_to(listing.parent / ".session_console" / "trash")
    put_back(trashed, listing)
    put_back(trashed, listing)
    drop(trashed)
    assert facts(listing) == before
    assert list_trash(listing.parent) == ()
    assert list(trashed.folder.parent.iterdir()) == []


def test_a_folder_that_is_gone_is_made_again(listing: Path) -> None:
    before = facts(listing)
    trashed = trash(listing)
    (listing / "projects").rmdir()
    put_back(trashed, listing)
    assert facts(listing) == before


@pytest.mark.parametrize("in_the_way", ["file", "folder", "dangling link"])
def test_nothing_is_restored_over_something_new(listing: Path, in_the_way: str) -> None:
    trashed = trash(listing)
    target = paths(listing)[1]
    if in_the_way == "file":
        target.write_text("new")
    elif in_the_way == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    before = snapshot(listing.parent)
    with pytest.raises(Refused, match="exists again"):
        put_back(trashed, listing)
    assert snapshot(listing.parent) == before


def test_when_one_cannot_be_moved_all_stay(listing: Path) -> None:
    """Without the way back the first file would be gone and the row still there."""
    before = facts(listing)
    with pytest.raises(ConsoleError, match="cannot be moved"):
        trash(listing, [*paths(listing), listing / "missing"])
    assert facts(listing) == before
    assert list_trash(listing.parent) == ()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ConsoleError, ValueError])
def test_whatever_stops_a_delete_puts_everything_back(
    listing: Path, error: type[BaseException]
) -> None:
    """Caught as `Exception`, an interrupt would leave the session hidden in the trash."""
    before = facts(listing)
    with pytest.raises(error), moving(listing):
        raise error
    assert facts(listing) == before
    assert list((listing.parent / ".session_console" / "trash").iterdir()) == []


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_a_row_of_any_size_comes_back(listing: Path, size: int) -> None:
    row = replace(ROW, metadata="\u2028x" * size)
    trash(listing, row=row)
    assert listed(listing).row == row


def test_what_could_not_be_read_back_is_not_moved(listing: Path) -> None:
    """A delete that cannot be undone must not begin: this row is none of its session."""
    before = facts(listing)
    with pytest.raises(ConsoleError, match="does not read as it was written"):
        trash(listing, row=replace(ROW, session_id="another"))
    assert facts(listing) == before
    assert list((listing.parent / ".session_console" / "trash").iterdir()) == []


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a full disk: no file of this process grows past `size`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_half_made_and_names_the_way_out(listing: Path) -> None:
    older = trash(listing, paths(listing)[1:])
    before = facts(listing)
    with files_no_larger_than(16), pytest.raises(ConsoleError) as raised:
        trash(listing, paths(listing)[:1])
    said = str(raised.value)
    assert said.startswith("nothing was deleted: the trash cannot be written: ")
    assert os.strerror(errno.EFBIG) in said
    assert f"Free some space on that disk first; {older.folder.parent} holds 0.0 MB" in said
    assert facts(listing) == before
    assert list(older.folder.parent.iterdir()) == [older.folder]


def test_a_trash_that_cannot_be_made_moves_nothing(listing: Path) -> None:
    (listing.parent / ".session_console").write_text("in the way")
    before = snapshot(listing)
    with pytest.raises(ConsoleError, match="trash cannot be written"):
        trash(listing)
    assert snapshot(listing) == before


def test_a_trash_behind_a_link_is_neither_filled_nor_read(listing: Path, tmp_path: Path) -> None:
    trashed = trash(listing)
    outside = tmp_path / "outside"
    trashed.folder.parent.rename(outside)
    (listing.parent / ".session_console" / "trash").symlink_to(outside)
    assert list_trash(listing.parent) == ()
    put_back_by_hand = outside / trashed.folder.name / "files" / "0"
    put_back_by_hand.rename(paths(listing)[0])
    with pytest.raises(ConsoleError):
        trash(listing, [paths(listing)[0]])
    assert paths(listing)[0].exists()


@pytest.mark.parametrize(
    "place",
    ["../outside", "/etc/x", "a/../../x", "..", "", ".", "a\0b", "linked/x", "projects/linked/x"],
)
def test_a_place_outside_the_listing_is_refused(listing: Path, place: str) -> None:
    trashed = trash(listing)
    outside = listing.parent / "elsewhere"
    outside.mkdir()
    (listing / "linked").symlink_to(outside)
    (listing / "projects" / "linked").symlink_to(outside)
    rewrite(trashed, places=[place, *trashed.places[1:]])
    before = snapshot(listing.parent)
    with pytest.raises(Refused, match=r"outside the listing|has become a link"):
        put_back(listed(listing), listing)
    assert snapshot(listing.parent) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"session_id": "../../x"},
        {"session_id": ""},
        {"listing": "../x"},
        {"listing": ".hidden"},
        {"at": "soon"},
        {"at": 7},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"places": 7},
        {"row": {"session_id": FIRST}},
        {"row": "text"},
        {"row": [1]},
        {"row": dict.fromkeys(ROW.__slots__, 7)},
        {"row": dict.fromkeys(ROW.__slots__, "another session's")},
        {"row": dict.fromkeys(ROW.__slots__, FIRST) | {"metadata": {"a": 1}}},
    ],
)
def test_a_hostile_manifest_is_left_alone(listing: Path, changes: dict[str, Any]) -> None:
    trashed = trash(listing)
    rewrite(trashed, **changes)
    assert list_trash(listing.parent) == ()
    assert unreadable_trash(listing.parent, [listing]) == (trashed.folder,)
    assert trashed.moved(0).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 60_000])
def test_a_broken_manifest_hides_no_other(listing: Path, content: bytes) -> None:
    trash(listing)
    for name in ("a", "b"):
        (listing.parent / ".session_console" / "trash" / name).mkdir()
    broken = listing.parent / ".session_console" / "trash" / "a" / "manifest.json"
    broken.write_bytes(content)
    os.mkfifo(broken.parent.parent / "b" / "manifest.json")
    assert listed(listing).session_id == FIRST
    assert unreadable_trash(listing.parent) == (broken.parent, broken.parent.parent / "b")


def test_the_newest_is_listed_first(listing: Path) -> None:
    first = trash(listing, paths(listing)[:1])
    second = trash(listing, paths(listing)[1:])
    rewrite(second, at="2026-11-21T12:00:00+00:00")
    assert [one.trash_id for one in list_trash(listing.parent)] == [
        second.trash_id,
        first.trash_id,
    ]
