"""The runner's pen, on a disk that is full for a while."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.full_disk import fill, need_mounts, small_disk
from tests.support.open_files import open_files
from tui.runs.folder.protocol import (
    EVENTS,
    HEARTBEAT,
    OWNER,
    PARTIAL,
    PROBE,
    RESERVE,
    RESERVE_BYTES,
    read_events,
    read_owner,
    read_partial,
)
from tui.runs.journal.run_journal import Journal

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)

# A limit on the size of files fails as a full disk does, short writes included.
_FULL_DISK = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from tui.runs.journal.run_journal import Journal
journal = Journal(Path(sys.argv[1]), lambda: datetime(2026, 11, 22, tzinfo=UTC))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
for number in range(20):
    journal.event("notice", number=number)
journal.partial({"kind": "text", "text": "x" * 900})
journal.owner({"pid": 1, "pad": "x" * 900})
journal.beat()
print(journal.troubles)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
journal.event("ended")
"""


def test_a_full_disk_loses_no_event_and_tears_no_line(tmp_path: Path) -> None:
    code = [sys.executable, "-B", "-c", _FULL_DISK, str(tmp_path)]
    done = subprocess.run(code, capture_output=True, text=True, check=True)
    assert int(done.stdout) > 10
    lines = (tmp_path / EVENTS).read_text().splitlines()
    assert [json.loads(line).get("number") for line in lines] == [*range(20), None]
    assert {path.name for path in tmp_path.iterdir()} == {EVENTS, "heartbeat"}


def test_events_are_small_whatever_the_agent_asks_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path, lambda: NOW)
    journal.event("permission", tool="Write", input={"content": ["x" * 1_000_000]})
    assert (tmp_path / EVENTS).stat().st_size < 5000
    assert read_events(tmp_path)[0]["input"]["content"][0].endswith("…")


def test_a_link_in_the_folder_is_never_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for name in (EVENTS, PARTIAL, OWNER):
        (tmp_path / name).symlink_to(victim)
    (tmp_path / HEARTBEAT).symlink_to(tmp_path / "made")
    journal = Journal(tmp_path, lambda: NOW)
    write_all(journal)
    assert victim.read_text() == "untouched"
    assert not (tmp_path / "made").exists()
    assert (journal.troubles, read_owner(tmp_path)) == (3, {"pid": 1})


def test_neither_probe_nor_reserve_is_written_or_removed_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for name in (PROBE, RESERVE):
        (tmp_path / name).symlink_to(victim)
    journal = Journal(tmp_path, lambda: NOW)
    journal.beat()
    journal.beat()
    journal.give_up_reserve()
    assert (victim.read_text(), journal.troubles) == ("untouched", 1)
    assert {path.name for path in tmp_path.iterdir()} == {"victim", HEARTBEAT}


@pytest.mark.parametrize("is_open", [True, False])
def test_a_link_in_place_of_the_folder_is_never_written_through(
    tmp_path: Path, is_open: bool
) -> None:
    """A folder that was opened is written to wherever it is now."""
    folder, other = tmp_path / "run", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    journal = Journal(folder, lambda: NOW)
    if is_open:
        journal.beat()
    folder.rename(tmp_path / "moved")
    folder.symlink_to(other)
    write_all(journal)
    assert not list(other.iterdir())
    assert len(read_events(tmp_path / "moved")) == is_open


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    for name in (EVENTS, HEARTBEAT):
        os.mkfifo(tmp_path / name)
    reader = os.open(tmp_path / HEARTBEAT, os.O_RDONLY | os.O_NONBLOCK)
    journal = Journal(tmp_path, lambda: NOW)
    write_all(journal)
    os.close(reader)
    assert journal.troubles == 3


def write_all(journal: Journal) -> None:
    journal.event("started")
    journal.partial({"kind": "text", "text": "hello"})
    journal.owner({"pid": 1})
    journal.beat()


def test_a_journal_that_nobody_knows_any_more_keeps_no_descriptor(tmp_path: Path) -> None:
    gc.collect()
    before = open_files()
    for _ in range(20):
        Journal(tmp_path, lambda: NOW).beat()
    gc.collect()
    assert open_files() <= before


def test_the_partial_is_replaced_and_taken_away(tmp_path: Path) -> None:
    journal = Journal(tmp_path, lambda: NOW)
    for text in ("a", "ab"):
        journal.partial({"kind": "text", "text": text, "at": NOW.isoformat()})
        partial = read_partial(tmp_path)
        assert partial
        assert (partial.text, partial.at) == (text, NOW)
    journal.partial(None)
    assert read_partial(tmp_path) is None


def test_a_full_disk_is_noticed_and_the_reserve_makes_room_for_the_last_words(
    tmp_path: Path,
) -> None:
    need_mounts(tmp_path)
    with small_disk(tmp_path / "disk") as disk:
        (disk / RESERVE).write_bytes(bytes(RESERVE_BYTES))
        journal = Journal(disk, lambda: datetime.now(UTC))
        journal.event("started")
        ballast = fill(disk)
        journal.beat()
        assert journal.is_full
        ballast.unlink()
        journal.beat()
        assert not journal.is_full
        fill(disk)
        journal.event("failed", reason="x" * 4000)
        journal.event("ended", reason="y" * 4000)
        assert [event["type"] for event in read_events(disk)] != ["started", "failed", "ended"]
        journal.give_up_reserve()
        journal.flush()
        assert [event["type"] for event in read_events(disk)] == ["started", "failed", "ended"]
