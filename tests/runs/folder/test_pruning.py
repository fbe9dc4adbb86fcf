"""Old run folders go; the last ones, the young, and whatever may live stay."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND
from tui.runs.folder.protocol import EVENTS, OWNER, SPEC, describe, run_folders, runs_folder
from tui.runs.folder.pruning import KEPT_RUNS, prune_runs
from tui.storage.session_locks import SessionLock

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def add(
    listing: Path, number: int, days: int, session_id: str = FIRST, *, ended: bool = True
) -> str:
    """Add a run of so many days ago, which this process drives, and return its name."""
    began = NOW - timedelta(days=days) + timedelta(seconds=number)
    folder = runs_folder(listing) / f"{began:%Y%m%dT%H%M%SZ}-1f9c{number:02}"
    folder.mkdir(parents=True)
    (folder / SPEC).write_text(json.dumps({"session_id": session_id}))
    (folder / OWNER).write_text(json.dumps(describe(os.getpid())))
    (folder / EVENTS).write_text('{"type": "ended"}\n' if ended else '{"type": "init"}\n')
    return folder.name


def left(listing: Path) -> list[str]:
    return [folder.name for folder in run_folders(listing)]


@pytest.mark.parametrize(
    ("days", "session_ids", "ended", "gone"),
    [
        (30, [FIRST] * 8, True, 3),
        (30, [FIRST] * KEPT_RUNS, True, 0),
        (3, [FIRST] * 8, True, 0),
        (30, [FIRST, SECOND] * 5, True, 0),
        (30, [FIRST, SECOND] * 6, True, 2),
        (30, [FIRST] * 8, False, 0),
        (30, ["../../x"] * 8, True, 0),
        (30, [""] * 8, True, 0),
    ],
)
def test_the_last_of_each_session_and_the_young_stay(
    tmp_path: Path, days: int, session_ids: list[str], ended: bool, gone: int
) -> None:
    names = [add(tmp_path, n, days, one, ended=ended) for n, one in enumerate(session_ids)]
    assert prune_runs(tmp_path, NOW, own=FIRST) == gone
    assert left(tmp_path) == names[gone:]
    assert not [path for path in runs_folder(tmp_path).iterdir() if path.name.startswith(".")]


def test_what_a_killed_pruning_left_is_removed_and_blocks_nothing(tmp_path: Path) -> None:
    names = [add(tmp_path, number, 30) for number in range(6)]
    runs, elsewhere = runs_folder(tmp_path), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    young = f".{add(tmp_path, 7, 1)}"
    (runs / young[1:]).rename(runs / young)
    for name in (f".{names[0]}", f".20260101T000000Z-1f9c00.{'0' * 16}", ".kept"):
        (runs / name).mkdir()
        (runs / name / "way").symlink_to(elsewhere)
    (runs / ".20260101T000000Z-1f9c01").symlink_to(elsewhere)
    assert prune_runs(tmp_path, NOW, own=FIRST) == 1
    assert left(tmp_path) == names[1:]
    hidden = {path.name for path in runs.iterdir()} - set(names)
    assert hidden == {young, ".kept", ".20260101T000000Z-1f9c01"}
    assert (elsewhere / "kept").exists()


def test_a_session_in_use_is_left_alone_unless_it_is_ours(tmp_path: Path) -> None:
    names = [add(tmp_path, number, 30) for number in range(8)]
    with SessionLock.take(tmp_path, FIRST):
        assert prune_runs(tmp_path, NOW) == 0
        assert left(tmp_path) == names
        assert prune_runs(tmp_path, NOW, own=FIRST) == 3
