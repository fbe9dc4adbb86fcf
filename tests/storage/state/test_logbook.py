"""The logbook: whole lines from many writers, whatever is in it, wherever it leads."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tests.support.listings.sample_listing import FIRST
from tests.support.open_files import open_files
from tests.support.place import REPOSITORY
from tui.core.models.audit import AuditEvent
from tui.safe_io.folders import OURS
from tui.storage.state.logbook import ALL_OF_IT, logbook_stamp, read_logbook, write_event

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENT = AuditEvent(at=NOW, operator="anna", action="hold", note="moving disks")
WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tui.core.models.audit import AuditEvent
from tui.storage.state.logbook import write_event
for number in range(100):
    note = f"{number} " + "x" * 300
    event = AuditEvent(at=datetime.now(UTC), operator=sys.argv[2], action="purge", note=note)
    assert not write_event(Path(sys.argv[1]), event)
"""
FULL = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from tui.core.models.audit import AuditEvent
from tui.storage.state.logbook import write_event
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
print(not write_event(Path(sys.argv[1]), AuditEvent(at=datetime.now(UTC), action="hold")))
"""


def place(root: Path) -> Path:
    folder = root / OURS
    folder.mkdir(exist_ok=True)
    return folder / "log.jsonl"


def run(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-B", "-c", code, *words],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_acts_are_read_in_the_order_they_were_done(tmp_path: Path) -> None:
    assert read_logbook(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []
    second = replace(EVENT, action="rename", listing="hollis_park", session_id=FIRST)
    assert not write_event(tmp_path, EVENT)
    assert not write_event(tmp_path, second)
    assert read_logbook(tmp_path) == (EVENT, second)


def test_writers_at_the_same_moment_never_mix_their_lines(tmp_path: Path) -> None:
    writers = [run(WRITE, str(tmp_path), f"writer{number}") for number in range(4)]
    for one in writers:
        one.communicate(timeout=60)
    assert [one.returncode for one in writers] == [0] * 4
    events = read_logbook(tmp_path)
    assert len(events) == 400
    assert {event.note.partition(" ")[2] for event in events} == {"x" * 300}


def turned_over(root: Path) -> Path:
    """Fill the logbook up to where the next act turns it over; return the old one's place."""
    with place(root).open("ab") as file:
        file.write((b"x" * 99 + b"\n") * 42_000)
    return place(root).with_name("log.jsonl.1")


def test_one_grown_too_large_is_turned_over_and_both_are_read(tmp_path: Path) -> None:
    write_event(tmp_path, EVENT)
    old = turned_over(tmp_path)
    with place(tmp_path).open("ab") as file:
        file.write(json.dumps({"at": NOW.isoformat(), "operator": "carl"}).encode() + b"\n")
    stamp = logbook_stamp(tmp_path)
    write_event(tmp_path, EVENT)
    assert logbook_stamp(tmp_path) != stamp
    assert place(tmp_path).stat().st_size < 1000
    assert [one.operator for one in read_logbook(tmp_path)] == ["carl", "anna"]
    assert [one.operator for one in read_logbook(tmp_path, ALL_OF_IT)] == ["anna", "carl", "anna"]
    place(tmp_path).rename(old)
    assert read_logbook(tmp_path) == (EVENT,)
    assert logbook_stamp(tmp_path) is not None
    turned_over(tmp_path)
    write_event(tmp_path, EVENT)
    assert {one.name for one in old.parent.iterdir()} == {"log.jsonl", "log.jsonl.1"}


def test_writers_who_turn_it_over_at_the_same_moment_lose_nothing(tmp_path: Path) -> None:
    """Without the lock a line would go into a file that another has just put away, twice over."""
    turned_over(tmp_path)
    writers = [run(WRITE, str(tmp_path), f"writer{number}") for number in range(4)]
    for _ in range(6):
        time.sleep(0.02)
        with suppress(FileNotFoundError), place(tmp_path).open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    for one in writers:
        one.communicate(timeout=60)
    assert [one.returncode for one in writers] == [0] * 4
    assert len(read_logbook(tmp_path, ALL_OF_IT)) == 400
    assert place(tmp_path).with_name("log.jsonl.1").stat().st_size >= 4_200_000


