"""What the CLI could not write of a turn, without a word: the run never ends as a success."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, ResultMessage

from tests.support.hostile.cutting_cli import cutting_cli
from tests.support.hostile.full_disk import fill, need_mounts, small_disk
from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import Heard, ask, last_run, soon
from tests.support.processes.runs_site import Site, over, site_below, wait
from tui import (
    Kind,
    RunEnded,
    RunEvent,
    RunFailed,
    RunStarted,
    SessionManager,
    SessionTracked,
)
from tui.claude.layout import transcript_path
from tui.demo.api import LoopbackApi
from tui.runs.folder.protocol import EVENTS, read_events, read_run
from tui.runs.journal import pulse
from tui.storage.table.tracking import read_events as read_audit


async def failed(site: Site, manager: SessionManager, **more: Any) -> tuple[Heard, RunFailed]:
    heard = Heard(site)
    with pytest.raises(RunFailed) as raised:
        await heard.listen(ask(manager, "ECHO go", **more))
    return heard, raised.value


async def test_a_turn_that_is_cut_in_its_transcript_is_no_success(
    site: Site, tmp_path: Path
) -> None:
    """Without the check the run succeeds, and a resume knows nothing of its end."""
    events: list[RunEvent] = []
    manager = SessionManager(site.listing, on_event=events.append)
    options = ClaudeAgentOptions(cli_path=cutting_cli(tmp_path))
    heard, error = await failed(site, manager, options=options)
    assert error.kind is Kind.DISK_FULL
    assert error.session_id == heard.session_id
    assert "its transcript lacks some of it" in str(error)
    assert isinstance(heard.messages[-1], ResultMessage)
    row = site.row(heard.session_id)
    assert row
    assert (row.status, row.details()["last_error_kind"]) == ("failed", Kind.DISK_FULL)
    (ended,) = (one for one in events if isinstance(one, RunEnded))
    assert (ended.outcome, ended.error) == ("failed", error)


async def test_a_turn_that_the_cli_cannot_write_at_all_is_no_success(
    site: Site, manager: SessionManager
) -> None:
    folder = transcript_path(site.listing / ".claude_sessions", Path.cwd(), "any").parent
    folder.parent.mkdir(parents=True)
    folder.write_text("where its folder should be")
    heard, error = await failed(site, manager)
    assert "the CLI could not write it" in str(error)
    assert not site.transcript(heard.session_id)


@pytest.mark.parametrize("line", [b'"tool_use"', b'"tool_result"'])
async def test_a_turn_of_which_a_whole_line_is_missing_is_no_success(
    site: Site, manager: SessionManager, tmp_path: Path, line: bytes
) -> None:
    """All other lines are whole, and the last is there."""
    options = ClaudeAgentOptions(
        cli_path=cutting_cli(tmp_path, line=line), allowed_tools=["Bash"], cwd=site.listing
    )
    with pytest.raises(RunFailed, match="its transcript lacks some of it"):
        await Heard(site).listen(ask(manager, "PERMIT it", options=options))


async def test_a_turn_of_which_nobody_can_tell_is_a_success_and_says_so(
    site: Site, manager: SessionManager, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, in the run and in the audit: neither is it lost, nor surely written."""
    (projects := site.listing / ".claude_sessions" / "projects").parent.mkdir()
    (tmp_path / "elsewhere").mkdir()
    projects.symlink_to(tmp_path / "elsewhere")
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO go"))
    assert isinstance(heard.messages[-1], ResultMessage)
    words = "nobody can tell whether the turn is in its transcript: it is behind a link"
    (warned,) = (one for one in caplog.records if one.levelname == "WARNING")
    assert words in warned.getMessage()
    (told,) = (one for one in read_events(last_run(site)) if one["type"] == "notice")
    assert (told["kind"], words in told["words"]) == ("transcript", True)
    (turn,) = (one for one in read_audit(site.listing / "buyers.db") if one.action == "succeed")
    assert words in turn.detail


def test_an_operators_run_is_told_too(site: Site, tmp_path: Path) -> None:
    run = over(site.start("ECHO go", cli_path=cutting_cli(tmp_path)))
    assert run.state == "failed"
    assert "its transcript lacks some of it" in run.error


async def test_on_a_disk_that_fills_up_in_the_turn_the_full_disk_is_named(
    tmp_path: Path, api: LoopbackApi
) -> None:
    need_mounts(tmp_path)
    with small_disk(tmp_path / "disk") as disk, site_below(disk, api) as site:
        heard = Heard(site)

        def fill_up(event: RunEvent) -> None:
            if isinstance(event, SessionTracked):
                fill(site.listing)

        manager = SessionManager(site.listing, on_event=fill_up)
        with pytest.raises(RunFailed, match="the disk is full: ") as raised:
            await heard.listen(ask(manager, "ECHO go"))
    assert raised.value.kind is Kind.DISK_FULL
    assert isinstance(heard.messages[-1], ResultMessage)


