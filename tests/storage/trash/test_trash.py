"""A delete can be undone byte for byte, and its manifest can lead nowhere else."""

from __future__ import annotations

import errno
import json
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, snapshot
from tui.core.errors import ConsoleError, Refused
from tui.core.models.row import Row
from tui.safe_io.folders import OURS
from tui.safe_io.replacing import OpenFolders
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.putting_back import put_back, require_way_back
from tui.storage.trash.trash import (
    PendingMove,
    TrashBatch,
    clear,
    drop_batch,
    list_trash,
    moving_to_trash,
    unreadable_trash,
)

PROJECT = ".claude_sessions/projects/-data-outputs"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROW = Row(FIRST, "hollis_park", "3", "2026-11-01T12:00:00", "2026-11-25T12:00:00", "active", "{}")


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "hollis_park"
    project = folder / PROJECT
    (project / FIRST).mkdir(parents=True)
    (project / f"{FIRST}.jsonl").write_bytes(b"\0\xff half a li")
    (project / FIRST / "agent.jsonl").write_text("x")
    (project / FIRST / "link").symlink_to("../../elsewhere")
    (project / FIRST / "script").write_text("x")
    (project / FIRST / "script").chmod(0o751)
    (folder / "elsewhere").write_text("keep me")
    for index, path in enumerate(sorted(folder.rglob("*"), reverse=True)):
        os.utime(path, (1_700_000_000, 1_700_000_000 + index), follow_symlinks=False)
    return folder


def paths(listing: Path) -> list[Path]:
    return [listing / PROJECT / f"{FIRST}.jsonl", listing / PROJECT / FIRST]


def trash(listing: Path, moved: list[Path] | None = None, row: Row = ROW) -> Manifest:
    with moving(listing, moved, row) as batch:
        (trashed,) = batch.sessions
        batch.move(trashed)
        batch.keep(trashed)
        return trashed


def moving(
    listing: Path, moved: list[Path] | None = None, row: Row = ROW
) -> AbstractContextManager[TrashBatch]:
    going = tuple(paths(listing) if moved is None else moved)
    doomed = [PendingMove(FIRST, going, row, "deleted", "UTC", "Pumps")]
    return moving_to_trash(
        listing.parent, listing, doomed, at=NOW, operator="anna", action="delete", act_id="a1"
    )


def trash_folder(listing: Path) -> Path:
    return listing.parent / ".session_console" / "trash"


