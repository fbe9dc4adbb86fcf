"""What the audit keeps of rows, for how long, and beside programs of an older version."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.storage.table.test_audit import DAY, NOW, query, track, tracking
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.storage.table.packed_rows import RowUnpacker, pack
from tui.storage.table.tracking import Tracking, read_events, read_rows, read_table

ROW = Row("9f2c", "hollis_park", "3", "2026-11-01T12:00:00", "2026-11-24T10:00:00", "active")


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    return tmp_path / "buyers.db"


def options(prompt: str, **more: object) -> str:
    return json.dumps({"agent": {"system_prompt": prompt, "model": "sonnet"}} | more)


def test_a_hundred_resumes_do_not_keep_a_system_prompt_a_hundred_times(db_path: Path) -> None:
    """Whole rows in each event made 3.9 MiB of them."""
    metadata = json.loads(options("You find buyers. " * 1200))
    tracking(db_path).track(
        "9f2c", listing_id="x", stage="3", now=NOW, expires_at=NOW + DAY, metadata=metadata
    )
    rows, before = [read_rows(db_path)[0]], db_path.stat().st_size
    for number in range(100):
        now = NOW + number * DAY
        tracking(db_path).mark_failed("9f2c", now=now, reason=f"API error {number}")
        row = tracking(db_path).mark_resumed("9f2c", now=now, keeps_until=now + DAY)
        assert row is not None
        rows.append(row)
    assert db_path.stat().st_size - before < 200_000
    events = read_events(db_path, limit=1000)
    resumed = [one for one in reversed(events) if one.action == "resume"]
    assert [one.after for one in resumed] == rows[1:]
    assert all(one.before is not None and one.before.status == "failed" for one in resumed)


FIRST_VERSION = """
    CREATE TABLE claude_session_events (id INTEGER PRIMARY KEY, at TEXT NOT NULL,
    operator TEXT NOT NULL, action TEXT NOT NULL, session_id TEXT NOT NULL, before TEXT, after TEXT)
