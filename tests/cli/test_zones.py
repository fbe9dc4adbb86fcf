"""The time zone is always stated, and an unreadable date never counts as expired: exact strings."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import SampleListing, run_cli

STORED = {
    "a-spring": "2026-03-29T02:30:00",
    "b-autumn": "2026-10-25T02:30:00",
    "c-spring-us": "2026-03-08T02:30:00.000007",
    "d-autumn-us": "2026-11-01T01:30:00",
    "e-aware": "2026-11-20T12:00:00+05:30",
    "f-zulu": "2026-11-20T12:00:00Z",
    "g-garbage": "soon",
    "h-nothing": "",
    "i-zero": "1970-01-01T00:00:00",
}
AWARE = {
    "e-aware": "2026-11-20T06:30:00+00:00",
    "f-zulu": "2026-11-20T12:00:00+00:00",
    "g-garbage": None,
    "h-nothing": None,
    "i-zero": None,
}
NAIVE = {
    "UTC": (
        "2026-03-29T02:30:00+00:00", "2026-10-25T02:30:00+00:00",
        "2026-03-08T02:30:00.000007+00:00", "2026-11-01T01:30:00+00:00",
    ),
    "Europe/Berlin": (
        "2026-03-29T01:30:00+00:00", "2026-10-25T00:30:00+00:00",
        "2026-03-08T01:30:00.000007+00:00", "2026-11-01T00:30:00+00:00",
    ),
    "America/New_York": (
        "2026-03-29T06:30:00+00:00", "2026-10-25T06:30:00+00:00",
        "2026-03-08T07:30:00.000007+00:00", "2026-11-01T05:30:00+00:00",
    ),
    "Asia/Kolkata": (
        "2026-03-28T21:00:00+00:00", "2026-10-24T21:00:00+00:00",
        "2026-03-07T21:00:00.000007+00:00", "2026-10-31T20:00:00+00:00",
    ),
}  # fmt: skip


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    for session_id, stored in STORED.items():
        listing.add(session_id)
        execute(listing, "UPDATE claude_sessions SET expires_at = ? WHERE session_id = ?",
                stored, session_id)  # fmt: skip
    return listing


def execute(listing: SampleListing, sql: str, *values: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


@pytest.mark.parametrize("zone", NAIVE)
def test_every_stored_time_means_one_moment_in_each_zone(listing: SampleListing, zone: str) -> None:
    """A skipped hour of a clock change is read an hour later; a repeated one as the first."""
    zoned = {"SESSION_CONSOLE_TIME_ZONE": zone, "TZ": "Pacific/Auckland"}
    found = json.loads(run_cli(listing.root, "ls", "--json", **zoned).stdout)
    shown = {one["session_id"]: one["expires_at"] for one in found}
    assert shown == AWARE | dict(zip(STORED, NAIVE[zone], strict=False))
    run_cli(listing.root, "extend", "f-zulu", "2999-12-24", **zoned)
    sql = "SELECT expires_at FROM claude_sessions WHERE session_id = 'f-zulu'"
    assert execute(listing, sql) == [("2999-12-24T23:59:59",)]
    show = run_cli(listing.root, "show", "g-garbage", **zoned).stdout
    assert f"the table's times are read as {zone}" in show
    assert "awaiting clean-up" not in show
    plan = run_cli(listing.root, "cleanup", "--dry-run", "--json", **zoned)
    assert "a-spring" in plan.stdout
    assert not {"g-garbage", "h-nothing", "i-zero"} & set(plan.stdout.split('"'))
