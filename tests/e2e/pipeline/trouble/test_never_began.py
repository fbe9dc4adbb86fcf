"""A run whose agent never begins, with the real CLI or none: it is told, and tried again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, CLIConnectionError

from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import Heard, ask, console, soon
from tests.support.processes.runs_site import Site, over
from tui import ConsoleError, Kind, Refused, RunFailed, SessionManager, UsageError
from tui.core.errors import Reason
from tui.core.sessions.attention import Need, attention
from tui.operations.running.ending import session_of
from tui.runs.folder.protocol import read_run, run_folders

OTHER = "33333333-3333-4333-8333-333333333333"


@dataclass(frozen=True)
class Broken:
    """Options with which no agent begins, and what is to be caught."""

    options: dict[str, Any]
    kind: Kind
    is_retryable: bool
    words: str


def script(tmp_path: Path, line: str, mode: int = 0o755) -> str:
    path = tmp_path / "cli"
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(mode)
    return str(path)


def broken(tmp_path: Path, how: str) -> Broken:
    setup = (Kind.SETUP, False)
    match how:
        case "it ends":
            return Broken({"cli_path": "/bin/false"}, *setup, "the CLI ")
        case "it ends as if all was well":
            return Broken({"cli_path": script(tmp_path, "read asked")}, *setup, "exit code 0")
        case "it refuses its flags":
            return Broken({"extra_args": {"nonsense": None}}, *setup, "unknown option '--nonsense'")
        case "it is no program":
            return Broken({"cli_path": script(tmp_path, "", 0o644)}, *setup, "Permission denied")
    killed = script(tmp_path, "sleep 0.3; kill -KILL $$")
    return Broken({"cli_path": killed}, Kind.CLI_DIED, is_retryable=True, words="by SIGKILL")


async def failed(site: Site, manager: SessionManager, **more: Any) -> RunFailed:
    with pytest.raises(RunFailed) as raised:
        await Heard(site).listen(ask(manager, "ECHO go", **more))
    return raised.value


@pytest.mark.parametrize(
    "how",
    [
        *("it ends", "it ends as if all was well", "it refuses its flags", "it is no program"),
        "it is killed",
    ],
)
async def test_an_agent_that_never_began_is_told_until_its_retry_has_succeeded(
    site: Site, manager: SessionManager, tmp_path: Path, how: str
) -> None:
    what = broken(tmp_path, how)
    error = await failed(site, manager, options=ClaudeAgentOptions(**what.options))
    assert (error.kind, error.is_retryable) == (what.kind, what.is_retryable)
    assert isinstance(error, CLIConnectionError) or error.__cause__
    assert what.words in str(error)
    assert "continues from its transcript" not in str(error)
    is_setup = error.kind is Kind.SETUP
    assert str(error).endswith("mend that, then start it again: it has no transcript") is is_setup
    assert "start it again: it has no transcript" in str(error)
    row = site.row(error.session_id)
    assert row
    assert (row.status, row.details()["last_error_kind"]) == ("failed", what.kind)
    assert row.details()["last_error"] == str(error)
    counted = {"failed": 1, "expired_pending_cleanup": 0}
    assert await manager.get_session_stats() == counted
    root, short = site.listing.parent, error.session_id[:8]
    checked = run_cli(root, "check")
    assert checked.returncode == 1
    assert f"`ack {short}`" in checked.stdout
    assert f"`resume {short}`" not in checked.stdout
    assert "its agent never began" in run_cli(root, "show", short).stdout
    assert f"show hollis_park/{short}" in run_cli(root, "report").stdout
    assert '"state_word": "failed"' in run_cli(root, "ls", "--json").stdout
    again = Heard(site)
    await again.listen(ask(manager, "ECHO again", retry_of=error.session_id))
    assert "You said: ECHO again" in again.texts
    settled = {"active": 1, "failed_acknowledged": 1}
    assert await manager.get_session_stats() == counted | settled
    assert run_cli(root, "check").returncode == 0


async def test_it_is_acknowledged_marked_and_not_resumed(
    site: Site, manager: SessionManager
) -> None:
    error = await failed(site, manager, options=ClaudeAgentOptions(cli_path="/bin/false"))
    session_id = error.session_id
    with pytest.raises(Refused, match="its agent never began") as refused:
        await Heard(site).listen(ask(manager, "ECHO more", resume=session_id))
    assert refused.value.reason is Reason.NO_TRANSCRIPT
    await manager.acknowledge(session_id)
    context = console(site)
    now, quiet_after = context.clock(), context.settings.quiet_after
    assert attention(session_of(context, site.listing, session_id), now, quiet_after) is None
    await manager.mark_session_failed(session_id, "the buyer is gone")
    marked = session_of(context, site.listing, session_id)
    assert attention(marked, now, quiet_after) is Need.FAILED


async def test_an_operators_start_and_a_fork_that_never_begin_are_told_too(
    site: Site, manager: SessionManager
) -> None:
    started = over(site.start("ECHO go", cli_path=Path("/bin/false")))
    begun = site.row(started.session_id)
    assert begun
    assert (begun.status, begun.details()["operator"]) == ("failed", "anna")
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this"))
    options = ClaudeAgentOptions(fork_session=True, cli_path="/bin/false")
    fork = await failed(site, manager, resume=heard.session_id, options=options)
    assert fork.session_id != heard.session_id
    row = site.row(fork.session_id)
    assert row
    assert row.status == "failed"
    resumed = ClaudeAgentOptions(cli_path="/bin/false")
    error = await failed(site, manager, resume=heard.session_id, options=resumed)
    again = f"mend that, then `resume {heard.session_id[:8]}` continues from its transcript"
    assert again in str(error)


async def test_the_id_of_a_session_that_exists_is_refused_before_anything_starts(
    site: Site, manager: SessionManager
) -> None:
    mine = ClaudeAgentOptions(session_id=OTHER)
    error = await failed(
        site, manager, options=ClaudeAgentOptions(session_id=OTHER, cli_path="/bin/false")
    )
    assert error.session_id == OTHER
    await Heard(site).listen(ask(manager, "ECHO one", options=mine, retry_of=OTHER))
    row, runs = site.row(OTHER), len(run_folders(site.listing))
    assert row
    assert row.status == "active"
    fork = ClaudeAgentOptions(session_id=OTHER, fork_session=True)
    for more in ({"options": mine}, {"options": fork, "resume": OTHER}):
        with pytest.raises(UsageError, match=f"resume={OTHER}") as raised:
            await Heard(site).listen(ask(manager, "ECHO two", **more))
        assert not raised.value.is_retryable
    assert len(run_folders(site.listing)) == runs


@pytest.mark.parametrize("name", ["resume", "--resume", "resume=x", "continue", "session-id", "p"])
async def test_flags_that_say_which_session_it_is_are_refused(
    site: Site, manager: SessionManager, name: str
) -> None:
    options = ClaudeAgentOptions(extra_args={name: OTHER})
    with pytest.raises(ConsoleError, match="extra_args cannot have") as raised:
        await Heard(site).listen(ask(manager, "ECHO one", options=options))
    assert (raised.value.kind, raised.value.is_retryable) == (Kind.USAGE, False)
    assert run_folders(site.listing) == ()


async def test_who_begins_under_the_same_id_again_keeps_what_was_tracked(
    site: Site, manager: SessionManager
) -> None:
    never = ClaudeAgentOptions(session_id=OTHER, cli_path="/bin/false")
    with pytest.raises(RunFailed):
        await Heard(site).listen(ask(manager, "go", options=never, metadata={"a": 1, "b": 1}))
    again = ClaudeAgentOptions(session_id=OTHER, model="haiku")
    await Heard(site).listen(ask(manager, "ECHO go", options=again, metadata={"b": 2}))
    row = site.row(OTHER)
    assert row
    assert row.status == "active"
    kept = {"a": 1, "b": 2, "operator": "pipeline"}
    assert {name: row.details().get(name) for name in kept} == kept
    assert row.details()["agent"]["model"] == "haiku"
    assert "last_error" not in row.details()


async def test_no_advice_for_one_that_nothing_was_written_of_leads_in_a_circle(
    site: Site, manager: SessionManager
) -> None:
    task = asyncio.create_task(Heard(site).listen(ask(manager, "ECHO go")))
    await soon(lambda: run_folders(site.listing))
    task.cancel()
    await asyncio.wait({task})
    (folder,) = run_folders(site.listing)
    own = read_run(folder).session_id[:8]
    root = site.listing.parent
    told = run_cli(root, "doctor").stdout
    assert "its run ended before it began" in told
    assert f"`ack {own}` removes it" in told
    assert "adopt" not in told
    assert "adopt" not in run_cli(root, "show", own).stdout
    refused = run_cli(root, "adopt", own, "--stage", "stage_3")
    assert refused.stderr == (
        f"session-console: {own} has no transcript: there is nothing to adopt: `ack {own}`\n"
    )
    assert run_cli(root, "ack", own).returncode == 0
    assert own not in run_cli(root, "doctor").stdout