"""
FIRST_INSERT = (
    "INSERT INTO claude_session_events (at, operator, action, session_id, before, after)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


def of_the_first_version(db_path: Path, row: Row) -> None:
    """Leave an audit as the first version of this program made it."""
    query(db_path, "DROP TABLE claude_session_events")
    query(db_path, FIRST_VERSION)
    old_event(db_path, row)


def old_event(db_path: Path, row: Row, action: str = "extend") -> None:
    whole = json.dumps(asdict(row))
    query(db_path, FIRST_INSERT, NOW.isoformat(), "ben", action, row.session_id, whole, whole)


def test_an_audit_of_the_first_version_is_read_as_it_is_and_widened_by_a_write(
    db_path: Path,
) -> None:
    row = track(db_path, "9f2c")
    of_the_first_version(db_path, row)
    columns = "SELECT name FROM pragma_table_info('claude_session_events')"
    assert len(query(db_path, columns)) == 7
    (event,) = read_events(db_path)
    assert (event.operator, event.before, event.after, event.act_id) == ("ben", row, row, "")
    assert read_table(db_path).audited["9f2c"] == event
    assert len(query(db_path, columns)) == 7
    later = replace(row, status="failed")
    tracking(db_path).change(row, later, action="fail", now=NOW + DAY)
    assert len(query(db_path, columns)) == 12
    old_event(db_path, later, "rename")
    last, mine, first = read_events(db_path)
    assert (last.action, last.after, first) == ("rename", later, event)
    assert (mine.before, mine.after) == (row, later)
    assert mine.act_id


def test_what_the_first_version_wrote_whole_is_a_base_too(db_path: Path) -> None:
    row = replace(track(db_path, "9f2c"), metadata=options("x" * 20_000))
    query(db_path, "UPDATE claude_sessions SET metadata = ?", row.metadata)
    of_the_first_version(db_path, row)
    tracking(db_path).change(row, replace(row, status="failed"), action="fail", now=NOW)
    ((size,),) = query(db_path, "SELECT length(after) FROM claude_session_events WHERE id = 2")
    assert isinstance(size, int)
    assert size < 1000
    assert read_events(db_path)[0].after == replace(row, status="failed")


def test_programs_that_widen_it_at_once_all_write(db_path: Path) -> None:
    row = track(db_path, "9f2c")
    of_the_first_version(db_path, row)
    with ThreadPoolExecutor(8) as pool:
        writes = [
            pool.submit(
                tracking(db_path, f"op{number}").note,
                AuditEvent(at=NOW, operator="", action="send", listing="", session_id="9f2c"),
            )
            for number in range(8)
        ]
        for one in writes:
            one.result()
    assert {one.operator for one in read_events(db_path) if one.action == "send"} == {
        f"op{number}" for number in range(8)
    }


ANY_TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8")), st.binary(min_size=200).map(
    lambda raw: raw.hex()))  # fmt: skip


@given(texts=st.lists(ANY_TEXT, min_size=3, max_size=3), at=st.integers(0, 300))
def test_whatever_metadata_there_was_comes_back_as_it_was(texts: list[str | None], at: int) -> None:
    base, one, other = texts
    spliced = None if other is None or base is None else f"{base[:at]}{other}{base[at:]}"
    for before, after in ((one, spliced), (spliced, base), (base, base), (spliced, spliced)):
        rows = replace(ROW, metadata=before), replace(ROW, stage="4", metadata=after)
        kept = pack(*rows, base)
        known = base if kept.has_base else None
        assert RowUnpacker().rows(kept.before, kept.after, known) == rows


def test_what_asks_for_more_copies_of_a_base_than_there_is_room_for_is_left_unknown(
    db_path: Path,
) -> None:
    """A thousand times four megabytes, asked for in a hundred bytes each."""
    row = track(db_path, "9f2c")
    size = 4_000_000
    whole = json.dumps(asdict(replace(row, metadata="x" * size)))
    query(db_path, "UPDATE claude_session_events SET after = ?", whole)
    facts = {**asdict(row), "splice": [size // 2, size // 2 - 1, "y"]}
    del facts["metadata"]
    for _ in range(1000):
        query(
            db_path,
            "INSERT INTO claude_session_events (at, operator, action, session_id, after, base)"
            " VALUES (?, 'ben', 'extend', '9f2c', ?, 1)",
            NOW.isoformat(),
            json.dumps(facts),
        )
    events = read_events(db_path, limit=1000)
    assert len(events) == 1000
    told = [one for one in events if one.after is not None]
    assert 0 < len(told) < 10


@pytest.mark.parametrize(
    "splice", [[0, 0], [-1, 5, ""], [9, 9, ""], ["0", 0, ""], None, [0, 0, 7], [0, 0, "\ud800"]]
)
def test_a_splice_that_makes_no_sense_tells_no_row(db_path: Path, splice: object) -> None:
    row = track(db_path, "9f2c")
    facts = {**asdict(row), "splice": splice}
    query(db_path, "UPDATE claude_session_events SET after = ?", json.dumps(asdict(row)))
    sql = "INSERT INTO claude_session_events (at, operator, action, session_id, after, base)"
    values = f"{sql} VALUES (?, 'ben', 'extend', '9f2c', ?, 1)"
    query(db_path, values, NOW.isoformat(), json.dumps(facts))
    assert read_events(db_path)[0].after is None
    assert read_rows(db_path) == (row,)


def test_a_base_of_another_session_is_none(db_path: Path) -> None:
    other = replace(track(db_path, "a1b2"), metadata=options("secret" * 100))
    query(db_path, "UPDATE claude_session_events SET after = ?", json.dumps(asdict(other)))
    facts = {**asdict(track(db_path, "9f2c")), "splice": [len(other.metadata or ""), 0, ""]}
    del facts["metadata"]
    query(db_path, "UPDATE claude_session_events SET after = ?, base = 1 WHERE id = 2",
          json.dumps(facts))  # fmt: skip
    assert read_table(db_path).audited["9f2c"].after is None


def test_what_nothing_needs_goes_after_its_time_and_the_last_word_on_a_session_stays(
    db_path: Path,
) -> None:
    row = tracking(db_path).track(
        "9f2c", listing_id="x", stage="3", now=NOW, expires_at=NOW, metadata={"agent": "x" * 900}
    )
    for number in range(4):
        row = tracking(db_path).change(
            row, replace(row, stage=str(number)), action="extend", now=NOW + number * DAY
        )
        tracking(db_path).note(
            AuditEvent(
                at=NOW + number * DAY, operator="", action="send", listing="", session_id="9f2c"
            )
        )
    gone = track(db_path, "a1b2")
    left = replace(gone, status="deleted")
    tracking(db_path).change(gone, left, action="delete", now=NOW)
    tracking(db_path).change(left, replace(left, status="active"), action="track", now=NOW + DAY)
    table = read_table(db_path)
    keeper = Tracking(db_path, UTC, "anna", keeps_since=NOW + 100 * DAY)
    assert keeper.prune() > 0
    assert keeper.prune() == 0
    kept = [(one.session_id, one.action) for one in reversed(read_events(db_path))]
    assert kept == [
        ("9f2c", "track"),  # the base of the one below
        ("9f2c", "extend"),
        ("9f2c", "send"),
        ("a1b2", "delete"),  # why it may be in the trash
        ("a1b2", "track"),
    ]
    assert read_table(db_path) == table


def test_a_write_prunes_on_its_way_and_what_is_young_stays(db_path: Path) -> None:
    row = track(db_path, "9f2c")
    for number in range(10):
        row = tracking(db_path).change(
            row, replace(row, stage=str(number)), action="extend", now=NOW + number * DAY
        )
    keeper = Tracking(db_path, UTC, "anna", keeps_since=NOW + 5 * DAY)
    keeper.change(row, replace(row, stage="z"), action="extend", now=NOW + 10 * DAY)
    kept = read_events(db_path)
    assert [one.at for one in kept] == [NOW + number * DAY for number in range(10, 4, -1)]
