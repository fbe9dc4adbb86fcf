"""Runs, end to end: the launcher, the detached runner and the real CLI against a loopback API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.runs_site import (
    WORDS,
    Site,
    cli_is_gone,
    command,
    kinds,
    over,
    wait,
)
from tui.claude.transcript_files.entry_lookup import fork_point
from tui.core.errors import Refused
from tui.runs.folder import protocol
from tui.runs.folder.command import Command
from tui.runs.folder.inbox import post
from tui.runs.folder.protocol import read_events, read_owner, read_partial, read_run
from tui.storage.session_locks import SessionLock, held
from tui.storage.table.tracking import Tracking, read_rows


def test_a_new_session_streams_is_tracked_and_takes_a_queued_prompt(site: Site) -> None:
    folder = site.start("STREAM please")
    session_id = read_run(folder).session_id
    partial = wait(lambda: (read_partial(folder) or None) and _with_text(folder))
    assert partial.text in WORDS
    assert [block.text for block in partial.earlier] == ["Let me think. "]
    assert read_run(folder).state == "busy"
    assert held(site.listing) == {session_id}
    with pytest.raises(Refused, match="in use"):
        SessionLock.take(site.listing, session_id)
    command(folder, "prompt", "ECHO one more thing")
    wait(lambda: "ack" in kinds(folder))
    site.hurry()
    run = over(folder)
    assert (run.state, run.error, run.listing) == ("done", "", "hollis_park")
    assert run.cost_usd
    told = [kind for kind in kinds(folder) if kind != "heard"]
    first = ["started", "turn", "init", "tracked", "ack", "result"]
    assert told == [*first, "settled", "turn", "result", "ended"]
    assert "You said: ECHO one more thing" in site.transcript(session_id)
    assert read_partial(folder) is None
    assert cli_is_gone(folder)
    wait(lambda: not held(site.listing))
    row = site.row(session_id)
    assert row
    assert (row.status, row.stage) == ("active", "stage_3")
    assert row.details()["agent"] == {"cwd": str(site.listing)}
    with pytest.raises(Refused, match="is over"):
        command(folder, "prompt", "too late")


def _with_text(folder: Path) -> Any:
    partial = read_partial(folder)
    return partial if partial and partial.earlier and len(partial.text) > 20 else None


def test_of_two_starts_at_the_same_instant_one_is_refused(site: Site) -> None:
    session_id = str(uuid.uuid4())
    gate = threading.Barrier(6)

    def start() -> str:
        gate.wait()
        try:
            return str(site.start("hello", session_id=session_id))
        except Refused:
            return ""

    with ThreadPoolExecutor(6) as pool:
        started_ones = [done for done in pool.map(lambda _: start(), range(6)) if done]
    assert len(started_ones) == 1
    assert [str(folder) for folder in protocol.run_folders(site.listing)] == started_ones
    assert over(Path(started_ones[0])).state == "done"


def test_resume_continues_and_a_fork_leaves_the_original_alone(site: Site) -> None:
    first = read_run(over(site.start("remember this")).folder).session_id
    Tracking(site.listing / "buyers.db", UTC, "anna").mark_failed(
        first, now=datetime.now(UTC), reason="earlier"
    )
    assert over(site.start("go on", mode="resume", session_id=first)).state == "done"
    assert site.api.requests[-1].prompts[-2:] == ("remember this", "go on")
    row = site.row(first)
    assert row
    assert row.status == "active"
    before = site.transcript(first)
    forked = over(site.start("another way", mode="fork", source_id=first))
    assert forked.state == "done"
    assert forked.session_id != first
    assert site.transcript(first) == before
    assert "another way" in site.transcript(forked.session_id)
    assert site.row(forked.session_id)


def test_a_fork_may_begin_at_an_earlier_entry(site: Site) -> None:
    first = read_run(over(site.start("remember this")).folder).session_id
    lines = [json.loads(line) for line in site.transcript(first).splitlines()]
    said = [one["uuid"] for one in lines if one.get("type") == "assistant"][-1]
    assert over(site.start("go on", mode="resume", session_id=first)).state == "done"
    forked = over(site.start("back there", mode="fork", source_id=first, source_at=said))
    assert forked.state == "done"
    assert site.api.requests[-1].prompts[-2:] == ("remember this", "back there")
    assert "go on" in site.transcript(first)


def test_a_fork_at_a_tool_call_is_told_its_results(site: Site) -> None:
    """At either of two calls that were made at once: of neither it is told that it is missing."""
    given: dict[str, Any] = {"agent": {"allowed_tools": ["Bash"]}}
    given["stage_gives"] = given["agent"]
    folder = site.start("TWICE", **given)
    (path,) = site.listing.rglob(f"{read_run(over(folder).folder).session_id}.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    calls = [one["uuid"] for one in lines if "'tool_use'" in str(one) and "uuid" in one]
    assert len(calls) == 2
    for call in calls:
        found = fork_point(path, call)
        assert found is not None
        at = {"source_id": path.stem, "source_at": found.uuid}
        before = len(site.api.requests)
        assert over(site.start("back there", mode="fork", **at, **given)).state == "done"
        asked = [one for one in site.api.requests[before:] if one.prompt == "back there"]
        told = json.dumps(asked[0].body)
        assert all(f'"content": "Bash-{one}"' in told for one in "ab")
        assert "result missing" not in told
        assert "Both were said." not in told


_LAUNCH = """
import sys, time
from pathlib import Path
from tui.runs.starting.launcher import launch
from tui.runs.folder.protocol import RunSpec
from tui.storage.session_locks import SessionLock
spec = RunSpec.from_json(Path(sys.argv[1]).read_text())
print(launch(spec, SessionLock.take(spec.db_path.parent, spec.session_id)), flush=True)
time.sleep(60)
"""


def test_a_run_survives_the_kill_of_its_launcher_and_of_its_process_group(
    site: Site, tmp_path: Path
) -> None:
    spec_file = tmp_path / "spec.json"
    spec_file.write_text(site.spec("STREAM on").to_json())
    launcher = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, str(spec_file)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert launcher.stdout
    folder = Path(launcher.stdout.readline().strip())
    wait(lambda: read_partial(folder))
    os.killpg(launcher.pid, signal.SIGHUP)
    os.killpg(launcher.pid, signal.SIGKILL)
    launcher.wait()
    launcher.stdout.close()
    site.hurry()
    assert over(folder).state == "done"
    assert site.transcript(read_run(folder).session_id).count("Strategic") >= 8


def test_permissions_are_asked_and_the_first_answer_wins(site: Site) -> None:
    folder = site.start("PERMIT this")
    request = wait(lambda: read_run(folder).request)
    assert (request.tool, request.input["command"]) == ("Bash", "touch made-0")
    assert read_run(folder).state == "waiting"
    answer = Command(
        "answer",
        at=datetime.now(UTC),
        by="bert",
        text="",
        request_id=request.request_id,
        decision="allow",
    )
    answer = replace(answer, digest=request.digest)
    post(folder, answer)
    with pytest.raises(Refused, match="bert has already answered"):
        post(folder, replace(answer, by="carl", decision="deny"))
    wait(lambda: (now := read_run(folder).request) and now.request_id != request.request_id)
    command(folder, "answer", "not that one", "deny")
    assert over(folder).state == "done"
    assert (site.listing / "made-0").exists()
    assert not (site.listing / "made-1").exists()
    assert "not that one" in site.transcript(read_run(folder).session_id)


def test_interrupt_ends_the_turn_and_the_run_takes_the_next_prompt(site: Site) -> None:
    folder = site.start("LONG story")
    wait(lambda: read_partial(folder))
    command(folder, "prompt", "ECHO after all")
    command(folder, "interrupt")
    run = over(folder)
    assert run.state == "done"
    assert "You said: ECHO after all" in site.transcript(run.session_id)
    row = site.row(run.session_id)
    assert row
    assert row.status == "active"


def test_a_run_waits_for_the_background_work_of_its_agent(site: Site) -> None:
    folder = site.start("BEHIND", agent={"allowed_tools": ["Bash"]})
    wait(lambda: "result" in kinds(folder))
    assert not (site.listing / "late").exists()
    assert over(folder).state == "done"
    assert (site.listing / "late").read_text().strip() == os.environ.get("PYTHONPATH", "")


@pytest.mark.parametrize("way", ["stop", "SIGTERM"])
def test_stop_and_sigterm_end_the_run_and_its_cli(site: Site, way: str) -> None:
    folder = site.start("LONG tale")
    wait(lambda: read_partial(folder))
    if way == "stop":
        command(folder, "stop")
    else:
        os.kill(read_owner(folder)["pid"], signal.SIGTERM)
    run = over(folder)
    assert (run.state, run.error) == ("done", "")
    assert cli_is_gone(folder)
    row = site.row(run.session_id)
    assert row
    assert row.status == "active"
    wait(lambda: not held(site.listing))


def test_a_killed_runner_is_lost_and_its_lock_free(site: Site) -> None:
    folder = site.start("LONG gone")
    wait(lambda: read_partial(folder))
    os.kill(read_owner(folder)["pid"], signal.SIGKILL)
    run = over(folder)
    assert (run.state, run.request) == ("lost", None)
    assert "died" in run.error
    wait(lambda: not held(site.listing))
    os.kill(read_owner(folder)["cli_pid"], signal.SIGKILL)


_OBSTINATE = """#!{python}
import json, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    said = json.loads(line)
    if said["type"] == "control_request":
        answer = {{"subtype": "success", "request_id": said["request_id"], "response": {able}}}
        print(json.dumps({{"type": "control_response", "response": answer}}), flush=True)
    else:
        init = {{"type": "system", "subtype": "init", "session_id": "another"}}
        print(json.dumps(init), flush=True)
