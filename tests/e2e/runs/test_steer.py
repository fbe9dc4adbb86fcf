"""Steering, queue and trouble of runs, end to end with the real CLI against a loopback API."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.support.hostile import full_disk
from tests.support.processes.past_session import BEGINNING, past
from tests.support.processes.runs_site import (
    WORDS,
    Site,
    cli_is_gone,
    command,
    kinds,
    over,
    site_below,
    wait,
)
from tui.core.errors import ConfirmationRequired, Refused, UsageError
from tui.core.models.catalog import Hold
from tui.core.models.session import Liveness, Session
from tui.core.sessions.attention import is_quiet
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Disconnect, Failure, Pause, Text, ToolUse, Turn, say
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.prompt_line import with_options
from tui.operations.running.resume import plan_resume, start
from tui.operations.running.start_many import start_many
from tui.operations.running.steer import answer, interrupt, mode, model, send, stop
from tui.runs.folder.protocol import (
    SPEC,
    read_events,
    read_partial,
    read_run,
    run_folders,
    runs_folder,
)
from tui.runs.starting.launcher import make_folder
from tui.settings import Settings
from tui.storage.session_locks import held
from tui.storage.state.hold import write_hold

QUESTIONS = [
    {
        "question": "Which regions?",
        "header": "Regions",
        "multiSelect": True,
        "options": [
            {"label": "Europe", "description": "all"},
            {"label": "Asia", "description": ""},
        ],
    },
    {
        "question": "How many?",
        "header": "Count",
        "multiSelect": False,
        "options": [{"label": "Ten", "description": ""}, {"label": "All", "description": ""}],
    },
]


def ask_and_edit(asked: ApiRequest) -> Turn:
    """Ask two questions, write a file, edit it, and end."""
    path = f"{asked.prompt.split()[-1]}/note.txt"
    calls = (
        ToolUse("AskUserQuestion", {"questions": QUESTIONS}),
        ToolUse("Write", {"file_path": path, "content": "one\ntwo\n"}),
        ToolUse("Edit", {"file_path": path, "old_string": "two", "new_string": "three"}),
    )
    return say(calls[asked.step]) if asked.step < 3 else say("Done.")


def _agent_below(asked: ApiRequest) -> Turn:
    if asked.step:
        return say("The sub-agent is back.")
    given = {"description": "look", "prompt": "BELOW look", "subagent_type": "general-purpose"}
    return say(ToolUse("Agent", given))


TROUBLES: dict[str, Turn | Failure] = {
    "E429": Failure(429, "rate_limit_error", "slow down", retry_after=1),
    "E529": Failure(529, "overloaded_error", "Overloaded"),
    "EBREAK": say(Text(WORDS[:60], 200), Disconnect()),
}


def _trouble(word: str, asked: ApiRequest) -> Turn | Failure:
    return TROUBLES[word]


SCENES = by_word(
    {
        "ECHO": lambda asked: say(f"You said: {asked.prompt}"),
        "BELOW": lambda asked: say("Found three."),
        "PARENT": _agent_below,
        "ASKS": ask_and_edit,
        "LONG": lambda asked: say(Text(WORDS * 20, 40)),
        "HANGS": lambda asked: say(Text("Let me "), Pause(600), Text("think.")),
        "TOOL": lambda asked: (
            say("ok") if asked.step else say(ToolUse("Bash", {"command": "sleep 10"}))
        ),
        **{word: partial(_trouble, word) for word in TROUBLES},
    },
    default=lambda asked: say("Very well."),
)


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    with LoopbackApi(SCENES) as server:
        yield server


def context(site: Site, operator: str = "anna", **settings: object) -> Context:
    base = {"root": site.listing.parent, "time_zone": "UTC", "env_file": site.env_file}
    return Context(
        Settings(**{**base, "operator": operator, **settings}),  # type: ignore[arg-type]
        lambda: datetime.now(UTC),
    )


def look(site: Site, folder: Path) -> Session:
    return find_session(CatalogScanner(context(site)).look(), read_run(folder).session_id)


def test_questions_are_answered_and_edits_allowed_after_their_diff(site: Site) -> None:
    folder = site.start(f"ASKS {site.listing}")
    asking = _asking(site, folder, "AskUserQuestion")
    assert asking.waiting_for == "permission for AskUserQuestion"
    with pytest.raises(UsageError, match="asks for 2 answers"):
        answer(context(site), asking, "1")
    said, digest = "1,2; as many as there are", _digest(asking)
    assert "not taken" not in answer(context(site), asking, said, shown=digest).words
    with pytest.raises(Refused, match="anna has already answered this"):
        answer(context(site, "bert"), asking, "2; 1", shown=digest)
    writing = _asking(site, folder, "Write")
    answer(context(site), writing, "always", shown=_digest(writing))
    answer(context(site), _asking(site, folder, "Edit"), "deny", "leave two there")
    assert over(folder).state == "done"
    said = site.api.requests[-1].body["messages"]
    assert '"Which regions?"="Europe, Asia"' in str(said)
    assert '"How many?"="as many as there are"' in str(said)
    assert "leave two there" in str(said)
    assert (site.listing / "note.txt").read_text() == "one\ntwo\n"


def _digest(session: Session) -> str:
    """Return what names the request of a session, as its `show` ends with."""
    assert session.run is not None
    assert session.run.request is not None
    return session.run.request.digest


def _asking(site: Site, folder: Path, tool: str) -> Session:
    """Return the session once it waits for an answer to that tool's request."""
    wait(lambda: (request := read_run(folder).request) and request.tool == tool)
    return look(site, folder)


