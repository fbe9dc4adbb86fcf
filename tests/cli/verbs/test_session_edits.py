"""The verbs that correct a row and those that report changes, as scripts use them."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.core.models.audit import AuditEvent
from tui.storage.table.tracking import Tracking


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9, metadata={"workers": 8})
    listing.add(SECOND, days=2)
    return listing


def say(listing: SampleListing, *words: str) -> tuple[int, str, str]:
    done = run_cli(listing.root, "--operator", "anna", *words)
    return done.returncode, done.stdout, done.stderr


def facts(listing: SampleListing, *words: str) -> Any:
    code, stdout, stderr = say(listing, *words, "--json")
    assert (code, stderr) == (0, "")
    return json.loads(stdout)


def test_the_life_of_a_session_by_hand(listing: SampleListing) -> None:
    failed = facts(listing, "fail", "9f2c", "--reason", "wrong client")
    assert (failed["session_id"], failed["listing"]) == (FIRST, "hollis_park")
    assert (failed["status"], failed["words"]) == (
        "failed",
        "marked 9f2c0000 as failed: wrong client",
    )
    active = facts(listing, "activate", "9f2c")
    assert active["status"] == "active"
    assert datetime.fromisoformat(active["expires_at"]).utcoffset() == timedelta()
    assert say(listing, "reapply", "9f2c")[::2] == (
        4, "session-console: 9f2c0000 was not overwritten: there is nothing to reapply\n",
    )  # fmt: skip
    assert say(listing, "extend", "9f2c", "40d")[0] == 0
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET expires_at = '2026-01-01T00:00:00'")
    assert say(listing, "reapply", "9f2c") == (
        0, "9f2c0000 is restored: the overwritten change applies again\n", "",
    )  # fmt: skip
    assert facts(listing, "show", "9f2c")["expires_in_s"] > 39 * 86400
    told = [one["action"] for one in facts(listing, "log", "9f2c")]
    assert told == ["reapply", "extend", "activate", "fail"]


def test_undo_takes_back_my_batches_one_by_one(listing: SampleListing) -> None:
    before = facts(listing, "ls")
    assert say(listing, "extend", "9f2c", "9f2d", "40d")[0] == 0
    assert say(listing, "delete", "9f2d", "--yes")[0] == 0
    (restored,) = facts(listing, "undo")
    assert (restored["session_id"], restored["undone"]) == (SECOND, True)
    assert {one["session_id"] for one in facts(listing, "undo")} == {FIRST, SECOND}
    gone_by = ("expires_in_s", "sweep_at")
    for one, other in zip(before, facts(listing, "ls"), strict=True):
        assert {key: one[key] for key in one if key not in gone_by} == {
            key: other[key] for key in other if key not in gone_by
        }
    code, stdout, stderr = say(listing, "undo")
    assert (code, stdout) == (4, "")
    assert "nothing that you deleted" in stderr


def test_an_undo_that_had_to_leave_something_says_so(listing: SampleListing) -> None:
    say(listing, "extend", "9f2c", "40d")
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET stage = 'stage_4'")
    code, stdout, stderr = say(listing, "undo")
    why, sum_, *_ = stderr.splitlines()
    assert (code, stdout, why) == (4, "", "9f2c0000 changed in the meantime: stage is now stage_4")
    assert re.fullmatch(r"your extension of \d\d:\d\d was not undone", sum_)


def test_an_extension_that_would_shorten_is_an_error_in_words(listing: SampleListing) -> None:
    code, stdout, stderr = say(listing, "extend", "9f2c", "-5d")
    assert (code, stdout) == (2, "")
    assert "'-5d': an extension never shortens" in stderr
    code, _, stderr = say(listing, "ls", "--ends", "soon")
    assert (code, "+7d" in stderr, "hours like 12h" in stderr) == (2, False, True)


def test_the_log_says_who_did_what(listing: SampleListing) -> None:
    code, stdout, stderr = say(listing, "log")
    assert (code, stdout, stderr) == (0, "", "nothing has been done here yet\n")
    say(listing, "fail", "9f2c", "--reason", "wrong \x1b[31mclient")
    say(listing, "delete", "9f2d", "--yes")
    code, stdout, stderr = say(listing, "log")
    head, first, second = stdout.splitlines()
    assert head.split() == ["AT", "WHO", "DID", "LISTING", "ID", "WHAT"]
    assert first.split()[2:6] == ["anna", "fail", "hollis_park", "9f2c0000"]
    assert first.endswith("  active -> failed: wrong client")
    assert second.endswith("9f2d0000  active -> deleted, moved to the trash")
    assert "in its pipeline's zone" in stderr
    (last,) = facts(listing, "log", "hollis_park", "-n", "1")
    assert (last["action"], last["session_id"]) == ("delete", SECOND)
    assert (last["before"]["status"], last["after"]["status"]) == ("active", "deleted")
    assert datetime.fromisoformat(last["at"]).utcoffset() == timedelta()


def test_the_log_folds_equal_lines_and_names_nobody_for_a_turn_that_failed(
    listing: SampleListing,
) -> None:
    now, tracking = datetime(2026, 11, 20, tzinfo=UTC), Tracking(listing.db_path, UTC, "anna")
    for day in range(13):
        at = now + timedelta(days=day)
        turn = AuditEvent(at=at, action="fail", session_id=FIRST, detail='{"run": "r1"}')
        tracking.mark_failed(FIRST, now=at, reason="401 invalid key", turn=turn)
    tracking.note(replace(turn, action="resume", detail='{"run": "r1", "together": 40}'))
    stdout, stderr = say(listing, "log", "9f2c")[1:]
    first, folded, resumed = (" ".join(one.split()) for one in stdout.splitlines()[1:])
    assert first.endswith(" - fail hollis_park 9f2c0000 active -> failed: 401 invalid key")
    assert folded.startswith("2026-12-02")
    assert folded.endswith(" - fail hollis_park 9f2c0000 (x12)")
    assert resumed.endswith(" anna resume hollis_park 9f2c0000 one of 40 at once")
    assert "(x12) is the last of 12 in a row that say the same" in stderr


@pytest.mark.parametrize(
    ("words", "code"), [(["nosuch"], 3), (["../x"], 3), (["hollis_park/zz"], 3), (["9f2"], 2)]
)
def test_the_log_of_nobody_is_an_error(listing: SampleListing, words: list[str], code: int) -> None:
    say(listing, "fail", "9f2c")
    assert say(listing, "log", *words)[0] == code


def test_the_accounts_are_data(listing: SampleListing) -> None:
    say(listing, "delete", "9f2d", "--yes")
    account = facts(listing, "stats")
    (only,) = account["listings"]
    assert only | {"listing": None} == account["total"]
    assert (only["sessions"], only["trash"], only["live"]) == (2, 1, 0)
    assert only["statuses"] == {"active": 1, "expired": 0, "failed": 0, "deleted": 1}
    assert only["states"] == {"ok": 2, "ghost": 0, "untracked": 0, "leftover": 0}
    assert only["next_end"]["session_id"] == FIRST
    code, stdout, stderr = say(listing, "stats", "hollis_park")
    assert (code, stderr) == (0, "")
    assert [line.split()[:3] for line in stdout.splitlines()] == [
        ["LISTING", "SESSIONS", "LIVE"], ["hollis_park", "2", "0"], ["all", "2", "0"],
    ]  # fmt: skip
    assert say(listing, "stats", "nosuch")[0] == 3


def test_show_says_what_to_do_about_a_failure(listing: SampleListing) -> None:
    """The guide of the first night promises it; `show` used to refer the reader to `show`."""
    say(listing, "fail", "9f2c", "--reason", "wrong client")
    shown = say(listing, "show", "9f2c")[1]
    assert re.search("^reason +wrong client$", shown, re.M)
    assert re.search("^what to do +fix the cause, then `resume 9f2c0000`", shown, re.M)
    assert "`show`" not in shown


def test_the_log_does_not_say_that_a_released_hold_stands(listing: SampleListing) -> None:
    """It used to repeat the hold's own words: "new runs and clean-up paused"."""
    say(listing, "hold", "on")
    say(listing, "hold", "off")
    (released, begun) = facts(listing, "log")
    assert [one["action"] for one in (begun, released)] == ["hold", "lift"]
    assert released["note"].startswith("set by anna since ")
