"""What scripts rely on: names of keys, exit codes, data on stdout and errors on stderr."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tests.support.place import REPOSITORY
from tests.support.processes.children import Child
from tui.safe_io.processes import own_domain, started

KEYS = (
    "session_id", "listing", "stage", "status", "liveness", "state_word", "waiting_for",
    "cut_off_at", "unsent", "created_at", "expires_at", "expires_in_s", "sweep_at", "ends_at",
    "title", "model", "cost_usd", "transcript", "bytes", "last_activity_at", "state", "unread",
    "tags", "note", "snoozed_until",
)  # fmt: skip


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9, metadata={"workers": 8})
    listing.add(SECOND, days=2)
    return listing


def listed(listing: SampleListing, *words: str) -> list[dict[str, Any]]:
    done = run_cli(listing.root, "ls", "--json", *words)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_ls_lists_the_keys_of_the_contract_soonest_first(listing: SampleListing) -> None:
    sessions = listed(listing)
    assert [one["session_id"] for one in sessions] == [SECOND, FIRST]
    for one in sessions:
        assert tuple(one) == KEYS
        for name in ("created_at", "expires_at", "sweep_at", "ends_at", "last_activity_at"):
            assert datetime.fromisoformat(one[name]).utcoffset() == timedelta()
        assert one["ends_at"] == min(one["expires_at"], one["sweep_at"])
    first = sessions[1]
    assert abs(first["expires_in_s"] - 9 * 86400 + 3600) < 60
    assert first["transcript"] == str(listing.transcript_path(FIRST))
    assert first["bytes"] == listing.transcript_path(FIRST).stat().st_size
    expected = {
        "listing": "hollis_park",
        "stage": "stage_3",
        "status": "active",
        "liveness": "none",
        "state_word": "ready",
        "waiting_for": None,
        "cut_off_at": None,
        "unsent": 0,
        "title": "Strategic buyers, pumps",
        "model": "claude-sonnet-4-5",
        "cost_usd": None,
        "state": "ok",
    }
    assert {name: first[name] for name in expected} == expected


def test_what_is_not_there_is_null(listing: SampleListing) -> None:
    untracked, ghost = "aa11", "bb22"
    listing.write_transcript(untracked)
    listing.track(ghost)
    sessions = {one["session_id"]: one for one in listed(listing)}
    row = ("stage", "status", "expires_at", "expires_in_s")
    file = ("title", "model", "transcript", "sweep_at", "last_activity_at")
    sweep_at, expires_at = sessions[untracked]["sweep_at"], sessions[ghost]["expires_at"]
    assert (sessions[untracked]["ends_at"], sessions[ghost]["ends_at"]) == (sweep_at, expires_at)
    assert [sessions[untracked][name] for name in row] == [None] * len(row)
    assert [sessions[ghost][name] for name in file] == [None] * len(file)
    assert (sessions[untracked]["state"], sessions[ghost]["state"]) == ("untracked", "ghost")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["hollis_park"], {FIRST, SECOND}),
        (["--status", "ready"], {FIRST, SECOND}),
        (["--status", "active"], {FIRST, SECOND}),
        (["--status", "running"], set()),
        (["--status", "failed"], set()),
        (["--status", "busy"], set()),
        (["--status", "API-error"], set()),
        (["--ends", "3d"], {SECOND}),
        (["--live"], set()),
    ],
)
def test_ls_takes_a_part(listing: SampleListing, words: list[str], found: set[str]) -> None:
    assert {one["session_id"] for one in listed(listing, *words)} == found


def test_an_empty_root_is_an_empty_array_and_a_hint(tmp_path: Path) -> None:
    done = run_cli(tmp_path, "ls", "--json")
    assert (done.returncode, done.stdout) == (0, "[]\n")
    done = run_cli(tmp_path, "ls")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no listings below" in done.stderr


def test_show_says_everything_ls_says_and_more(listing: SampleListing) -> None:
    done = run_cli(listing.root, "show", FIRST, "--json")
    shown = json.loads(done.stdout)
    assert tuple(shown)[: len(KEYS)] == KEYS
    assert shown["metadata"] == {"workers": 8}
    assert datetime.fromisoformat(shown["stored"]["expires_at"]).tzinfo is None


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ('{"a": NaN, "b": [Infinity]}', {"a": None, "b": [None]}),
        ("not json", {}),
        ("[1]", {}),
        ('{"a": ' + "[" * 900 + "]" * 900 + "}", None),
    ],
)
def test_any_metadata_is_strict_json(
    listing: SampleListing, stored: str, shown: dict[str, Any] | None
) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET metadata = ?", (stored,))
    done = run_cli(listing.root, "show", FIRST, "--json")
    assert done.returncode == 0
    assert "NaN" not in done.stdout
    assert shown is None or json.loads(done.stdout)["metadata"] == shown


def test_tail_prints_one_object_an_entry(listing: SampleListing) -> None:
    done = run_cli(listing.root, "tail", FIRST, "--json")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["kind"], one["text"]) for one in entries] == [
        ("prompt", "Strategic buyers, pumps"),
        ("text", "Let me look."),
    ]
    done = run_cli(listing.root, "tail", FIRST, "-n", "1", "--json")
    assert len(done.stdout.splitlines()) == 1


def test_tail_follows_until_interrupted(listing: SampleListing) -> None:
    with Child(
        [sys.executable, "-m", "tui", "--root", str(listing.root), "tail", "-f", FIRST, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as tail:
        assert tail.stdout is not None
        assert [tail.stdout.readline() for _ in range(2)]
        line = listing.transcript_path(FIRST).read_text().splitlines()[1]
        with listing.transcript_path(FIRST).open("a") as file:
            file.write(line.replace("Let me look.", "Found 12.") + "\n")
        assert json.loads(tail.stdout.readline())["text"] == "Found 12."
        tail.send_signal(signal.SIGINT)
        assert tail.wait(60) == 0


def test_tail_ends_with_its_reader(listing: SampleListing) -> None:
    words = [sys.executable, "-m", "tui", "--root", str(listing.root)]
    with Child(
        [*words, "tail", "-f", FIRST, "-n", "1", "--json"],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    ) as tail:
        assert tail.stdout is not None
        assert tail.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            tail.wait(1)
        tail.stdout.close()
        try:
            assert tail.wait(60) == 0
        finally:
            tail.kill()


def test_extend_says_old_and_new(listing: SampleListing) -> None:
    was = {one["session_id"]: one["expires_at"] for one in listed(listing)}
    done = run_cli(listing.root, "extend", FIRST, "30d", "--json")
    (said,) = json.loads(done.stdout)
    assert (said["session_id"], said["was"]) == (FIRST, was[FIRST])
    now = {one["session_id"]: one["expires_at"] for one in listed(listing)}
    assert (now[FIRST], now[SECOND]) == (said["expires_at"], was[SECOND])
    done = run_cli(listing.root, "extend", SECOND, "30d")
    assert "->" in done.stdout
    settings = json.loads((listing.config_dir / "settings.json").read_text())
    assert settings["cleanupPeriodDays"] > 30


def test_delete_and_restore_leave_every_byte_as_it_was(listing: SampleListing) -> None:
    before = snapshot(listing.config_dir / "projects" / "-data-outputs")
    sessions = listed(listing)
    done = run_cli(listing.root, "delete", FIRST, "--json", "--yes")
    assert done.returncode == 0
    (said,) = json.loads(done.stdout)
    assert not listing.transcript_path(FIRST).exists()
    assert {one["session_id"]: one["status"] for one in listed(listing)}[FIRST] == "deleted"
    assert run_cli(listing.root, "restore", said["trash_id"]).returncode == 0
    after = snapshot(listing.config_dir / "projects" / "-data-outputs")
    assert {name: facts for name, facts in after.items() if name != "."} == {
        name: facts for name, facts in before.items() if name != "."
    }
    assert [_without_countdown(one) for one in listed(listing)] == [
        _without_countdown(one) for one in sessions
    ]


def _without_countdown(session: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in session.items() if name != "expires_in_s"}


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["extend", FIRST, "soon"], 2, "usage"),
        (["frobnicate"], 2, "usage"),
        (["ls", "--status", "odd"], 2, "usage"),
        (["ls", "--ends", "soon"], 2, "usage"),
        (["new", "hollis_park", "Go", "--stage", " "], 2, "usage"),
        (["new", "hollis_park", "--stage", "3"], 2, "usage"),
        (["tail", FIRST, "-n", "many"], 2, "usage"),
        (["answer", FIRST, "perhaps"], 2, "usage"),
        (["resume", FIRST, "--max-turns", "none"], 2, "usage"),
        (["resume", FIRST, "--mode", "bypassPermissions"], 2, "usage"),
        (["resume", FIRST, "--also", SECOND, "--wait"], 2, "usage"),
        (["resume", FIRST, "--also", "zz"], 3, "unknown"),
        (["resume", FIRST, "Go on", "--model", "opus", "and on"], 2, "usage"),
        (["ls", "hollis_park", "--live", "more"], 2, "usage"),
        (["mode", FIRST, "bypassPermissions"], 2, "usage"),
        (["model", FIRST, "opus"], 4, "refused"),
        (["show", "9f2"], 2, "ambiguous"),
        (["delete", "9f2", "--yes"], 2, "ambiguous"),
        (["show", "zz"], 3, "unknown"),
        (["show", "../../x"], 3, "unknown"),
        (["show", "hollis_park/../../x"], 3, "unknown"),
        (["show", f"nowhere/{FIRST}"], 3, "unknown"),
        (["ls", "nowhere"], 3, "unknown"),
        (["ls", "../hollis_park"], 3, "unknown"),
        (["extend", "../../x", "7d"], 3, "unknown"),
        (["delete", "..", "--yes"], 3, "unknown"),
        (["restore", "../../x"], 3, "unknown"),
        (["restore", FIRST], 3, "unknown"),
        (["resume", "zz"], 3, "unknown"),
        (["new", "nowhere", "Go", "--stage", "3"], 3, "unknown"),
        (["extend", FIRST, "7d", "--read-only"], 4, "refused"),
        (["delete", FIRST, "--yes", "--read-only"], 4, "refused"),
        (["restore", FIRST, "--read-only"], 4, "refused"),
        (["resume", FIRST, "--read-only"], 4, "refused"),
        (["new", "hollis_park", "Go", "--stage", "3", "--read-only"], 4, "refused"),
        (["stop", FIRST], 4, "refused"),
        (["send", FIRST, "Go on"], 4, "refused"),
        (["interrupt", FIRST], 4, "refused"),
        (["answer", FIRST, "allow"], 4, "refused"),
        (["delete", FIRST], 5, "needs_yes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_does_not_happen_has_its_exit_code_and_changes_nothing(
    listing: SampleListing, words: list[str], code: int, name: str
) -> None:
    before = snapshot(listing.root)
    done = run_cli(listing.root, *words, "--json")
    assert done.returncode == code
    assert done.stdout in ("", "[]\n")
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert set(error) - {"candidates"} == {"code", "reason", "message", "remedy"}
    assert error["code"] == name
    assert error["message"]
    assert snapshot(listing.root) == before


def test_of_several_resumes_each_says_what_came_of_it(listing: SampleListing) -> None:
    words = ["resume", FIRST, "--also", SECOND, "--also", FIRST, "--max-turns", "3", "Go on"]
    done = run_cli(listing.root, *words, "--json", SESSION_CONSOLE_CLI_PATH="/nonexistent/claude")
    assert done.returncode == 4
    told = json.loads(done.stdout)
    assert [one["session_id"] for one in told] == [FIRST, SECOND]
    assert {one["error"]["code"] for one in told} == {"refused"}
    assert "0 of 2 resumed, at most 4 at once" in done.stderr


def test_errors_in_words_go_to_stderr(listing: SampleListing) -> None:
    done = run_cli(listing.root, "show", "9f2")
    assert (done.returncode, done.stdout) == (2, "")
    assert FIRST in done.stderr
    assert SECOND in done.stderr
    assert done.stderr.startswith("session-console: ")


def test_a_missing_root_is_a_line(tmp_path: Path) -> None:
    for words in (["ls"], ["show", FIRST], ["show", f"hollis_park/{FIRST}"], ["restore", FIRST]):
        done = run_cli(tmp_path / "missing", *words)
        assert done.returncode in (1, 3)
        assert len(done.stderr.splitlines()) == 1
        assert not (tmp_path / "missing").exists()
    assert run_cli(tmp_path / "missing", "info").returncode == 0


def test_several_at_once_do_what_they_can(listing: SampleListing) -> None:
    done = run_cli(listing.root, "extend", FIRST, "zz", SECOND, "30d", "--json")
    assert done.returncode == 3
    assert [one["session_id"] for one in json.loads(done.stdout)] == [FIRST, SECOND]
    assert json.loads(done.stderr)["error"]["code"] == "unknown"


def test_a_reader_that_leaves_is_no_error(listing: SampleListing) -> None:
    command = f"{sys.executable} -m tui --root {listing.root} ls | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_info_names_paths_and_versions_and_no_secret(listing: SampleListing) -> None:
    done = run_cli(listing.root, "info", "--json", ANTHROPIC_API_KEY="sk-ant-very-secret")
    facts = json.loads(done.stdout)
    assert facts["root"] == str(listing.root)
    assert facts["cli"].endswith("/claude")
    assert facts["sign_in"] == "ANTHROPIC_API_KEY of this environment"
    assert "very-secret" not in done.stdout + done.stderr
    assert "cli_untested" not in facts


def test_info_says_that_a_cli_is_newer_than_those_tested(
    listing: SampleListing, tmp_path: Path
) -> None:
    cli = tmp_path / "claude"
    cli.write_text("")
    cli.with_name("claude.version").write_text("9.0.0 (Claude Code)\n")
    settings = tmp_path / "settings.toml"
    settings.write_text(f'cli_path = "{cli}"\n')
    done = run_cli(listing.root, "info", "--json", SESSION_CONSOLE_CONFIG=str(settings))
    facts = json.loads(done.stdout)
    assert facts["cli_version"] == "9.0.0 (Claude Code)"
    assert facts["cli_untested"].startswith("Claude CLI 9.0.0 is newer than the versions tested")
    assert "`help new-cli-version`" in facts["cli_untested"]


def test_what_ls_calls_quiet_is_what_the_settings_say(listing: SampleListing) -> None:
    entry = {"pid": os.getpid(), "sessionId": FIRST, "status": "busy", "startedAt": 0}
    entry |= {"procStart": started(os.getpid()), "pidDomain": own_domain()}
    registry = listing.config_dir / "sessions"
    registry.mkdir()
    (registry / f"{os.getpid()}.json").write_text(json.dumps(entry))
    for quiet_after, state in (("30m", "quiet"), ("2h", "running")):
        done = run_cli(listing.root, "ls", "--live", SESSION_CONSOLE_QUIET_AFTER=quiet_after)
        assert f" {state} " in done.stdout.splitlines()[1]
        assert [one["session_id"] for one in listed(listing, "--status", "busy")] == [FIRST]