def test_model_and_mode_change_at_work_and_a_follow_up_waits_for_its_turn(site: Site) -> None:
    folder = site.start("LONG tale")
    wait(lambda: read_partial(folder))
    session = look(site, folder)
    with pytest.raises(UsageError, match="of the settings gives"):
        mode(context(site), session, "bypassPermissions")
    command(folder, "mode", "bypassPermissions")
    for act in (
        model(context(site), session, "claude-opus-4-5"),
        mode(context(site), session, "plan"),
    ):
        assert "not taken" not in act.words
    send(context(site, "bert"), session, "ECHO later")
    (queued,) = read_run(folder).sent
    assert (queued.text, queued.by, queued.is_taken) == ("ECHO later", "bert", True)
    interrupt(context(site), session)
    run = over(folder)
    assert (run.state, run.sent, run.model, run.permission_mode) == (
        "done",
        (),
        "claude-opus-4-5",
        "plan",
    )
    assert site.api.requests[-1].model == "claude-opus-4-5"
    (refused,) = [one for one in read_events(folder) if one.get("kind") == "refused"]
    assert "only the settings" in refused["words"]


def test_more_runs_than_places_wait_in_turn_and_a_hold_keeps_them_waiting(site: Site) -> None:
    """Two places, four runs: without the gate all four would work at once."""
    ids = [past(site) for _ in range(4)]
    catalog = CatalogScanner(context(site)).look()
    sessions = [find_session(catalog, one) for one in ids]
    begun = list(start_many(context(site, max_runs=2), sessions, "LONG", {"max_turns": 3}))
    folders = [runs_folder(site.listing) / one.run_id for one in begun]
    at_work = wait(lambda: _two(one for one in folders if read_partial(one)))
    given_up, last = (one for one in folders if one not in at_work)
    wait(lambda: "1 ahead of it" in read_run(last).queued_for)
    assert read_run(given_up).state == "queued"
    session = look(site, given_up)
    assert session.liveness is Liveness.QUEUED
    with pytest.raises(Refused, match="is running"):
        plan_resume(context(site), session)
    with pytest.raises(Refused, match="has not started"):
        interrupt(context(site), session)
    stop(context(site), session)
    assert over(given_up).state == "done"
    assert "turn" not in kinds(given_up)
    hold = Hold("bert", datetime.now(UTC), "")
    write_hold(site.listing.parent, hold)
    wait(lambda: "paused by bert" in read_run(last).queued_for)
    for one in at_work:
        command(one, "stop")
        over(one)
    assert read_run(last).state == "queued"
    write_hold(site.listing.parent, None)
    wait(lambda: read_partial(last))
    command(last, "stop")
    assert over(last).state == "done"
    assert not held(site.listing)


