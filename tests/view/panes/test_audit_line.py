"""An audit event as one line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.time.zones import zone_named
from tui.view.panes.audit_line import act_time, act_words

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROW = Row("9f2c", "hollis_park", "stage_3", "2026-11-01T12:00:00", "2026-11-24T10:00:00", "active")
LATER = replace(ROW, expires_at="2026-12-01T10:00:00.000123")
FAILED = replace(ROW, status="failed", metadata=json.dumps({"last_error": "API error\x1b[31m 529"}))


@pytest.mark.parametrize(
    ("action", "ends"),
    [
        ("clean-up", ", moved to the trash"),
        ("delete", ", moved to the trash"),
        ("restore", ", moved back from the trash"),
        ("sync", ""),
    ],
)
def test_what_became_of_the_files_is_said_as_done(action: str, ends: str) -> None:
    after = replace(ROW, status="expired")
    event = AuditEvent(at=AT, action=action, session_id="9f2c", before=ROW, after=after)
    assert act_words(event) == f"active -> expired{ends}"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, ROW, "active, expires 24 Nov 10:00"),
        (ROW, LATER, "expires 24 Nov 10:00 -> 01 Dec 10:00"),
        (ROW, replace(ROW, expires_at="2027-01-01T00:00:00Z"),
         "expires 24 Nov 10:00 -> 01 Jan 2027 00:00 UTC"),
        (ROW, replace(ROW, expires_at="soon\x1b[31m"), "expires 24 Nov 10:00 -> soon"),
        (ROW, replace(ROW, expires_at=""), "expires 24 Nov 10:00 -> ?"),
        (ROW, FAILED, "active -> failed: API error 529"),
        (ROW, replace(FAILED, expires_at=LATER.expires_at),
         "expires 24 Nov 10:00 -> 01 Dec 10:00, active -> failed: API error 529"),
        (FAILED, ROW, "failed -> active"),
        (FAILED, replace(FAILED, metadata='{"last_error": "no"}'), "failed -> failed: no"),
        (ROW, replace(ROW, status="deleted"), "active -> deleted"),
        (ROW, replace(ROW, status="\x1b[31m"), "active -> ?"),
        (ROW, replace(ROW, stage="stage_4"), "stage stage_3 -> stage_4"),
        (ROW, replace(ROW, metadata='{"agent": {}}'), "agent's options recorded"),
        (replace(ROW, metadata='{"agent": {}}'), ROW, "agent's options lost"),
        (ROW, ROW, ""),
    ],
)  # fmt: skip
def test_what_an_act_changed_is_said(before: Row | None, after: Row, words: str) -> None:
    assert (
        act_words(
            AuditEvent(
                at=AT,
                operator="anna",
                action="x",
                listing="",
                session_id="9f2c",
                before=before,
                after=after,
            )
        )
        == words
    )


def test_an_act_on_no_row_says_its_note() -> None:
    assert (
        act_words(AuditEvent(at=AT, operator="anna", action="hold", note="disk is full"))
        == "disk is full"
    )


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "2026-11-20 12:00:00"),
        ("America/New_York", "2026-11-20 07:00:00"),
        ("Asia/Kolkata", "2026-11-20 17:30:00"),
    ],
)
def test_when_it_was_is_said_in_the_zone_of_whoever_looks(zone: str, words: str) -> None:
    assert act_time(AuditEvent(at=AT, operator="anna", action="x"), zone_named(zone)) == words


@pytest.mark.parametrize(
    ("together", "words"),
    [(40, "one of 40 at once"), (1, ""), (0, ""), (True, ""), ("40", ""), (10**30, "")],
)
def test_with_how_many_others_it_was_started_is_said_if_that_can_be(
    together: object, words: str
) -> None:
    detail = json.dumps({"together": together})
    event = AuditEvent(at=datetime.now(UTC), action="resume", session_id="9f2c", detail=detail)
    assert act_words(event) == words
