"""What a run folder says, whoever wrote it and however badly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.core.errors import RunFailed, UsageError
from tui.runs.folder import protocol
from tui.runs.folder.protocol import (
    EVENTS,
    HEARTBEAT,
    MAX_PROMPT_BYTES,
    OWNER,
    PARTIAL,
    SPEC,
    RunSpec,
    describe,
    list_runs,
    new_run_id,
    read_events,
    read_partial,
    read_run,
    require_sound_prompt,
    stamp,
)

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
ASKED = {"type": "permission", "request_id": "p1", "tool": "Bash", "input": {"command": "ls"}}
BEGUN = [{"type": "started"}, {"type": "turn"}, {"type": "init"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = protocol.runs_folder(tmp_path / "hollis_park") / "20261122T071530Z-1f9c00"
    path.mkdir(parents=True)
    return path


def spec(**changes: Any) -> RunSpec:
    values: dict[str, Any] = {
        "run_id": "20261122T071530Z-1f9c00",
        "session_id": "9f2c",
        "listing_id": "hollis_park",
        "stage": "stage_3",
        "mode": "resume",
        "prompt": "go on \ud800",
        "db_path": Path("/r/hollis_park/buyers.db"),
        "config_dir": Path("/r/hollis_park/.claude_sessions"),
        "cwd": Path("/r/hollis_park"),
        "operator": "anna",
        "created_at": NOW,
        "keeps_until": NOW + timedelta(days=1),
        "agent": {"allowed_tools": ["Bash"]},
        "env_file": Path("/etc/keys"),
    }
    return RunSpec(**(values | changes))


def write_events(folder: Path, *events: Mapping[str, Any]) -> None:
    lines = [json.dumps({"at": NOW.isoformat(), **event}) + "\n" for event in events]
    (folder / EVENTS).write_text("".join(lines))


def test_a_spec_comes_back_as_it_was_written() -> None:
    assert RunSpec.from_json(spec().to_json()) == spec()


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"run_id": 1}', "[" * 100_000])
def test_a_bad_spec_is_refused_in_words(text: str) -> None:
    with pytest.raises(RunFailed, match=r"spec\.json cannot be read"):
        RunSpec.from_json(text)


def test_run_ids_sort_by_time_and_differ() -> None:
    early, late = new_run_id(NOW), new_run_id(NOW + timedelta(microseconds=1))
    assert early.startswith("20261122T071530Z-")
    assert early < late
    assert len({new_run_id(NOW) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("events", "state", "error"),
    [
        ([], "starting", ""),
        ([{"type": "started"}, {"type": "turn"}], "starting", ""),
        (BEGUN, "busy", ""),
        ([*BEGUN, ASKED], "waiting", ""),
        ([*BEGUN, ASKED, {"type": "answered", "request_id": "p1"}], "busy", ""),
        ([*BEGUN, {"type": "result", "cost_usd": 0.5}, {"type": "ended"}], "done", ""),
        ([*BEGUN, {"type": "failed", "reason": "401"}, {"type": "ended"}], "failed", "401"),
        ([*BEGUN, {"type": "failed"}, {"type": "turn"}, {"type": "ended"}], "done", ""),
        ([*BEGUN, ASKED, {"type": "ended"}], "done", ""),
    ],
)
def test_the_events_tell_the_state(
    folder: Path, events: list[dict[str, Any]], state: str, error: str
) -> None:
    (folder / SPEC).write_text(spec().to_json())
    write_events(folder, *events)
    run = read_run(folder)
    assert (run.state, run.error) == (state, error)
    assert (run.request is not None) == (state == "waiting")
    assert (run.session_id, run.listing, run.operator) == ("9f2c", "hollis_park", "anna")
    assert run.started_at == NOW
    assert list_runs(folder.parent.parent.parent) == (run,)


def test_a_run_whose_runner_is_proven_dead_is_lost(folder: Path) -> None:
    write_events(folder, *BEGUN, ASKED)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (folder / OWNER).write_text(json.dumps(describe(child.pid)))
    alive = stamp(folder)
    assert read_run(folder).state == "waiting"
    child.communicate()
    assert stamp(folder) != alive
    run = read_run(folder)
    assert (run.state, run.request) == ("lost", None)


@pytest.mark.parametrize(
    "owner",
    [
        {},
        {"pid": 1},
        {"pid": "1", "proc_start": "1"},
        {"pid": 1, "proc_start": "0", "pid_domain": "linux:elsewhere:pid:[1]"},
    ],
)
def test_what_cannot_be_proven_is_not_lost(folder: Path, owner: Mapping[str, Any]) -> None:
    write_events(folder, *BEGUN)
    (folder / OWNER).write_text(json.dumps(owner))
    assert read_run(folder).state == "busy"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00" * 50,
        b"\xff\xfe{",
        b"[1]\n3\nnull\n",
        b'{"type": 3}\n',
        b'{"type": "init", "at": 17}\n{"type": "per',
        b'{"type": "permission", "input": [], "tool": {}, "at": "soon"}\n',
        b'{"type": "result", "cost_usd": "much"}\n',
        b"[" * 100_000,
        b'{"type": "init", "x": ' + b"[" * 700 + b"]" * 700 + b"}",
        b'{"pid": 99999999999999999999999, "proc_start": "1"}',
    ],
)
def test_garbage_in_any_file_is_never_raised(folder: Path, garbage: bytes) -> None:
    for name in (SPEC, OWNER, EVENTS, PARTIAL):
        (folder / name).write_bytes(garbage)
    assert not read_run(folder).is_over
    assert read_partial(folder) is None


def test_links_and_pipes_are_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"type": "init", "operator": "secret"}))
    (folder / SPEC).symlink_to(secret)
    os.mkfifo(folder / EVENTS)
    run = read_run(folder)
    assert (run.operator, run.state) == ("", "starting")


def test_a_torn_last_line_waits_for_its_rest(folder: Path) -> None:
    whole = b'{"type": "init"}\n{"type": "ended", "at": "2026-11-22T07:15:30+00:00"}\n'
    states = []
    for end in range(len(whole) + 1):
        (folder / EVENTS).write_bytes(whole[:end])
        states.append(read_run(folder).state)
    assert sorted(set(states), key=states.index) == ["starting", "busy", "done"]


def test_no_byte_of_it_acts_on_the_terminal(folder: Path) -> None:
    evil = "\x1b]0;owned\x07rm\x9b2J\u202e"
    (folder / SPEC).write_text(spec(operator=evil, session_id=evil).to_json())
    write_events(
        folder,
        ASKED | {"tool": evil, "input": {evil: [evil]}},
        {"type": "failed", "reason": evil},
        {"type": "notice", "words": evil},
    )
    block = {"message_id": evil, "kind": "tool", "text": evil, "tool": evil}
    (folder / PARTIAL).write_text(json.dumps(block | {"earlier": [block]}))
    shown = repr((read_run(folder), read_events(folder), read_partial(folder)))
    assert "rm" in shown
    assert not [sign for sign in ("\\x1b", "\\x9b", "\\x07", "\\u202e") if sign in shown]


def test_the_stamp_changes_with_the_events_and_the_heartbeat(folder: Path) -> None:
    stamps = [stamp(folder)]
    write_events(folder, *BEGUN)
    stamps.append(stamp(folder))
    (folder / HEARTBEAT).touch()
    stamps.append(stamp(folder))
    os.utime(folder / HEARTBEAT, (1, 1))
    assert len({*stamps, stamp(folder)}) == 4
    assert stamp(folder) == stamp(folder)


def test_folders_that_are_no_runs_are_left_out(folder: Path) -> None:
    (folder.parent / ".20261122T071530Z-1f9c01").mkdir()
    (folder.parent / "other").mkdir()
    (folder.parent / "20261122T071530Z-1f9c02").symlink_to(folder)
    assert protocol.run_folders(folder.parent.parent.parent) == (folder,)


@pytest.mark.parametrize("linked", [".session_console", ".session_console/runs"])
def test_no_run_is_found_behind_a_link(folder: Path, tmp_path: Path, linked: str) -> None:
    listing = folder.parent.parent.parent
    assert protocol.run_folders(listing) == (folder,)
    (listing / linked).rename(tmp_path / "elsewhere")
    (listing / linked).symlink_to(tmp_path / "elsewhere")
    assert protocol.run_folders(listing) == ()
    assert list_runs(listing) == ()


def test_the_longest_prompt_fits_whatever_it_is_made_of(folder: Path) -> None:
    for sign in ("\x01", "\u20ac", "\U0001f600", "\ud800"):
        prompt = sign * (MAX_PROMPT_BYTES // len(sign.encode("utf-8", "surrogatepass")))
        require_sound_prompt(prompt)
        (folder / SPEC).write_text(spec(prompt=prompt).to_json())
        assert read_run(folder).session_id == "9f2c"
        with pytest.raises(UsageError, match="put it into a file"):
            require_sound_prompt(prompt + sign)


def test_a_spec_that_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(RunFailed, match=r"8\.6M"):
        spec(agent={"system_prompt": "x" * 9_000_000}).to_json()


def test_the_cli_of_a_run_is_named_as_its_owner_says(folder: Path) -> None:
    known = {"cli_pid": 7, "cli_start": "55"}
    before = stamp(folder)
    (folder / OWNER).write_text(json.dumps(describe(os.getpid()) | known))
    assert stamp(folder) != before
    run = read_run(folder)
    assert (run.cli_pid, run.cli_start) == (7, "55")


def test_starting_and_following_runs_needs_neither_the_sdk_nor_asyncio() -> None:
    code = (
        "import sys, tui.runs.starting.launcher, tui.runs.folder.inbox;"
        "print({'claude_agent_sdk', 'asyncio', 'textual'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
