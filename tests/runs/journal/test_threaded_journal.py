"""A pipeline's journal waits for no disk, and loses nothing and no order for it."""

from __future__ import annotations

import errno
import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.runs.folder import open_folder
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, PARTIAL, read_events
from tui.runs.journal.threaded_journal import ThreadedJournal

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Disk:
    """A disk that answers once it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_go, self.is_asked = threading.Event(), threading.Event()

        def open_file(*given: object, **named: object) -> int:
            self.is_asked.set()
            assert self.may_go.wait(60)
            return open_folder.open_file(*given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr("tui.runs.journal.run_journal.open_file", open_file)


def test_nothing_waits_for_a_disk_that_does_not_answer_and_all_is_written_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / HEARTBEAT).touch()
    moments = [NOW]
    disk, pen = Disk(monkeypatch), ThreadedJournal(tmp_path, lambda: moments[0])
    begun = time.monotonic()
    for number in range(100):
        pen.event("notice", words=str(number))
        pen.partial({"text": str(number)})
        pen.beat()
    assert time.monotonic() - begun < 60
    assert disk.is_asked.wait(60)
    moments[0] = datetime(2026, 11, 21, tzinfo=UTC)
    assert not pen.settle(0.01)
    assert read_events(tmp_path) == ()
    disk.may_go.set()
    assert pen.settle(60)
    events = read_events(tmp_path)
    assert [one["words"] for one in events] == [str(number) for number in range(100)]
    assert {one["at"] for one in events} == {NOW.isoformat()}
    assert json.loads((tmp_path / PARTIAL).read_text())["text"] == "99"


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, pen = Disk(monkeypatch), ThreadedJournal(tmp_path, lambda: NOW)
    for number in range(20_000):
        pen.event("notice", words=str(number))
    assert pen.troubles > 0
    disk.may_go.set()
    assert pen.settle(60)
    assert 0 < len((tmp_path / EVENTS).read_text().splitlines()) < 20_000
    pen.close(60)


def test_a_fault_of_one_keeps_no_other_from_being_written(tmp_path: Path) -> None:
    pen = ThreadedJournal(tmp_path, lambda: NOW)
    loop: list[object] = []
    loop.append(loop)
    pen.event("notice", words=loop)
    pen.event("ended")
    assert pen.settle(60)
    assert [one["type"] for one in read_events(tmp_path)] == ["ended"]
    assert pen.troubles == 1


def test_what_has_no_room_is_written_once_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the last events of a run wait for one that never comes."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    pen = ThreadedJournal(tmp_path, lambda: NOW)
    with monkeypatch.context() as patch:
        patch.setattr("tui.runs.journal.run_journal.open_file", full)
        pen.event("ended")
        assert not pen.close(60)
        assert not pen.catch_up()
        assert pen.is_behind
    assert pen.catch_up()
    assert pen.close(60)
    assert [one["type"] for one in read_events(tmp_path)] == ["ended"]
