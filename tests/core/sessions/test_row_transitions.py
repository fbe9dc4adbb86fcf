"""The transition table of a row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

from tui.core.errors import Kind
from tui.core.models.row import Row
from tui.core.sessions import row_transitions

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ROW = Row("9f2c", "hollis_park", "stage_3", "2026-11-01T12:00:00", "2026-11-22T12:00:00", "active")
SOON, LATE = "2026-11-21T12:00:00", "2026-12-20T12:00:00"


WHY = json.dumps({"workers": 8, "last_error": "API error 529", "failed_at": "2026-11-20T11:00:00"})
STATUSES = ("active", "expired", "failed", "deleted", "paused", "")
EVENTS: dict[str, Callable[[Row], Row]] = {
    "tracked": lambda one: row_transitions.tracked(one, NOW + DAY, UTC, None),
    "extended": lambda one: row_transitions.extended(one, NOW + DAY, UTC, has_transcript=True),
    "extended, no transcript": lambda one: row_transitions.extended(
        one, NOW + DAY, UTC, has_transcript=False
    ),
    "resumed": lambda one: row_transitions.resumed(one, NOW + DAY, UTC),
    "activated": lambda one: row_transitions.activated(one, NOW + DAY, UTC),
    "failed": lambda one: row_transitions.failed(one, "API error 401", NOW, UTC),
    "succeeded": row_transitions.succeeded,
    "cleaned up": row_transitions.cleaned_up,
    "deleted": row_transitions.deleted,
    "restored": lambda one: row_transitions.restored(one, NOW, NOW + DAY, UTC),
}
TABLE = """
    event                    active   expired  failed   deleted  paused   ''
    tracked                  active   active   active   active   active   active
    extended                 active   active   failed   deleted  paused   ''
    extended, no transcript  active   expired  failed   deleted  paused   ''
    resumed                  active   active   active   active   active   active
    activated                active   active   active   active   active   active
    failed                   failed   failed   failed   failed   failed   failed
    succeeded                active   expired  active   deleted  paused   ''
    cleaned up               expired  expired  expired  expired  expired  expired
    deleted                  deleted  deleted  deleted  deleted  deleted  deleted
    restored                 active   active   failed   deleted  paused   ''
