"""Acknowledgements: what others wrote there is garbage at worst, and nobody's is lost."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND
from tests.support.place import REPOSITORY
from tui.core.models.session import Acknowledgement
from tui.safe_io.folders import OURS
from tui.storage.state.acknowledgements import ACKS, forget_ack, read_acks, write_ack

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACK = Acknowledgement("anna", NOW, "FAILED||because")
WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tui.core.models.session import Acknowledgement
from tui.storage.state.acknowledgements import write_ack
for number in range(20):
    ack = Acknowledgement("anna", datetime.now(UTC), "x")
    write_ack(Path(sys.argv[1]), f"{sys.argv[2]}-{number}", ack)
"""


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "hollis_park"
    folder.mkdir()
    return folder


def place(listing: Path) -> Path:
    folder = listing / OURS
    folder.mkdir(exist_ok=True)
    return folder / ACKS


def test_what_is_written_is_read(listing: Path) -> None:
    assert read_acks(listing) == {}
    write_ack(listing, FIRST, ACK)
    write_ack(listing, SECOND, ACK)
    assert read_acks(listing) == {FIRST: ACK, SECOND: ACK}


def test_a_snooze_is_written_and_takes_the_place_of_an_acknowledgement(listing: Path) -> None:
    write_ack(listing, FIRST, ACK)
    snoozed = replace(ACK, until=NOW + timedelta(hours=4))
    assert write_ack(listing, FIRST, snoozed) == snoozed
    assert read_acks(listing) == {FIRST: snoozed}
    assert write_ack(listing, FIRST, replace(snoozed, by="bert")) == snoozed
    assert write_ack(listing, FIRST, ACK) == ACK
    assert read_acks(listing) == {FIRST: ACK}


def test_what_is_forgotten_is_gone_and_the_others_stay(listing: Path) -> None:
    write_ack(listing, FIRST, ACK)
    write_ack(listing, SECOND, ACK)
    forget_ack(listing, FIRST)
    forget_ack(listing, "never-was")
    assert read_acks(listing) == {SECOND: ACK}
    assert FIRST not in place(listing).read_text()


def test_reading_makes_nothing(listing: Path) -> None:
    read_acks(listing)
    forget_ack(listing, FIRST)
    assert list(listing.iterdir()) == []


def test_writers_at_the_same_moment_lose_nothing(listing: Path) -> None:
    """Without the lock most of them would."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(listing), f"id{number}"],
            cwd=REPOSITORY,
        )
        for number in range(4)
    ]
    assert [one.wait(timeout=60) for one in writers] == [0] * 4
    assert len(read_acks(listing)) == 80


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({FIRST: "text"}).encode(),
        json.dumps({FIRST: {"by": "x", "at": "soon", "mark": "y"}}).encode(),
        json.dumps({FIRST: {"by": "x", "at": NOW.isoformat(), "mark": 7}}).encode(),
        json.dumps({FIRST: {"by": "x", "at": NOW.isoformat(), "mark": "y" * 5000}}).encode(),
        json.dumps(
            {FIRST: {"by": "x", "at": NOW.isoformat(), "mark": "y", "until": "soon"}}
        ).encode(),
        json.dumps({"../../x": {"by": "x", "at": NOW.isoformat(), "mark": "y"}}).encode(),
    ],
)
def test_garbage_was_never_said_and_is_written_over(listing: Path, content: bytes) -> None:
    place(listing).write_bytes(content)
    assert read_acks(listing) == {}
    write_ack(listing, SECOND, ACK)
    assert read_acks(listing) == {SECOND: ACK}


def test_what_cannot_be_read_is_not_written_over(listing: Path) -> None:
    """Taken for empty it would lose what colleagues acknowledged."""
    place(listing).write_bytes(b" " * (1024 * 1024 + 1))
    for act in (read_acks, lambda path: write_ack(path, SECOND, ACK)):
        with pytest.raises(OSError, match="not a small file"):
            act(listing)
    assert place(listing).stat().st_size == 1024 * 1024 + 1


def test_a_name_of_garbage_is_cleaned(listing: Path) -> None:
    facts = {"by": "an\x1b[31mna" * 40, "at": NOW.isoformat(), "mark": "y"}
    place(listing).write_text(json.dumps({FIRST: facts}))
    assert read_acks(listing)[FIRST].by == ("anna" * 40)[:64]


def test_very_many_keep_the_newest_and_stay_readable(listing: Path) -> None:
    """Without a bound the file outgrows what is read, and all of them are lost at once."""
    facts = {
        f"id{number}": {
            "by": "anna",
            "at": (NOW + timedelta(seconds=number)).isoformat(),
            "mark": "y" * 900,
        }
        for number in range(1000)
    }
    place(listing).write_text(json.dumps(facts))
    newest = Acknowledgement("anna", NOW + timedelta(days=1), "z")
    write_ack(listing, FIRST, newest)
    known = read_acks(listing)
    assert known[FIRST] == newest
    assert "id999" in known
    assert "id0" not in known
    assert 200 < len(known) < 300


def test_a_link_is_neither_read_nor_written_through(listing: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps({FIRST: {"by": "x", "at": NOW.isoformat(), "mark": "y"}}))
    before = outside.read_bytes()
    place(listing).symlink_to(outside)
    assert read_acks(listing) == {}
    write_ack(listing, SECOND, ACK)
    assert outside.read_bytes() == before
    assert not place(listing).is_symlink()
    assert read_acks(listing) == {SECOND: ACK}


def test_a_linked_folder_of_ours_leads_nowhere(listing: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ACKS).write_text(
        json.dumps({FIRST: {"by": "x", "at": NOW.isoformat(), "mark": "y"}})
    )
    (listing / OURS).symlink_to(outside)
    assert read_acks(listing) == {}
    with pytest.raises(OSError, match="not a folder of ours"):
        write_ack(listing, SECOND, ACK)
    assert [one.name for one in outside.iterdir()] == [ACKS]


def test_a_pipe_keeps_nobody_waiting(listing: Path) -> None:
    os.mkfifo(place(listing))
    assert read_acks(listing) == {}
    write_ack(listing, SECOND, ACK)
    assert read_acks(listing) == {SECOND: ACK}


def test_a_folder_in_its_place_is_an_error_and_stays(listing: Path) -> None:
    place(listing).mkdir()
    assert read_acks(listing) == {}
    with pytest.raises(OSError, match="directory"):
        write_ack(listing, SECOND, ACK)
    assert [one.name for one in (listing / OURS).iterdir() if one.name != "locks"] == [ACKS]


def test_colleagues_of_the_group_can_read_and_write_it(listing: Path) -> None:
    listing.chmod(0o770)
    for session_id in (FIRST, SECOND):
        write_ack(listing, session_id, ACK)
        status = place(listing).stat()
        assert stat.S_IMODE(status.st_mode) == 0o660
        assert status.st_gid == listing.stat().st_gid
