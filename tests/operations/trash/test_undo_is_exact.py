"""Undo is exact: the row's stored values, the bytes and the times are as before."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.listings.sample_listing import SampleListing, change_row, snapshot
from tui.core.errors import Refused
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import activate, fail
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete_many
from tui.operations.trash.restore import restore
from tui.operations.trash.undo import undo, undo_last
from tui.operations.trash.undoable_acts import last_batch
from tui.storage.table.tracking import read_events

ID = "9f2c0000-1111-4222-8333-444455556666"
DAY = timedelta(days=1)


def stored(listing: SampleListing) -> list[tuple[object, ...]]:
    """Return every row, each value with the type that SQLite stores."""
    with closing(sqlite3.connect(listing.db_path)) as connection:
        return connection.execute("SELECT * FROM claude_sessions ORDER BY session_id").fetchall()


def transcripts(listing: SampleListing) -> dict[str, tuple[int, int, bytes]]:
    found = snapshot(listing.config_dir)
    return {name: facts for name, facts in found.items() if "projects/-data-outputs/" in name}


def catalog_now(context: Context) -> int:
    return len(plan_cleanup(context, CatalogScanner(context).look(), is_expired=True).sessions)


def test_an_undone_clean_up_of_128_expired_ones_leaves_them_expired(tmp_path: Path) -> None:
    """If undo gave them another day, a clean-up would find nothing to take."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(ID, days=-1)
    row = "'stage_3', '2026-01-01T00:00:00', '2026-01-02T00:00:00.000001', 'active', NULL"
    for number in range(127):
        one = f"{number:08x}-1111-4222-8333-444455556666"
        change_row(listing, f"INSERT INTO claude_sessions VALUES ('{one}', 'hollis_park', {row})")  # noqa: S608
        listing.write_transcript(one, "Let me look.")
    context, before = listing.context(), (stored(listing), transcripts(listing))
    plan = plan_cleanup(context, CatalogScanner(context).look(), is_expired=True)
    assert len(clean_up(context, plan).acts) == 128
    assert len(undo_last(context)) == 128
    assert (stored(listing), transcripts(listing)) == before
    assert catalog_now(context) == 128


def test_a_restored_one_that_had_expired_is_kept_for_a_day_and_that_is_said(tmp_path: Path) -> None:
    """The CLI would sweep it at its next start, so both clocks are postponed."""
    listing = SampleListing(tmp_path / "outputs")
    path = listing.add(ID, days=-1)
    old = (datetime.now(UTC) - 60 * DAY).timestamp()
    os.utime(path, (old, old))
    delete_many(listing.context(), [listing.session(ID)])
    act = restore(listing.context(), ID)
    until = datetime.now(UTC) + listing.context().settings.resume_keeps
    assert f"it had expired, and is kept until {until.astimezone():%Y-%m-%d}" in act.words
    session = listing.session(ID)
    assert session.ends_at is not None
    assert abs(session.ends_at - until) < timedelta(minutes=5)
    assert act.after == session.row


def test_a_restored_one_that_has_time_left_is_what_it_was(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(ID)
    before = stored(listing), transcripts(listing)
    delete_many(listing.context(), [listing.session(ID)])
    assert restore(listing.context(), ID).words == "restored 9f2c0000"
    assert (stored(listing), transcripts(listing)) == before


TIMES = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(datetime.isoformat),  # noqa: DTZ001
    st.sampled_from(["2026-01-01 00:00:00", "2026-01-01T00:00:00Z", "soon", "", "2026-13-01"]),
)
METADATA = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), st.integers()).map(
        json.dumps
    ),
)
ROWS = st.tuples(
    TIMES, TIMES, st.sampled_from(["active", "expired", "failed", "archived", ""]), METADATA
)


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=3), deed=st.sampled_from(["delete", "extend"]))
def test_whatever_a_row_holds_undo_gives_it_back(
    rows: Sequence[tuple[str, str, str, str | None]], deed: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        listing = SampleListing(Path(folder) / "outputs")
        ids = [f"{number:08x}-1111-4222-8333-444455556666" for number in range(len(rows))]
        for one, row in zip(ids, rows, strict=True):
            listing.add(one)
            values = (*row, one)
            with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
                pipeline.execute(
                    "UPDATE claude_sessions SET created_at = ?, expires_at = ?, status = ?,"
                    " metadata = ? WHERE session_id = ?",
                    values,
                )
        before = stored(listing), transcripts(listing)
        context = listing.context().at_one_moment()
        sessions = [listing.session(one) for one in ids]
        if deed == "delete":
            assert len(delete_many(context, sessions).acts) == len(ids)
        else:
            for session in sessions:
                extend(context, plan_extension(session, "2031-01-01", context.clock()))
        assert stored(listing) != before[0]
        assert len(undo_last(listing.context())) == len(ids)
        assert (stored(listing), transcripts(listing)) == before


def test_what_undo_does_not_take_back_is_refused_in_words(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(ID)
    context = listing.context()
    acts = [
        rename(context, listing.session(ID), "Pumps"),
        fail(context, listing.session(ID), "wrong client"),
        acknowledge(context, listing.session(ID)),
        activate(context, listing.session(ID)),
    ]
    before = stored(listing), transcripts(listing)
    for act in acts:
        with pytest.raises(Refused, match=f"{act.kind} cannot be undone"):
            undo(context, replace(act))
    with pytest.raises(Refused, match="nothing that you deleted, cleaned up or extended"):
        undo_last(context)
    assert (stored(listing), transcripts(listing)) == before


def test_undo_reaches_back_as_far_as_the_audit_is_kept(tmp_path: Path) -> None:
    """Otherwise undo would offer an act until a later write prunes it."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(ID)
    then = datetime.now(UTC) - 20 * DAY
    old = replace(listing.context(), clock=lambda: then)
    extend(old, plan_extension(listing.session(ID), "60d", then))
    with pytest.raises(Refused, match="nothing that you"):
        last_batch(listing.context(audit_days=19))
    assert [one.session_id for one in last_batch(listing.context(audit_days=21))] == [ID]


def test_what_is_done_at_once_is_one_act(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    for number in range(3):
        listing.add(f"{number:08x}-1111-4222-8333-444455556666")
    sessions = CatalogScanner(listing.context()).look().sessions
    delete_many(listing.context(), sessions[:2])
    delete_many(listing.context(), sessions[2:])
    undo_last(listing.context())
    acts = [(one.action, one.act_id) for one in reversed(read_events(listing.db_path))]
    assert [action for action, _ in acts] == ["delete", "delete", "delete", "restore"]
    assert acts[0][1] == acts[1][1] != acts[2][1] != acts[3][1]
    assert all(act_id for _, act_id in acts)
