"""What only the real CLI tells of a run, and not its transcript: as a console shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.processes.runs_site import SCENES, Site, over
from tui.cli.verbs import runs as run_verbs
from tui.core.models.session import Liveness, Session, State, Transcript
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Failure, Turn, say
from tui.operations.stream.follow import StreamFollower
from tui.runs.folder.protocol import read_events, read_run

SUMMARY = "The client wants pumps."


def scene(asked: ApiRequest) -> Turn | Failure:
    """Answer as the other tests' API does, and a compaction with a summary."""
    said = json.dumps(asked.body.get("messages", [])[-1:])
    if "summary" in said and "compact" in said.lower():
        return say(f"<analysis>a</analysis><summary>{SUMMARY}</summary>")
    return SCENES(asked)


@pytest.fixture(scope="module")
def api() -> Iterator[LoopbackApi]:
    with LoopbackApi(scene) as server:
        yield server


def followed(site: Site, folder: Path) -> tuple[Session, StreamFollower]:
    """Return the session of a run, and what follows its stream."""
    run = read_run(folder)
    path = next(site.listing.glob(f".claude_sessions/projects/*/{run.session_id}.jsonl"))
    session = Session(
        run.session_id,
        site.listing.name,
        stage="stage_3",
        status="active",
        liveness=Liveness.NONE,
        state=State.OK,
        transcript=Transcript(run.session_id, place=path, bytes=1, modified_at=datetime.now(UTC)),
        run=run,
    )
    return session, StreamFollower(session)


def test_the_window_of_a_model_that_no_table_has_is_the_cli_s_own(site: Site) -> None:
    folder = site.start("ECHO hello", agent={"model": "wombat-1"})
    over(folder)
    session, follow = followed(site, folder)
    spent = follow.poll(session).spent
    assert spent.model == "wombat-1"
    assert spent.window == 1_000_000
    alone = replace(session, run=None)
    assert StreamFollower(alone).poll(alone).spent.window == 0


def told(site: Site, folder: Path) -> list[str]:
    session, follow = followed(site, folder)
    return [f"{one.kind} {one.text}" for one in follow.poll(session).entries]


def test_compact_makes_room_and_what_the_agent_still_knows_is_there_to_read(site: Site) -> None:
    folder = site.start("ECHO hello")
    over(folder)
    session_id = read_run(folder).session_id
    again = site.start("/compact keep the names", mode="resume", session_id=session_id)
    assert over(again).state == "done"
    session, follow = followed(site, again)
    entries = follow.poll(session).entries
    (summary,) = (one for one in entries if SUMMARY in one.detail)
    assert summary.text == "the conversation so far was compacted to a summary"
    said = [f"{one.kind} {one.text}" for one in entries]
    assert "notice compacted: older turns are a summary from here on" in said
    assert "notice /compact keep the names" in said
    assert not any("not taken up" in one for one in said)


def test_servers_and_hooks_that_fail_are_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    once = site.listing / "stopped"
    stop = f"[ -e {once} ] && exit 0; touch {once}; echo the list is not sorted >&2; exit 2"
    broken = "echo no such list >&2; exit 1"
    hooks = {
        event: [{"matcher": "", "hooks": [{"type": "command", "command": line}]}]
        for event, line in (("Stop", stop), ("PreToolUse", broken))
    }
    config_dir = site.listing / ".claude_sessions"
    config_dir.mkdir()
    (config_dir / "settings.json").write_text(json.dumps({"hooks": hooks}))
    folder = site.start(
        "PERMIT it",
        agent={
            "mcp_servers": {"dead": {"type": "stdio", "command": "/bin/false", "args": []}},
            "allowed_tools": ["Bash"],
            "setting_sources": ["user"],
        },
    )
    assert over(folder).state == "done"
    (init,) = (one for one in read_events(folder) if one["type"] == "init")
    assert init["failed_servers"] == "MCP server failed: dead"
    assert run_verbs._wait_for_end(folder) is not None
    assert "MCP server failed: dead" in capsys.readouterr().err
    said = told(site, folder)
    assert [one for one in said if "MCP" in one] == [
        "notice MCP server failed: dead (Connection closed)"
    ]
    assert "notice hook PreToolUse:Bash failed (exit 1): no such list" in said
    assert any(one.startswith("notice hook Stop blocked: ") for one in said)
    assert any("not sorted" in one for one in said)
