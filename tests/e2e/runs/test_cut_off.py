"""Turns that were left in the middle, with the real CLI: the list, `check` and Live say so."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from tests.e2e.pipeline.test_pipeline import context, look, pipeline, run_of
from tests.support.listings.sample_listing import run_cli
from tests.support.processes.past_session import past
from tests.support.processes.runs_site import Site, cli_is_gone, command, kinds, over, wait
from tui.core.models.session import Liveness, Session
from tui.core.sessions.attention import Need, attention
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.running.steer import stop
from tui.operations.sessions.acknowledge import acknowledge
from tui.runs.folder.protocol import has_ended, read_owner, read_partial, read_run
from tui.storage.session_locks import held

_KILLED = "its runner died without recording how the turn ended"


def kill(site: Site, folder: Path) -> Session:
    """Kill a run with its CLI, as the end of a container does; return its session."""
    owner = read_owner(folder)
    for name in ("pid", "cli_pid"):
        if pid := owner.get(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    wait(lambda: read_run(folder).state == "lost" and not held(site.listing))
    return cast(
        "Session", wait(lambda: (now := look(site, folder)).liveness is Liveness.NONE and now)
    )


def need(site: Site, session: Session) -> Need | None:
    settings = context(site).settings
    return attention(session, context(site).clock(), settings.quiet_after)


def test_a_run_killed_in_the_middle_of_a_turn_is_told_until_it_is_resumed(site: Site) -> None:
    root, folder = site.listing.parent, site.start("LONG gone")
    wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
    assert need(site, look(site, folder)) is None
    session = kill(site, folder)
    (row,) = json.loads(run_cli(root, "ls", "--filter", "cut-off", "--json").stdout)
    assert (row["state_word"], row["status"]) == ("cut-off", "active")
    assert row["cut_off_at"] == read_run(folder).beat_at.isoformat()
    checked = run_cli(root, "check")
    assert checked.returncode == 1
    assert "cut-off" in checked.stdout
    assert f"`resume {session.session_id[:8]}` goes on" in checked.stdout
    assert "left in the middle of a turn" in run_cli(root, "report").stdout
    assert "left in the middle of a turn" in run_cli(root, "show", session.session_id).stdout
    doctor = json.loads(run_cli(root, "doctor", "--json").stdout)
    (found,) = (one for one in doctor if one["code"] == "lost_run")
    assert (found["level"], _KILLED in found["words"]) == ("error", True)
    over(site.start("ECHO go on", mode="resume", session_id=session.session_id))
    assert look(site, folder).cut_off_at is None
    assert need(site, look(site, folder)) is None


def test_an_acknowledged_one_counts_no_more(site: Site) -> None:
    folder = site.start("LONG gone")
    wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
    acknowledge(context(site), kill(site, folder))
    session = look(site, folder)
    assert (session.cut_off_at is not None, need(site, session)) == (True, None)
    assert "cut-off" not in run_cli(site.listing.parent, "check").stdout
    doctor = json.loads(run_cli(site.listing.parent, "doctor", "--json").stdout)
    assert [one["level"] for one in doctor if one["code"] == "lost_run"] == ["note"]


def test_a_run_killed_before_its_session_began_is_listed_until_it_is_acknowledged(
    site: Site,
) -> None:
    folder = site.start("Never asked")
    wait(lambda: read_owner(folder).get("pid"))
    os.kill(read_owner(folder)["pid"], signal.SIGSTOP)
    assert "init" not in kinds(folder)
    root, session = site.listing.parent, kill(site, folder)
    assert (session.row, session.transcript, session.title) == (None, None, "Never asked")
    assert need(site, session) is Need.CUT_OFF
    (row,) = json.loads(run_cli(root, "ls", "--json").stdout)
    assert (row["state_word"], row["title"]) == ("cut-off", "Never asked")
    said = run_cli(root, "check")
    assert (said.returncode, "ended before it began" in said.stdout) == (1, True)
    assert "Never asked" in run_cli(root, "show", session.session_id).stdout
    refused = run_cli(root, "resume", session.session_id, "go on")
    assert refused.returncode == 4
    acknowledge(context(site), session)
    assert not CatalogScanner(context(site)).look().sessions


def test_a_resume_killed_before_it_began_is_told(site: Site) -> None:
    session_id = past(site)
    folder = site.start("ECHO more", mode="resume", session_id=session_id)
    wait(lambda: read_owner(folder).get("pid"))
    os.kill(read_owner(folder)["pid"], signal.SIGSTOP)
    assert "init" not in kinds(folder)
    assert need(site, kill(site, folder)) is Need.CUT_OFF


def test_a_run_whose_turn_was_over_is_not_told(site: Site) -> None:
    folder = site.start("ECHO done")
    wait(lambda: "result" in kinds(folder))
    os.kill(read_owner(folder)["pid"], signal.SIGKILL)
    wait(lambda: read_run(folder).is_over)
    assert look(site, folder).cut_off_at is None


def test_what_an_operator_stops_is_not_told(site: Site) -> None:
    folder = site.start("LONG tale")
    wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
    command(folder, "stop")
    assert over(folder).cut_off_at is None
    assert "left" not in kinds(folder)


def test_what_the_stop_of_an_orphan_leaves_is_told_until_it_is_acknowledged(site: Site) -> None:
    folder, root = site.start("LONG gone"), site.listing.parent
    wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
    command(folder, "prompt", "And in Asia")
    wait(lambda: any(one.is_taken for one in read_run(folder).sent))
    os.kill(read_owner(folder)["cli_pid"], signal.SIGSTOP)  # or it may end before the stop
    os.kill(read_owner(folder)["pid"], signal.SIGKILL)
    session = wait(lambda: (now := look(site, folder)).liveness is Liveness.ORPHAN and now)
    assert need(site, session) is Need.ORPHAN
    said = stop(context(site), session).words
    assert "its turn was cut off and 1 prompt was never sent" in said
    stopped = look(site, folder)
    assert (need(site, stopped), stopped.ack) == (Need.CUT_OFF, None)
    (row,) = json.loads(run_cli(root, "ls", "--filter", "attention", "--json").stdout)
    assert (row["state_word"], row["cut_off_at"] is not None, row["unsent"]) == ("cut-off", True, 1)
    unsent = "a prompt was never sent to its agent, from bert"
    for verb in ("check", "report", "doctor"):
        told = " ".join(run_cli(root, verb).stdout.split())
        assert ("left in the middle of a turn" in told, unsent in told) == (True, True)
    assert "never sent: prompt from bert" in run_cli(root, "show", session.session_id).stdout
    words = acknowledge(context(site), stopped).words
    assert words.endswith("was left in the middle of a turn and has prompts that were never sent")
    assert need(site, look(site, folder)) is None
    assert run_cli(root, "check").returncode == 0


@pytest.mark.parametrize("then", ["acknowledge", "resume"])
def test_a_prompt_that_a_stop_kept_from_its_agent_is_told_until(site: Site, then: str) -> None:
    folder = site.start("LONG tale")
    wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
    command(folder, "prompt", "And in Asia")
    wait(lambda: any(one.is_taken for one in read_run(folder).sent))
    stop(context(site), look(site, folder))
    session_id = over(folder).session_id
    session = wait(lambda: (now := look(site, folder)).liveness is Liveness.NONE and now)
    assert (session.cut_off_at, need(site, session)) == (None, Need.UNSENT)
    (row,) = json.loads(run_cli(site.listing.parent, "ls", "--json").stdout)
    assert (row["state_word"], row["unsent"]) == ("unsent", 1)
    assert "unsent" in run_cli(site.listing.parent, "check").stdout
    if then == "acknowledge":
        acknowledge(context(site), session)
    else:
        over(site.start("ECHO go on", mode="resume", session_id=session_id))
    assert need(site, look(site, folder)) is None


def test_a_runner_that_is_ended_by_the_system_says_that_it_left(site: Site) -> None:
    folder = site.start("LONG tale")
    wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
    os.kill(read_owner(folder)["pid"], signal.SIGTERM)
    assert over(folder).cut_off_at is not None
    assert look(site, folder).cut_off_at is not None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_pipeline_that_ends_in_the_middle_of_a_turn_is_told(site: Site, number: int) -> None:
    with pipeline(site, "LONG gone") as process:
        folder = run_of(site)
        wait(lambda: read_partial(folder) and site.transcript(read_run(folder).session_id))
        process.send_signal(number)
        process.communicate(timeout=120)
    if number == signal.SIGKILL:
        os.kill(read_owner(folder)["cli_pid"], signal.SIGKILL)
        wait(lambda: cli_is_gone(folder))
    assert need(site, look(site, folder)) is Need.CUT_OFF
    assert run_cli(site.listing.parent, "check").returncode == 1


def test_a_pipeline_that_leaves_its_query_is_told(site: Site) -> None:
    with pipeline(site, "LONG, and LEAVE") as process:
        process.communicate(timeout=120)
    assert has_ended(run_of(site))
    assert need(site, look(site, run_of(site))) is Need.CUT_OFF


def test_a_pipeline_that_returns_at_its_result_is_not_told(site: Site) -> None:
    for _ in range(3):
        with pipeline(site, "ECHO, and RETURN") as process:
            process.communicate(timeout=120)
        assert has_ended(run_of(site))
        assert "left" not in kinds(run_of(site))
        assert look(site, run_of(site)).cut_off_at is None