def _two(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the two, whichever were the first to come; nothing while there are fewer."""
    there = tuple(folders)
    return there if len(there) == 2 else ()


def test_a_rotated_key_and_options_asked_for_hold_for_the_next_start(site: Site) -> None:
    first = past(site)
    with LoopbackApi(SCENES) as other:
        site.env_file.write_text("".join(f"{k}={v}\n" for k, v in other.env().items()))
        session = find_session(CatalogScanner(context(site)).look(), first)
        plan = with_options(
            context(site),
            plan_resume(context(site), session),
            {"model": "claude-opus-4-5", "permission_mode": "plan"},
        )
        assert "claude-opus-4-5" in plan.words
        folder = runs_folder(site.listing) / start(context(site), plan, "again")
        assert over(folder).state == "done"
        assert other.requests[-1].prompts == (BEGINNING, "again")
        assert other.requests[-1].model == "claude-opus-4-5"
        assert read_run(folder).permission_mode == "plan"
    row = site.row(first)
    assert row
    assert "model" not in row.details()["agent"]


def test_errors_of_the_api_fail_the_run_with_their_reason_and_a_sub_agent_does_not(
    site: Site,
) -> None:
    """All at once, so that the retries pass together; `CLAUDE_CODE_MAX_RETRIES` is 1."""
    words = {"E429": "429", "E529": "529|verload", "EBREAK": "."}
    folders = {word: site.start(word) for word in (*words, "PARENT")}
    for word, folder in folders.items():
        run = over(folder)
        if word in ("PARENT", "EBREAK"):
            continue
        assert run.state == "failed", word
        assert any(part in run.error for part in words[word].split("|")), run.error
        row = site.row(run.session_id)
        assert row
        assert row.status == "failed"
        assert row.details()["last_error"] == run.error
    assert read_run(folders["PARENT"]).state == "done"
    assert any("Found three." in str(asked.body) for asked in site.api.requests)
    assert all(cli_is_gone(folder) for folder in folders.values())


def test_an_api_that_hangs_is_shown_as_stalled_and_a_tool_at_work_is_not(site: Site) -> None:
    hanging = site.start("HANGS", stall_timeout_s=8)
    busy = site.start("TOOL", stall_timeout_s=8, agent={"allowed_tools": ["Bash"]})
    wait(lambda: read_run(hanging).stalled_since)
    session = look(site, hanging)
    assert is_quiet(session, datetime.now(UTC), timedelta(minutes=10))
    site.hurry()
    run = over(hanging)
    assert (run.state, run.stalled_since) == ("done", None)
    assert [one for one in kinds(hanging) if one in ("stalled", "moving")] == ["stalled", "moving"]
    over(busy)
    assert "stalled" not in kinds(busy)


_FOREIGN = """
import asyncio, os, sys
from claude_agent_sdk import ClaudeAgentOptions, query
async def main():
    options = ClaudeAgentOptions(env={"CLAUDE_CONFIG_DIR": sys.argv[1]}, cwd=sys.argv[2])
    async for message in query(prompt="LONG story", options=options):
        pass
asyncio.run(main())
"""


def test_a_session_of_another_program_is_interrupted_by_its_proven_pid(site: Site) -> None:
    config_dir = site.listing / ".claude_sessions"
    config_dir.mkdir()
    done = subprocess.Popen(
        [sys.executable, "-c", _FOREIGN, str(config_dir), str(site.listing)],
        env=os.environ | site.api.env(),
        stderr=subprocess.DEVNULL,
    )
    try:
        session = wait(
            lambda: next(
                (one for one in CatalogScanner(context(site)).look().sessions if one.is_live), None
            )
        )
        with pytest.raises(Refused, match="`interrupt"):
            send(context(site), session, "hello")
        with pytest.raises(ConfirmationRequired, match="another program runs"):
            interrupt(context(site), session)
        words = interrupt(context(site), session, is_sure=True).words
        assert session.process is not None
        assert f"pid {session.process.pid}" in words
        wait(lambda: done.poll() is not None)
    finally:
        done.kill()
        done.wait()


def test_old_runs_are_pruned_by_the_next_start_and_a_run_before_a_restart_is_lost(
    site: Site,
) -> None:
    first = past(site)
    then = datetime.now(UTC) - timedelta(days=30)
    old = [
        make_folder(
            site.listing, site.spec("old", run_id=f"20261001T00000{n}Z-1f9c", session_id=first)
        )
        for n in range(7)
    ]
    os.utime(old[0] / "heartbeat", (0, 0))
    assert read_run(old[0]).state == "lost"
    assert read_run(old[1]).state == "starting"
    for one in old[2:]:
        (one / "events.jsonl").write_text('{"type": "ended", "at": "2026-10-01T00:00:00Z"}\n')
    young = over(site.start("go on", mode="resume", session_id=first)).folder
    left = run_folders(site.listing)
    assert [one for one in old if one in left] == [old[1], *old[4:]], then
    assert young in left


def test_a_full_disk_ends_the_run_and_the_run_says_so(tmp_path: Path, api: LoopbackApi) -> None:
    full_disk.need_mounts(tmp_path)
    with full_disk.small_disk(tmp_path / "disk") as disk, site_below(disk, api) as site:
        _fill_in_a_turn(site)


def _fill_in_a_turn(small_site: Site) -> None:
    folder = small_site.start("LONG tale")
    wait(lambda: read_partial(folder))
    full_disk.fill(small_site.listing)
    run = over(folder)
    assert run.state == "failed"
    assert "the disk is full" in run.error
    row = small_site.row(run.session_id)
    assert row
    assert (row.status, row.details()["last_error"]) == ("failed", run.error)
    assert cli_is_gone(folder)
    assert not held(small_site.listing)
    assert (folder / SPEC).exists()
