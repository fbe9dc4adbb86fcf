"""The transition table of a row."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tui.core import status
from tui.core.models import Row

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ROW = Row("9f2c", "hollis_park", "stage_3", "2026-11-01T12:00:00", "2026-11-22T12:00:00", "active")
SOON, LATE = "2026-11-21T12:00:00", "2026-12-20T12:00:00"


def row(word: str, metadata: str | None = None, expires_at: str = ROW.expires_at) -> Row:
    return replace(ROW, status=word, metadata=metadata, expires_at=expires_at)


@pytest.mark.parametrize("word", ["active", "expired", "failed", "deleted", ""])
@pytest.mark.parametrize(
    ("expires_at", "kept"), [(SOON, "2026-11-27T12:00:00"), (LATE, LATE), ("soon", None)]
)
def test_tracked_again_is_active_and_never_ends_sooner(
    word: str, expires_at: str, kept: str | None
) -> None:
    after = status.tracked(row(word, '{"a": 1}', expires_at), NOW + 7 * DAY, UTC, None)
    assert after == row("active", '{"a": 1}', kept or "2026-11-27T12:00:00")


def test_tracked_again_takes_new_metadata() -> None:
    assert status.tracked(row("active", "{}"), NOW, UTC, '{"b": 2}').metadata == '{"b": 2}'


@pytest.mark.parametrize(
    ("word", "has_transcript", "becomes"),
    [
        ("active", True, "active"),
        ("active", False, "active"),
        ("failed", True, "failed"),
        ("deleted", True, "deleted"),
        ("expired", True, "active"),
        ("expired", False, "expired"),
    ],
)
def test_extended_revives_only_what_has_a_transcript(
    word: str, has_transcript: bool, becomes: str
) -> None:
    after = status.extended(row(word), NOW + 30 * DAY, UTC, has_transcript=has_transcript)
    assert after == row(becomes, None, LATE)


@pytest.mark.parametrize("word", ["active", "expired", "failed"])
@pytest.mark.parametrize(("expires_at", "kept"), [("2026-11-20T13:00:00", SOON), (LATE, LATE)])
def test_resumed_is_active_and_outlives_tonight(word: str, expires_at: str, kept: str) -> None:
    after = status.resumed(row(word, None, expires_at), NOW + DAY, UTC)
    assert after == row("active", None, kept)


@pytest.mark.parametrize("metadata", [None, "", "{}", '{"workers": 8}'])
def test_failed_keeps_the_reason_beside_what_was_recorded(metadata: str | None) -> None:
    after = status.failed(row("active", metadata), "API error 529", NOW, UTC)
    details = dict(after.details())
    assert after.status == "failed"
    assert details.pop("last_error") == "API error 529"
    assert details.pop("failed_at") == "2026-11-20T12:00:00"
    assert details == (json.loads(metadata) if metadata else {})


@pytest.mark.parametrize("metadata", ["not json", "[1, 2]", "7", '"text"'])
def test_metadata_that_is_not_ours_stays(metadata: str) -> None:
    after = status.failed(row("active", metadata), "API error 529", NOW, UTC)
    assert after == row("failed", metadata)


@pytest.mark.parametrize("metadata", [None, '{"workers": 8}', "not json"])
def test_succeeded_takes_a_failure_back(metadata: str | None) -> None:
    failed = status.failed(row("active", metadata), "API error 529", NOW, UTC)
    assert status.succeeded(failed) == row("active", metadata)


@pytest.mark.parametrize("word", ["active", "expired", "deleted"])
def test_succeeded_changes_nothing_else(word: str) -> None:
    assert status.succeeded(row(word, "{}")) == row(word, "{}")


@pytest.mark.parametrize("word", ["active", "expired", "failed"])
def test_deleted_keeps_all_but_the_status(word: str) -> None:
    assert status.deleted(row(word, "{}")) == row("deleted", "{}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (row("active"), row("active")),
        (row("failed"), row("failed")),
        (row("active", None, "2026-11-19T12:00:00"), row("active", None, SOON)),
        (row("expired", None, "2026-11-19T12:00:00"), row("active", None, SOON)),
        (row("active", None, "soon"), row("active", None, "soon")),
    ],
)
def test_restored_is_what_it_was_unless_its_time_has_passed(before: Row, after: Row) -> None:
    assert status.restored(before, NOW, NOW + DAY, UTC) == after