while True:
    signal.pause()
"""


def test_a_cli_that_is_not_the_one_we_know_and_will_not_go_is_killed(
    site: Site, tmp_path: Path
) -> None:
    """Both at once, for each is given some seconds to go by itself."""
    ables = {
        "answered for another session": {"hook_on_failure_supported": True},
        "the CLI is too old": {},
    }
    begun = {}
    for number, (reason, able) in enumerate(ables.items()):
        cli = tmp_path / f"obstinate-{number}"
        cli.write_text(_OBSTINATE.format(python=sys.executable, able=able))
        cli.chmod(0o755)
        session_id = _tracked(site)
        given = {"mode": "resume", "session_id": session_id, "cli_path": cli}
        begun[session_id] = (reason, cli, site.start("hello", **given))
    for reason, cli, folder in begun.values():
        run = over(folder)
        assert run.state == "failed"
        assert reason in run.error
        assert not _running(str(cli))
    rows = read_rows(site.listing / "buyers.db")
    assert {row.session_id for row in rows} == set(begun)


def _running(name: str) -> bool:
    paths = Path("/proc").glob("[0-9]*/cmdline")
    return any(name in _cmdline(path) for path in paths)


def _cmdline(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _no_cli(path: Path) -> Path:
    return path / "absent"


def _dying_cli(path: Path) -> Path:
    script = path / "dying"
    script.write_text("#!/bin/sh\necho 'cannot be used with root/sudo privileges' >&2\nexit 1\n")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("make_cli", "reason"),
    [(_no_cli, "the Claude CLI is missing"), (_dying_cli, "root/sudo privileges")],
)
def test_a_cli_that_does_not_start_fails_the_row_with_the_reason(
    site: Site, tmp_path: Path, make_cli: Callable[[Path], Path], reason: str
) -> None:
    session_id = _tracked(site)
    run = over(
        site.start("hello", mode="resume", session_id=session_id, cli_path=make_cli(tmp_path))
    )
    assert run.state == "failed"
    assert reason in run.error
    row = site.row(session_id)
    assert row
    assert row.status == "failed"
    assert reason in row.details()["last_error"]


def test_no_conversation_found_keeps_the_good_id(site: Site) -> None:
    session_id = _tracked(site)
    run = over(site.start("hello", mode="resume", session_id=session_id))
    assert run.state == "failed"
    assert "No conversation found" in run.error
    rows = read_rows(site.listing / "buyers.db")
    assert [(row.session_id, row.status) for row in rows] == [(session_id, "failed")]


def test_secrets_that_everybody_could_read_are_refused(site: Site) -> None:
    site.env_file.chmod(0o644)
    run = over(site.start("hello"))
    assert "chmod 600" in run.error
    assert "sk-ant" not in json.dumps(read_events(run.folder))


def _tracked(site: Site) -> str:
    """Track a session that has no transcript, and return its id."""
    session_id, now = str(uuid.uuid4()), datetime.now(UTC)
    Tracking(site.listing / "buyers.db", UTC, "anna").track(
        session_id,
        listing_id=site.listing.name,
        stage="stage_1",
        now=now,
        expires_at=now + timedelta(days=7),
    )
    return session_id