@pytest.mark.parametrize("make", ["folder", "link", "locked"])
def test_what_keeps_it_from_being_turned_over_keeps_no_act_from_being_written(
    tmp_path: Path, make: str
) -> None:
    old = turned_over(tmp_path)
    (tmp_path / "outside").write_text("")
    if make == "folder":
        (old / "full").mkdir(parents=True)
    elif make == "link":
        old.symlink_to(tmp_path / "outside")
    with place(tmp_path).open("rb") as holder:
        if make == "locked":
            fcntl.flock(holder, fcntl.LOCK_EX)
        assert not write_event(tmp_path, EVENT)
    if make == "folder":
        with pytest.raises(OSError, match="not a file"):
            read_logbook(tmp_path)
        shutil.rmtree(old)
    assert read_logbook(tmp_path) == (EVENT,)
    assert (tmp_path / "outside").read_text() == ""
    assert (place(tmp_path).stat().st_size < 1000) is (make == "link")


def test_a_line_cut_short_takes_no_other_with_it(tmp_path: Path) -> None:
    """A full disk takes half a line; without its end the next act would be glued to it."""
    write_event(tmp_path, EVENT)
    size = place(tmp_path).stat().st_size
    said, _ = run(FULL, str(tmp_path), str(size + 20)).communicate(timeout=60)
    assert said == "False\n"
    assert place(tmp_path).stat().st_size == size + 20
    write_event(tmp_path, EVENT)
    assert read_logbook(tmp_path) == (EVENT, EVENT)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\n\n",
        b"not json\n",
        b"\xff\xfe\x00\n",
        b"[1]\n",
        b"{}\n",
        b'{"at": "soon"}\n',
        b"[" * 100_000 + b"\n",
        b'{"n": ' + b"9" * 5000 + b"}\n",
        b'{"at": "2026-11-20T12:00:00+00:00"\n',
    ],
)
def test_garbage_between_acts_is_passed_by(tmp_path: Path, garbage: bytes) -> None:
    write_event(tmp_path, EVENT)
    with place(tmp_path).open("ab") as file:
        file.write(garbage)
    write_event(tmp_path, EVENT)
    assert read_logbook(tmp_path) == (EVENT, EVENT)


def test_of_a_huge_one_the_end_is_read(tmp_path: Path) -> None:
    with place(tmp_path).open("wb") as file:
        file.truncate(3_000_000_000)
    write_event(tmp_path, EVENT)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_logbook(tmp_path) == (EVENT,)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 50_000


def test_a_long_note_is_cut(tmp_path: Path) -> None:
    write_event(tmp_path, replace(EVENT, note="x" * 1_000_000))
    assert place(tmp_path).stat().st_size < 4096
    assert read_logbook(tmp_path)[0].note == "x" * 400


def linked(path: Path) -> None:
    path.symlink_to(path.parent.parent / "outside")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, linked])
def test_what_is_no_file_is_not_written_and_keeps_nobody_waiting(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "outside").write_text("")
    make(place(tmp_path))
    assert write_event(tmp_path, EVENT)
    with pytest.raises(OSError, match=r"not a file|Is a directory|symbolic links"):
        read_logbook(tmp_path)
    assert (tmp_path / "outside").read_text() == ""


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    place(tmp_path).mkdir()
    before = open_files()
    for _ in range(20):
        with pytest.raises(OSError, match="not a file"):
            read_logbook(tmp_path)
        write_event(tmp_path, EVENT)
    assert open_files() <= before


def test_a_linked_folder_of_ours_leads_nowhere(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / OURS).symlink_to(outside)
    assert write_event(root, EVENT)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_cleaned(tmp_path: Path, payload: str) -> None:
    write_event(
        tmp_path,
        AuditEvent(
            at=NOW,
            operator=payload,
            action=payload,
            listing=payload,
            session_id=payload,
            note=payload,
        ),
    )
    (event,) = read_logbook(tmp_path)
    texts = (event.operator, event.action, event.listing, event.session_id, event.note)
    assert all(is_cleaned(text) for text in texts)


def test_colleagues_of_the_group_can_write_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    write_event(tmp_path, EVENT)
    assert stat.S_IMODE(place(tmp_path).stat().st_mode) == 0o660
