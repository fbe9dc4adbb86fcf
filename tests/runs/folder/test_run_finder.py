"""Which run of a session counts: one that is not over, whatever the clock said at its start."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.planted_request import plant_request
from tui.runs.folder import protocol
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, OWNER, SPEC, describe, runs_folder
from tui.runs.folder.run_finder import RunFinder

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
ENDED = {"type": "ended"}


def add(listing: Path, day: int, *events: dict[str, Any], session: str = "9f2c") -> Path:
    """Add a run that this process drives, named as of a day."""
    folder = runs_folder(listing) / f"202611{day:02}T071530Z-1f9c00"
    folder.mkdir(parents=True)
    (folder / SPEC).write_text(json.dumps({"session_id": session}))
    (folder / OWNER).write_text(json.dumps(describe(os.getpid())))
    (folder / HEARTBEAT).touch()
    told = ({"at": NOW.isoformat(), **event} for event in ({"type": "init"}, *events))
    (folder / EVENTS).write_text("".join(f"{json.dumps(event)}\n" for event in told))
    return folder


def test_an_older_name_does_not_hide_the_run_that_goes_on_nor_its_request(tmp_path: Path) -> None:
    """Its clock was set back between the two; by the names alone the finished one counts."""
    live = add(tmp_path, 20)
    plant_request(live, NOW)
    over = add(tmp_path, 22, ENDED)
    add(tmp_path, 21, ENDED)
    other = add(tmp_path, 23, ENDED, session="1111")
    finder = RunFinder()
    for _ in range(2):
        found = finder.find(tmp_path)
        assert [run.folder for run in found] == [live, other]
        assert found[0].request is not None
    with (live / EVENTS).open("a") as file:
        file.write(json.dumps(ENDED | {"at": NOW.isoformat()}) + "\n")
    assert [run.folder for run in finder.find(tmp_path)] == [over, other]


def test_of_several_that_go_on_the_last_counts_and_a_lost_one_does_not(tmp_path: Path) -> None:
    add(tmp_path, 19)
    last = add(tmp_path, 20)
    lost = add(tmp_path, 21)
    (lost / OWNER).write_text(json.dumps(describe(os.getpid()) | {"proc_start": "0"}))
    assert [run.folder for run in RunFinder().find(tmp_path)] == [last]


def test_what_is_over_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 20):
        add(tmp_path, day, ENDED)
    asked: list[Path] = []
    look = protocol.has_ended

    def has_ended(folder: Path) -> bool:
        asked.append(folder)
        return look(folder)

    monkeypatch.setattr(protocol, "has_ended", has_ended)
    finder = RunFinder()
    for _ in range(3):
        assert len(finder.find(tmp_path)) == 1
    assert len(asked) == 18
