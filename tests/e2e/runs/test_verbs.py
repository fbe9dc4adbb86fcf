"""The verbs that start and steer agents, as a script calls them, with the real CLI."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import run_cli
from tests.support.processes.past_session import past
from tests.support.processes.runs_site import Site, over, wait
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_run


def run(site: Site, *words: str) -> subprocess.CompletedProcess[str]:
    return run_cli(site.listing.parent, *words, SESSION_CONSOLE_ENV_FILE=str(site.env_file))


def begun(site: Site, prompt: str) -> dict[str, Any]:
    done = run(site, "new", "hollis_park", prompt, "--stage", "stage_2", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_new_and_resume_wait_for_the_answer_and_print_it_alone(site: Site) -> None:
    first = begun(site, "ECHO one")
    assert (first["state"], first["answer"], first["listing"]) == (
        "done",
        "You said: ECHO one",
        "hollis_park",
    )
    short = first["session_id"][:8]
    resumed = run(site, "resume", short, "ECHO two", "--wait")
    assert (resumed.returncode, resumed.stdout) == (0, "You said: ECHO two\n")
    listed = json.loads(run(site, "ls", "--json").stdout)
    assert [(one["session_id"], one["stage"], one["status"]) for one in listed] == [
        (first["session_id"], "stage_2", "active")
    ]
    tail = run(site, "tail", short).stdout
    assert tail.index("You said: ECHO one") < tail.index("You said: ECHO two")


def test_a_turn_that_fails_prints_its_reason_and_not_the_answer_before(site: Site) -> None:
    session_id = past(site, "ECHO one")
    failed = run(site, "resume", session_id, "BADKEY now", "--wait", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["answer"] == ""
    error = json.loads(failed.stderr.splitlines()[-1])["error"]
    assert error["code"] == "run_failed"
    assert "Invalid API key" in error["message"]
    shown = json.loads(run(site, "show", "--json", session_id).stdout)
    assert shown["status"] == "failed"
    assert "Invalid API key" in shown["reason"]


def test_a_cli_that_dies_leaves_the_answer_before_unsaid(site: Site, tmp_path: Path) -> None:
    session_id = past(site, "ECHO one")
    dying = tmp_path / "dying"
    dying.write_text("#!/bin/sh\necho 'out of luck' >&2\nexit 1\n")
    dying.chmod(0o755)
    words = ("resume", session_id, "ECHO two", "--wait")
    environment = {"SESSION_CONSOLE_CLI_PATH": str(dying)}
    environment["SESSION_CONSOLE_ENV_FILE"] = str(site.env_file)
    done = run_cli(site.listing.parent, *words, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "out of luck" in done.stderr


def test_a_detached_run_is_steered_by_verbs_and_a_second_resume_is_refused(site: Site) -> None:
    session_id = past(site, "ECHO one")
    short = session_id[:8]
    started = run(site, "resume", short, "PERMIT it")
    folder = protocol.runs_folder(site.listing) / started.stdout.strip()
    assert read_run(folder).session_id == session_id
    second = run(site, "resume", short, "ECHO three")
    assert (second.returncode, second.stdout) == (4, "")
    assert "send" in second.stderr
    assert run(site, "delete", short, "--yes").returncode == 4
    wait(lambda: read_run(folder).request)
    (live,) = json.loads(run(site, "ls", "--live", "--json").stdout)
    assert (live["liveness"], live["waiting_for"]) == ("waiting", "permission for Bash")
    assert run(site, "send", short, "ECHO more").returncode == 0
    assert "queued prompt from" in run(site, "show", short).stdout
    blind = run(site, "answer", short, "always")
    assert (blind.returncode, "`show " in blind.stderr) == (5, True)
    (digest,) = re.findall(r"--input ([0-9a-f]{16})", run(site, "show", short).stdout)
    assert run(site, "answer", short, "always", "--input", digest).returncode == 0
    assert over(folder).state == "done"
    assert (site.listing / "made-1").exists()
    assert "You said: ECHO more" in site.transcript(session_id)
    assert run(site, "stop", short).returncode == 4
