"""The verbs doctor, check and adopt: what they print, their exit codes, and remedies that work."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    SampleListing,
    change_row,
    run_cli,
    snapshot,
)
from tests.support.processes.children import Child
from tui.__main__ import main

DAY = timedelta(days=1)
THIRD = "9f2e0000-1111-4222-8333-444455556666"
KEY = {"ANTHROPIC_API_KEY": "sk-ant-any", "IS_SANDBOX": "1"}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def home(listing: SampleListing) -> Path:
    return listing.root.parent / "home" / ".claude"


def findings(listing: SampleListing) -> list[dict[str, Any]]:
    said = run_cli(listing.root, "doctor", "--json", **KEY)
    found: list[dict[str, Any]] = json.loads(said.stdout)
    assert said.returncode == int(any(one["level"] == "error" for one in found))
    return found


def _swept(listing: SampleListing) -> None:
    listing.track(FIRST, days=60)
    listing.write_transcript(FIRST, "Let me look.", age=29 * DAY + DAY / 2)


def _old_folder(listing: SampleListing) -> None:
    listing.add(FIRST)
    os.utime(listing.config_dir / "projects", (1_700_000_000, 1_700_000_000))


def _ghost(listing: SampleListing) -> None:
    listing.add(SECOND)
    listing.track(FIRST)


def _stray(listing: SampleListing) -> None:
    listing.add(SECOND)
    listing.track(FIRST)
    source = listing.write_transcript(FIRST, "Let me look.")
    target = home(listing) / "projects" / "-app" / source.name
    target.parent.mkdir(parents=True)
    source.rename(target)


def _untracked(listing: SampleListing) -> None:
    listing.add(SECOND)
    listing.write_transcript(FIRST, "Who am I?")


def _leftover(listing: SampleListing) -> None:
    listing.add(FIRST)
    change_row(listing, "UPDATE claude_sessions SET status = 'expired'")


def _sketch(listing: SampleListing) -> None:
    listing.track("session-abc123")
    folder = listing.config_dir / "session-abc123"
    folder.mkdir(parents=True)
    (folder / "conversation.json").write_text("[]")


def _overwritten(listing: SampleListing) -> None:
    listing.add(FIRST)
    assert run_cli(listing.root, "extend", FIRST, "20d").returncode == 0
    listing.track(FIRST, days=7)


def _bad_date(listing: SampleListing) -> None:
    listing.add(FIRST)
    change_row(listing, "UPDATE claude_sessions SET expires_at = 'next tuesday'")


def _cut_off(listing: SampleListing) -> None:
    """A delete that was killed after moving the files, before updating the row."""
    listing.add(FIRST)
    assert run_cli(listing.root, "delete", FIRST, "--yes").returncode == 0
    change_row(listing, "UPDATE claude_sessions SET status = 'active'")
    change_row(listing, "DELETE FROM claude_session_events")


def _held(listing: SampleListing) -> None:
    listing.add(FIRST)
    assert run_cli(listing.root, "hold", "on").returncode == 0
    path = listing.root / ".session_console" / "hold.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"at": "2020-01-01T00:00:00+00:00"}))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_swept, "swept_first"),
        (_old_folder, "old_folder"),
        (_ghost, "ghost"),
        (_stray, "stray"),
        (_stray, "wrong_variable"),
        (_untracked, "untracked"),
        (_leftover, "leftover"),
        (_sketch, "sketch"),
        (_overwritten, "overwritten"),
        (_bad_date, "bad_date"),
        (_cut_off, "unfinished_delete"),
        (_held, "long_hold"),
    ],
)
def test_the_command_that_is_named_mends_it(
    listing: SampleListing, make: Callable[[SampleListing], None], code: str
) -> None:
    make(listing)
    (finding,) = [one for one in findings(listing) if one["code"] == code]
    (command, *_) = re.findall(r"`([^`]+)`", finding["remedy"])
    said = run_cli(listing.root, *shlex.split(command.replace("STAGE", "stage_2")), **KEY)
    assert said.returncode == 0, said.stderr
    assert not [one for one in findings(listing) if one["code"] == code]


def test_a_report_is_by_listing_the_most_serious_first(listing: SampleListing) -> None:
    _ghost(replace(listing, listing_id="a_ghost"))
    _swept(replace(listing, listing_id="swept_first"))
    said = run_cli(listing.root, "doctor", **KEY)
    heads = [line for line in said.stdout.splitlines() if not line.startswith(" ")]
    assert heads == ["swept_first:", "a_ghost:"]
    assert "  fault    9f2c0000: it would be swept by the CLI in" in said.stdout
    assert "           -> `doctor --fix`" in said.stdout
    assert said.stderr.startswith("doctor: 1 fault, 1 warning: ")
    assert said.returncode == 1


def test_many_alike_are_told_in_few_lines(listing: SampleListing) -> None:
    for number in range(9):
        listing.write_transcript(f"untracked{number}", "Who am I?")
    said = run_cli(listing.root, "doctor", **KEY)
    assert "... and 6 more of the same" in said.stdout
    assert said.returncode == 0
    assert len([one for one in findings(listing) if one["code"] == "untracked"]) == 9


def test_one_listing_alone_can_be_examined(listing: SampleListing) -> None:
    _swept(listing)
    _ghost(replace(listing, listing_id="a_ghost"))
    said = run_cli(listing.root, "doctor", "a_ghost", **KEY)
    assert said.returncode == 0
    assert "swept" not in said.stdout.replace("swept by the CLI:", "")
    assert run_cli(listing.root, "doctor", "nowhere", **KEY).returncode == 3


def test_a_sound_root_is_all_well(listing: SampleListing) -> None:
    listing.add(FIRST)
    before = snapshot(listing.root)
    for words in (["doctor"], ["doctor", "--fix"]):
        said = run_cli(listing.root, *words, **KEY)
        assert (said.returncode, said.stdout) == (0, "")
        assert said.stderr == "doctor: all clear\n"
    assert snapshot(listing.root) == before


def test_fix_prints_what_it_did_and_not_what_is_mended(listing: SampleListing) -> None:
    _swept(listing)
    said = run_cli(listing.root, "doctor", "--fix", **KEY)
    assert said.returncode == 0
    assert "postponed the CLI's sweep" in said.stdout
    assert "would be swept" not in said.stdout
    assert run_cli(listing.root, "doctor", "--fix", "--read-only", **KEY).returncode == 4


@pytest.mark.parametrize(
    ("make", "code", "what"), [(_swept, 1, ["swept"]), (_ghost, 0, ["ghost"]), (_leftover, 0, [])]
)
def test_check_is_for_monitoring(
    listing: SampleListing,
    make: Callable[[SampleListing], None],
    code: int,
    what: list[str],
) -> None:
    make(listing)
    said = run_cli(listing.root, "check", "--json")
    assert (said.returncode, [one["what"] for one in json.loads(said.stdout)]) == (code, what)


def test_check_fails_when_something_would_be_lost_soon(listing: SampleListing) -> None:
    listing.add(FIRST, days=1)
    assert run_cli(listing.root, "check").returncode == 0
    said = run_cli(listing.root, "check", "--ends", "2d")
    assert said.returncode == 1
    assert "ends" in said.stdout
    assert run_cli(listing.root, "check", "--ends", "soon").returncode == 2


def test_check_rings_once(listing: SampleListing, tmp_path: Path) -> None:
    _ghost(listing)
    bell = tmp_path / "bell"
    setting = {"SESSION_CONSOLE_NOTIFY_COMMAND": f"tee -a {bell}"}
    for _ in range(2):
        assert run_cli(listing.root, "check", "--notify", **setting).returncode == 0
    (line,) = bell.read_text().splitlines()
    assert json.loads(line)["what"] == "ghost"
    assert run_cli(listing.root, "check", "--notify").returncode == 2


def adopt(listing: SampleListing, *words: str) -> subprocess.CompletedProcess[str]:
    return run_cli(listing.root, "adopt", *words)


def test_every_stray_is_adopted_at_once_and_nothing_private(listing: SampleListing) -> None:
    _stray(listing)
    private = home(listing) / "projects" / "-diary" / f"{FIRST[:-1]}9.jsonl"
    private.parent.mkdir(parents=True)
    private.write_text('{"type": "user", "cwd": "/home/anna/diary"}\n')
    before = snapshot(private.parent)
    said = adopt(listing, "--all")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"adopted {FIRST[:8]} into hollis_park")
    assert snapshot(private.parent) == before
    assert adopt(listing, "--all").stderr == "no stray sessions to adopt\n"


def test_one_that_two_listings_claim_is_left_to_a_person(listing: SampleListing) -> None:
    _stray(listing)
    replace(listing, listing_id="other").track(FIRST)
    said = adopt(listing, FIRST)
    assert said.returncode == 2
    assert f"other/{FIRST}" in said.stderr
    said = adopt(listing, "--all")
    assert said.returncode == 2
    assert said.stdout == ""
    assert adopt(listing, f"other/{FIRST}").returncode == 0


def test_one_stray_that_fails_hides_no_other(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done before and after it is reported, and the failure as JSON too."""
    _stray(listing)
    for session_id in (SECOND, THIRD):
        listing.track(session_id)
        source = listing.write_transcript(session_id, "Let me look.")
        source.rename(home(listing) / "projects" / "-app" / source.name)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home(listing)))

    def conflict(source: Path, target: Path) -> Path | None:
        if SECOND in str(source):
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        return None

    monkeypatch.setattr("tui.operations.sessions.adopt.conflict", conflict)
    assert main(["--root", str(listing.root), "adopt", "--all", "--json"]) != 0
    said = capsys.readouterr()
    assert {one["session_id"] for one in json.loads(said.out)} == {FIRST, THIRD}
    error = json.loads(said.err.splitlines()[0])["error"]["message"]
    assert SECOND[:8] in error
    assert "Permission denied" in error


@pytest.mark.parametrize("words", [[], [FIRST, "--all"]])
def test_who_is_to_be_adopted_must_be_said(listing: SampleListing, words: list[str]) -> None:
    _stray(listing)
    assert adopt(listing, *words).returncode == 2


def test_check_looks_again_before_it_calls_for_a_lock(listing: SampleListing) -> None:
    """A problem that is over by then would wake somebody for nothing."""
    listing.add(FIRST)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        said = run_cli(listing.root, "check", "--json")
    (need,) = json.loads(said.stdout)
    assert (said.returncode, need["level"], need["what"]) == (0, "warning", "locked")
    slow = [sys.executable, "-c", BRIEF_LOCK, str(listing.db_path)]
    with Child(slow, stdout=subprocess.PIPE) as writer_process:
        assert writer_process.stdout is not None
        writer_process.stdout.readline()
        said = run_cli(listing.root, "check", "--json")
    assert json.loads(said.stdout) == []


BRIEF_LOCK = """
import sqlite3, sys, time
writer = sqlite3.connect(sys.argv[1], isolation_level=None)
writer.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(2.5)
"""