def end_page(path: Path) -> None:
    """Let the next line of a file need room on its disk."""
    begun = wait(lambda: path.is_file() and path.stat().st_size)
    with path.open("a") as file:
        file.write("\n" * (-begun % os.sysconf("SC_PAGE_SIZE")))


async def test_what_has_no_room_but_the_answer_is_told_and_written_once_there_is(
    tmp_path: Path,
    api: LoopbackApi,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it the run is a plain success, and its session is in no table for ever."""
    need_mounts(tmp_path)
    monkeypatch.setattr(pulse, "FULL_BEATS", -1)  # a slow machine's CLI takes more to begin
    events: list[RunEvent] = []
    with small_disk(tmp_path / "disk") as disk, site_below(disk, api) as site:

        def fill_up(event: RunEvent) -> None:
            events.append(event)
            if isinstance(event, RunStarted):
                (last_run(site) / "reserve").unlink()
                end_page(last_run(site) / EVENTS)
                fill(site.listing)

        manager, heard = SessionManager(site.listing, on_event=fill_up), Heard(site)
        await manager.init_table()
        with small_disk(site.listing / ".claude_sessions"):  # of its own, with room
            await heard.listen(ask(manager, "ECHO go"))
            assert isinstance(heard.messages[-1], ResultMessage)
            ended = events[-1]
            assert isinstance(ended, RunEnded)
            assert ended.outcome == "succeeded"
            full = "buyers.db cannot be written: the disk is full"
            assert ended.unwritten == f"to its row: {full}; to its folder: the disk is full"
            (error,) = (one for one in caplog.records if one.levelname == "ERROR")
            assert f"; not written yet to its row: {full}" in error.getMessage()
            assert site.row(heard.session_id) is None
            (site.listing / "ballast").unlink()
            row = await soon(lambda: site.row(heard.session_id))
            await soon(lambda: not read_run(last_run(site)).row_problem)
            run = read_run(last_run(site))
    assert (row.status, row.stage) == ("active", "stage_3")
    assert (run.state, run.is_turn_open) == ("done", False)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("a file", Kind.SETUP, "a link or a file is there"),
        ("full", Kind.DISK_FULL, "No space left"),
    ],
)
@pytest.mark.parametrize("mode", ["new", "resume"])
async def test_a_run_whose_folder_cannot_be_made_has_failed_in_its_row(
    site: Site, tmp_path: Path, how: str, kind: Kind, words: str, mode: str
) -> None:
    """Without it the pipeline alone knows, and its session is nowhere."""
    events: list[RunEvent] = []
    manager, more = SessionManager(site.listing, on_event=events.append), dict[str, Any]()
    if mode == "resume":
        heard = Heard(site)
        await heard.listen(ask(manager, "ECHO first"))
        more["resume"] = heard.session_id
    with no_runs(site, tmp_path, how):
        _, error = await failed(site, manager, **more)
    assert (error.kind, error.session_id == more.get("resume", error.session_id)) == (kind, True)
    assert f"the run's folder cannot be made: {words}" in str(error)
    row = site.row(error.session_id)
    assert row
    assert (row.status, row.details()["last_error"]) == ("failed", str(error))
    assert (row.details()["last_error_kind"], row.stage) == (kind, "stage_3")
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.outcome, ended.session_id) == ("failed", error.session_id)
    checked = run_cli(site.listing.parent, "check")
    assert (checked.returncode, str(error) in checked.stdout) == (1, True)
    await Heard(site).listen(ask(manager, "ECHO again", retry_of=error.session_id))
    assert run_cli(site.listing.parent, "check").returncode == 0


@contextmanager
def no_runs(site: Site, aside: Path, how: str) -> Iterator[None]:
    """Let nothing make a folder of runs in the listing."""
    runs = site.listing / ".session_console" / "runs"
    runs.parent.mkdir(exist_ok=True)
    if runs.exists():
        runs.rename(aside / "runs")
    if how == "a file":
        runs.write_text("a file")
        yield
        runs.unlink()
        return
    need_mounts(aside)
    with small_disk(runs):
        fill(runs)
        yield
    runs.rmdir()


@pytest.mark.parametrize("how", ["flag", "variable"])
async def test_a_pipeline_that_wants_no_transcript_gets_none(
    site: Site, manager: SessionManager, how: str
) -> None:
    variable = {"CLAUDE_CODE_SKIP_PROMPT_HISTORY": "1"}
    options = (
        ClaudeAgentOptions(extra_args={"no-session-persistence": None})
        if how == "flag"
        else ClaudeAgentOptions(env=variable)
    )
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO go", options=options))
    assert isinstance(heard.messages[-1], ResultMessage)
    assert not site.transcript(heard.session_id)
