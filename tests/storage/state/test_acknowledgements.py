"""Acknowledgements: what others wrote there is garbage at worst, and nobody's is lost."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND
from tests.support.listings.shared_file import shared_file, write_at_once
from tui.core.errors import Refused
from tui.core.models.session import Acknowledgement
from tui.storage.state.acknowledgements import ACKS, forget_ack, read_acks, write_ack

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = NOW.isoformat()
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


def place(listing: Path) -> Path:
    return shared_file(listing, ACKS)


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
    write_at_once(WRITE, [[str(listing), f"id{number}"] for number in range(4)])
    assert len(read_acks(listing)) == 80


@pytest.mark.parametrize(
    ("session_id", "value"),
    [
        (FIRST, "text"),
        (FIRST, {"by": "x", "at": "soon", "mark": "y"}),
        (FIRST, {"by": "x", "at": AT, "mark": 7}),
        (FIRST, {"by": "x", "at": AT, "mark": "y" * 5000}),
        (FIRST, {"by": "x", "at": AT, "mark": "y", "until": "soon"}),
        ("../../x", {"by": "x", "at": AT, "mark": "y"}),
    ],
)
def test_an_invalid_entry_was_never_said_and_stays(
    listing: Path, session_id: str, value: object
) -> None:
    """A later version may have written it."""
    place(listing).write_text(json.dumps({session_id: value}))
    assert read_acks(listing) == {}
    write_ack(listing, SECOND, ACK)
    assert read_acks(listing) == {SECOND: ACK}
    forget_ack(listing, SECOND)
    assert json.loads(place(listing).read_text()) == {session_id: value}
    forget_ack(listing, session_id)
    assert json.loads(place(listing).read_text()) == {}


def test_what_a_later_version_added_to_an_entry_stays(listing: Path) -> None:
    later = {"by": "x", "at": AT, "mark": "y", "colour": "red"}
    place(listing).write_text(json.dumps({FIRST: later}))
    write_ack(listing, SECOND, ACK)
    assert json.loads(place(listing).read_text())[FIRST] == later


def test_an_acknowledgement_without_room_beside_invalid_entries_is_refused(listing: Path) -> None:
    """Written all the same, it would be dropped, or make a file that nobody reads."""
    place(listing).write_text(json.dumps({FIRST: "x" * (1024 * 1024 - 100)}))
    before = place(listing).read_bytes()
    with pytest.raises(Refused, match="full of invalid entries"):
        write_ack(listing, SECOND, ACK)
    assert place(listing).read_bytes() == before


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


def test_colleagues_of_the_group_can_read_and_write_it(listing: Path) -> None:
    listing.chmod(0o770)
    for session_id in (FIRST, SECOND):
        write_ack(listing, session_id, ACK)
        status = place(listing).stat()
        assert stat.S_IMODE(status.st_mode) == 0o660
        assert status.st_gid == listing.stat().st_gid