"""
LASTS = ("tracked", "extended", "extended, no transcript", "resumed", "activated")
SETTLES = ("activated", "succeeded")


def row(word: str, metadata: str | None = None, expires_at: str = ROW.expires_at) -> Row:
    return replace(ROW, status=word, metadata=metadata, expires_at=expires_at)


def pairs() -> list[tuple[str, str, str]]:
    """Return every event with every status before it and after it, from the table above."""
    lines = [re.split(r" {2,}", line.strip()) for line in TABLE.strip().splitlines()]
    assert [event for event, *_ in lines[1:]] == list(EVENTS)
    return [
        (event, before, after.strip("'"))
        for event, *cells in lines[1:]
        for before, after in zip(STATUSES, cells, strict=True)
    ]


@pytest.mark.parametrize(("event", "before", "after"), pairs())
def test_every_event_makes_of_every_status_what_the_table_says(
    event: str, before: str, after: str
) -> None:
    past = row(before, WHY if before == "failed" else '{"workers": 8}', "2026-11-19T12:00:00")
    became = EVENTS[event](past)
    assert became.status == after
    assert became.details()["workers"] == 8
    revived = event == "restored" and before in ("active", "expired")
    assert became.expires_at == (SOON if event in LASTS or revived else past.expires_at)
    same = {"created_at", "listing_id", "stage", "session_id"}
    assert {getattr(became, name) for name in same} == {getattr(past, name) for name in same}
    if before == "failed" and event != "failed":
        assert (became.details().get("last_error") is None) is (event in SETTLES)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("before", STATUSES)
def test_no_event_shortens_a_session(event: str, before: str) -> None:
    assert EVENTS[event](row(before, None, LATE)).expires_at == LATE


@pytest.mark.parametrize("word", ["active", "expired", "failed", "deleted", ""])
@pytest.mark.parametrize(
    ("expires_at", "kept"), [(SOON, "2026-11-27T12:00:00"), (LATE, LATE), ("soon", None)]
)
def test_tracked_again_is_active_and_never_ends_sooner(
    word: str, expires_at: str, kept: str | None
) -> None:
    after = row_transitions.tracked(row(word, '{"a": 1}', expires_at), NOW + 7 * DAY, UTC, None)
    assert after == row("active", '{"a": 1}', kept or "2026-11-27T12:00:00")


def test_tracked_again_takes_new_metadata() -> None:
    assert row_transitions.tracked(row("active", "{}"), NOW, UTC, '{"b": 2}').metadata == '{"b": 2}'


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
    after = row_transitions.extended(row(word), NOW + 30 * DAY, UTC, has_transcript=has_transcript)
    assert after == row(becomes, None, LATE)


@pytest.mark.parametrize("expires_at", [None, 1_795_000_000, "soon", ""])
@pytest.mark.parametrize("become", [row_transitions.resumed, row_transitions.activated])
def test_an_end_that_cannot_be_read_becomes_no_sooner_one(
    become: Callable[[Row, datetime, tzinfo], Row], expires_at: Any
) -> None:
    after = become(row("failed", None, expires_at), NOW + DAY, UTC)
    assert (after.status, after.expires_at) == ("active", expires_at)


@pytest.mark.parametrize("word", ["active", "expired", "failed"])
@pytest.mark.parametrize(("expires_at", "kept"), [("2026-11-20T13:00:00", SOON), (LATE, LATE)])
def test_resumed_is_active_and_outlives_tonight(word: str, expires_at: str, kept: str) -> None:
    after = row_transitions.resumed(row(word, None, expires_at), NOW + DAY, UTC)
    assert after == row("active", None, kept)


@pytest.mark.parametrize("metadata", [None, "", "{}", '{"workers": 8}'])
def test_failed_keeps_the_reason_beside_what_was_recorded(metadata: str | None) -> None:
    after = row_transitions.failed(row("active", metadata), "API error 529", NOW, UTC)
    details = dict(after.details())
    assert after.status == "failed"
    assert details.pop("last_error") == "API error 529"
    assert details.pop("failed_at") == "2026-11-20T12:00:00"
    assert details == (json.loads(metadata) if metadata else {})


def test_the_kind_of_a_failure_goes_with_it() -> None:
    limited = row_transitions.failed(row("active"), "429", NOW, UTC, Kind.RATE_LIMIT)
    assert row_transitions.kind_of_failure(limited) is Kind.RATE_LIMIT
    by_hand = row_transitions.failed(limited, "it is wrong", NOW, UTC)
    assert row_transitions.kind_of_failure(by_hand) is Kind.OTHER
    assert row_transitions.succeeded(limited) == row("active")


@pytest.mark.parametrize("metadata", ["not json", "[1, 2]", "7", '"text"'])
def test_metadata_that_is_not_ours_stays(metadata: str) -> None:
    after = row_transitions.failed(row("active", metadata), "API error 529", NOW, UTC)
    assert after == row("failed", metadata)


@pytest.mark.parametrize("metadata", [None, '{"workers": 8}', "not json"])
def test_succeeded_takes_a_failure_back(metadata: str | None) -> None:
    failed = row_transitions.failed(row("active", metadata), "API error 529", NOW, UTC)
    assert row_transitions.succeeded(failed) == row("active", metadata)


@pytest.mark.parametrize("word", ["active", "expired", "deleted"])
def test_succeeded_changes_nothing_else(word: str) -> None:
    assert row_transitions.succeeded(row(word, "{}")) == row(word, "{}")


@pytest.mark.parametrize("word", ["active", "expired", "failed"])
def test_deleted_keeps_all_but_the_status(word: str) -> None:
    assert row_transitions.deleted(row(word, "{}")) == row("deleted", "{}")


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
    assert row_transitions.restored(before, NOW, NOW + DAY, UTC) == after