def facts(listing: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return all but our own, and the folders that things were moved out of and into again."""
    found = snapshot(listing).items()
    changed = (".", ".claude_sessions", ".claude_sessions/projects", PROJECT)
    return {name: one for name, one in found if name not in changed and not name.startswith(OURS)}


def rewrite(trashed: Manifest, **changes: Any) -> None:
    path = trashed.batch / "manifest.json"
    manifest = json.loads(path.read_text())
    head = {name: value for name, value in changes.items() if name in manifest}
    manifest["sessions"]["0"] |= {name: changes[name] for name in changes if name not in head}
    path.write_text(json.dumps(manifest | head))


def listed(listing: Path) -> Manifest:
    (found,) = list_trash(listing.parent, [listing])
    return found


def test_what_is_moved_comes_back_as_it_was(listing: Path) -> None:
    before = facts(listing)
    trashed = trash(listing)
    assert set(facts(listing)) == {"elsewhere"}
    assert listed(listing) == trashed
    assert trashed.batch.parent == trash_folder(listing)
    put_back(trashed, listing)
    put_back(trashed, listing)
    assert facts(listing) == before
    assert list_trash(listing.parent) == ()
    drop_batch(trashed.batch)
    assert list(trash_folder(listing).iterdir()) == []


def test_a_folder_that_is_gone_is_made_again(listing: Path) -> None:
    before = facts(listing)
    trashed = trash(listing)
    (listing / PROJECT).rmdir()
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
        trash(listing, [*paths(listing), listing / ".claude_sessions" / "tasks" / FIRST])
    assert facts(listing) == before
    assert list_trash(listing.parent) == ()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ConsoleError, ValueError])
def test_whatever_stops_a_delete_puts_everything_back(
    listing: Path, error: type[BaseException]
) -> None:
    """Caught as `Exception`, an interrupt would leave the session hidden in the trash."""
    before = facts(listing)

    def stopped() -> None:
        with moving(listing) as batch:
            batch.move(batch.sessions[0])
            raise error

    with pytest.raises(error):
        stopped()
    assert facts(listing) == before
    assert list(trash_folder(listing).iterdir()) == []


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
    assert list(trash_folder(listing).iterdir()) == []


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As on a full disk: no file of this process grows past `size`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    was, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # it would be cut off
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = was


def test_a_full_disk_leaves_nothing_half_made_and_names_the_way_out(listing: Path) -> None:
    older = trash(listing, paths(listing)[1:])
    before = facts(listing)
    with files_no_larger_than(16), pytest.raises(ConsoleError) as raised:
        trash(listing, paths(listing)[:1])
    said = str(raised.value)
    assert said.startswith("nothing was moved: the trash cannot be written: ")
    assert os.strerror(errno.EFBIG) in said
    assert "Erasing needs no space: `cleanup --purge-trash`" in said
    assert "`purge ID`" in said
    assert facts(listing) == before
    assert list(trash_folder(listing).iterdir()) == [older.batch]


def test_a_trash_that_cannot_be_made_moves_nothing(listing: Path) -> None:
    (listing.parent / ".session_console").write_text("in the way")
    before = snapshot(listing)
    with pytest.raises(ConsoleError, match="trash cannot be written"):
        trash(listing)
    assert snapshot(listing) == before


def test_a_trash_behind_a_link_is_neither_filled_nor_read(listing: Path, tmp_path: Path) -> None:
    trashed = trash(listing)
    outside = tmp_path / "outside"
    trash_folder(listing).rename(outside)
    (listing.parent / ".session_console" / "trash").symlink_to(outside)
    assert list_trash(listing.parent) == ()
    put_back_by_hand = outside / trashed.batch.name / "0-0"
    put_back_by_hand.rename(paths(listing)[0])
    with pytest.raises(ConsoleError):
        trash(listing, [paths(listing)[0]])
    assert paths(listing)[0].exists()


PLACES = [
    *("../outside", "/etc/x", "a/../../x", "..", "", ".", "a\0b", "run_pipeline.py", "buyers.db"),
    *(".claude_sessions", ".claude_sessions/settings.local.json", ".claude_sessions/projects"),
    *(PROJECT, f"{PROJECT}/other.jsonl", f"{PROJECT}/{FIRST}/x", f"{PROJECT}/{FIRST}.json"),
    *(f".claude_sessions/projects/../{FIRST}", f".claude_sessions/projects/a\0b/{FIRST}"),
    *(f".claude_sessions/hooks/{FIRST}", f".claude_sessions/debug/{FIRST}", f"projects/{FIRST}"),
    *(".session_console/locks/x", ".session_console/runs/x", ".session_console/trash"),
    f"{PROJECT}/{FIRST}",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_none_of_its_session_is_never_written_to(listing: Path, place: str) -> None:
    """A manifest could else put files anywhere, or as the last here, two into one place."""
    trashed = trash(listing)
    rewrite(trashed, places=[place, *trashed.places[1:]])
    assert list_trash(listing.parent) == ()
    assert unreadable_trash(listing.parent, [listing]) == (trashed.batch,)
    with pytest.raises(Refused, match="outside the listing"):
        put_back(replace(trashed, places=("../outside", *trashed.places[1:])), listing)


@pytest.mark.parametrize("linked", [".claude_sessions", ".claude_sessions/projects", PROJECT])
def test_nothing_is_restored_through_a_link(listing: Path, linked: str) -> None:
    trash(listing)
    outside = listing.parent / "elsewhere"
    (listing / linked).rename(outside)
    (listing / linked).symlink_to(outside)
    before = snapshot(listing.parent)
    with pytest.raises(Refused, match="has become a link"):
        put_back(listed(listing), listing)
    assert snapshot(listing.parent) == before


def test_a_listings_own_trash_speaks_of_no_other(listing: Path) -> None:
    """Whoever may write into one listing could else put files into any."""
    trashed = trash(listing)
    for name in (listing.name, "oak"):
        folder = listing.parent / name / ".session_console" / "trash"
        folder.mkdir(parents=True, exist_ok=True)
    batch = trashed.batch.rename(listing / ".session_console" / "trash" / "a")
    assert listed(listing).batch == batch
    there = batch.rename(listing.parent / "oak" / ".session_console" / "trash" / "a")
    both = [listing, listing.parent / "oak"]
    assert list_trash(listing.parent, both) == ()
    assert unreadable_trash(listing.parent, both) == (there,)


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
    assert unreadable_trash(listing.parent, [listing]) == (trashed.batch,)
    assert trashed.moved(0).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 60_000])
def test_a_broken_manifest_hides_no_other(listing: Path, content: bytes) -> None:
    trash(listing)
    for name in ("a", "b"):
        (trash_folder(listing) / name).mkdir()
        (trash_folder(listing) / name / "0-0").write_text("x")
    broken = trash_folder(listing) / "a" / "manifest.json"
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


def test_two_batches_of_one_second_never_get_the_same_name(
    listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dice fall alike once in millions of times, and a clean-up of a root throws thousands."""
    thrown, random = [b"abc", b"abc", b"abc", b"xyz"], os.urandom
    monkeypatch.setattr(os, "urandom", lambda size: thrown.pop(0) if size == 3 else random(size))
    ids = {trash(listing, [one]).trash_id for one in paths(listing)}
    assert len(ids) == 2
    assert thrown == []
    assert {one.trash_id for one in list_trash(listing.parent)} == ids
    assert list((listing / ".session_console" / "trash").iterdir()) == []


def test_of_a_batch_each_is_kept_or_given_back_for_itself(listing: Path) -> None:
    other = paths(listing)[1].rename(listing / PROJECT / "other")
    before = facts(listing)
    doomed = [
        PendingMove(FIRST, (paths(listing)[0],), ROW, "expired", "UTC"),
        PendingMove("other", (other,), None, "", "UTC"),
        PendingMove("row-alone", (), replace(ROW, session_id="row-alone"), "expired", "UTC"),
    ]
    at_once = {"at": NOW, "operator": "anna", "action": "clean-up", "act_id": "a1"}
    with moving_to_trash(listing.parent, listing, doomed, **at_once) as batch:  # type: ignore[arg-type]
        for trashed in batch.sessions:
            batch.move(trashed)
        batch.keep(batch.sessions[0])
        batch.keep(batch.sessions[2])
    found = list_trash(listing.parent)
    assert {one.session_id for one in found} == {FIRST, "row-alone"}
    assert found[0].row_after == replace(ROW, status="expired")
    assert other.exists()
    for one in found:
        put_back(one, listing)
    assert facts(listing) == before
    assert list_trash(listing.parent) == ()


def test_what_a_killed_process_left_empty_is_cleared_once_it_is_old(listing: Path) -> None:
    kept = trash(listing)
    for name, content in (
        ("empty", None),
        ("begun", ".manifest.json.x1"),
        ("over", "manifest.json"),
    ):
        (trash_folder(listing) / name).mkdir()
        if content:
            (trash_folder(listing) / name / content).write_text("{")
    stranger = trash_folder(listing) / "stranger"
    stranger.mkdir()
    (stranger / "notes.txt").write_text("x")
    clear(listing.parent, NOW)
    assert len(list(trash_folder(listing).iterdir())) == 5
    clear(listing.parent, datetime(2099, 1, 1, tzinfo=UTC))
    assert sorted(trash_folder(listing).iterdir()) == sorted([kept.batch, stranger])


def test_what_appears_at_that_very_moment_is_not_restored_over(
    listing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a plain rename it would be the end: the look before it saw nothing there."""
    trashed, (transcript, _) = trash(listing), paths(listing)
    looked_at = require_way_back

    def late(one: Manifest, path: Path, folders: OpenFolders) -> tuple[tuple[str, str], ...]:
        pairs = looked_at(one, path, folders)
        transcript.write_text("new")
        return pairs

    monkeypatch.setattr("tui.storage.trash.putting_back.require_way_back", late)
    with pytest.raises(Refused, match="exists again: nothing was restored over it"):
        put_back(trashed, listing)
    monkeypatch.undo()
    assert transcript.read_text() == "new"
    transcript.unlink()
    put_back(trashed, listing)
    assert transcript.read_bytes() == b"\0\xff half a li"


@pytest.mark.parametrize("step", ["move", "put back"])
def test_nothing_is_moved_through_a_link_that_was_swapped_in(
    listing: Path, tmp_path: Path, step: str
) -> None:
    """A project's folder that became a link after it was looked at leads to another's files."""
    project, elsewhere = listing / PROJECT, tmp_path / "of another"
    (elsewhere / FIRST).mkdir(parents=True)
    (elsewhere / f"{FIRST}.jsonl").write_text("theirs")
    if step == "move":
        with suppress(Refused), moving(listing) as batch:
            project.rename(tmp_path / "aside")
            project.symlink_to(elsewhere)
            with pytest.raises(ConsoleError, match="cannot be moved"):
                batch.move(batch.sessions[0])
    else:
        trashed = trash(listing)
        project.rename(tmp_path / "aside")
        project.symlink_to(elsewhere)
        with pytest.raises(ConsoleError):
            put_back(trashed, listing)
    assert sorted(one.name for one in elsewhere.iterdir()) == [FIRST, f"{FIRST}.jsonl"]
    assert (elsewhere / f"{FIRST}.jsonl").read_text() == "theirs"
