"""A resume is the same agent, or says before it starts what it will lack: with the real CLI."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import (
    AgentDefinition,
    ClaudeAgentOptions,
    HookMatcher,
    create_sdk_mcp_server,
    tool,
)

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import SampleListing, run_cli
from tests.support.processes.own_pipeline import Heard, ask, console, last_run, soon
from tests.support.processes.runs_site import Site
from tui import Refused, RunFailed, SessionManager, UsageError
from tui.cli.verbs.sessions.show import show
from tui.operations.running.prompt_line import parse_prompt_line, with_options
from tui.operations.running.resume import plan_resume, start
from tui.runs.folder.protocol import AGENT_OPTIONS, read_run, run_folders
from tui.storage.session_locks import held

SCHEMA = {"type": "object", "properties": {"buyer": {"type": "string"}}}


@tool("price", "Says what a pump costs", {})
async def price(given: dict[str, Any]) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": "ten"}]}


async def look(given: Any, _id: str | None, context: Any) -> Any:
    return {}


CRM = create_sdk_mcp_server("crm", tools=[price])
WITH_TOOLS: dict[str, Any] = {"mcp_servers": {"crm": CRM}}
WITH_HOOKS: dict[str, Any] = {"hooks": {"PreToolUse": [HookMatcher(hooks=[look])]}}


# It notes what it is started with, and the SDK's first words to it, and ends.
_NOTES = """#!/bin/sh
case "$1" in -v) echo "9.9.9 (Claude Code)"; exit 0;; esac
printf '%s\\n' "$@" > "{0}/$$.args"
head -n 1 > "{0}/$$.said"
echo "that was noted" >&2
exit 1
"""
RECORDED: list[tuple[str, Any]] = [
    ("system_prompt", "You value pumps."),
    ("system_prompt", {"type": "preset", "preset": "claude_code", "append": "Pumps."}),
    ("allowed_tools", ["WebSearch"]),
    ("disallowed_tools", ["Bash", "Write(//etc/**)"]),
    ("tools", ["Read"]),
    ("tools", []),
    ("permission_mode", "plan"),
    ("model", "claude-opus-4-5"),
    ("fallback_model", "claude-haiku-4-5"),
    ("max_turns", 3),
    ("max_budget_usd", 2.5),
    ("setting_sources", ["project"]),
    ("setting_sources", []),
    ("effort", "low"),
    ("thinking", {"type": "disabled"}),
    ("max_thinking_tokens", 4000),
    ("max_thinking_tokens", 0),
    ("task_budget", {"total": 9000}),
    ("task_budget", {"total": 0}),
    ("betas", ["context-1m-2025-08-07"]),
    ("agents", {"valuer": AgentDefinition("Values.", "You value.", tools=["Read"])}),
    ("output_format", {"type": "json_schema", "schema": {"type": "object"}}),
    ("strict_mcp_config", True),
]
# They only give, and a row gives neither: see `help settings`.
NEVER_OF_A_ROW = {"mcp_servers", "add_dirs"}
UNRELATED: dict[str, Any] = {"extra_args": {"debug-to-stderr": None}}


async def begun(site: Site, manager: SessionManager, **options: Any) -> Heard:
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this", options=ClaudeAgentOptions(**options)))
    return heard


def recorded(site: Site, session_id: str) -> dict[str, Any]:
    row = site.row(session_id)
    assert row
    return dict(row.details()["agent"])


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


async def test_subagents_and_the_format_of_answers_are_replayed_from_python_and_a_console(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    valuer = AgentDefinition("Values pumps by the ton.", "You value.", tools=["Read"])
    form = {"type": "json_schema", "schema": SCHEMA}
    given: dict[str, Any] = {"agents": {"valuer": valuer}, "output_format": form}
    heard = await begun(site, manager, cwd=site.listing, **given)
    assert recorded(site, heard.session_id)["agents"]["valuer"]["tools"] == ["Read"]
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id))
    assert is_the_same(site)
    plan = await asyncio.to_thread(plan_resume, console(site), heard.session())
    assert not [one for one in plan.warnings if "without" in one.words]
    await asyncio.to_thread(start, console(site), plan, "ECHO again")
    await soon(lambda: read_run(last_run(site)).is_over)
    assert "ECHO again" in repr(site.api.requests[-1].prompts)
    assert is_the_same(site)
    assert warned(caplog) == []


def is_the_same(site: Site) -> bool:
    asked = site.api.requests[-1]
    return "StructuredOutput" in asked.tools and "Values pumps by the ton." in repr(asked.body)


async def test_what_a_resume_lacks_is_said_before_it_starts_and_shown(
    site: Site,
    manager: SessionManager,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    heard = await begun(site, manager, **WITH_TOOLS)
    assert "mcp__crm__price" in repr(site.api.requests[-1].body)
    told = "No resume by others will have what cannot be recorded: mcp_servers.crm"
    assert warned(caplog) == [told]
    assert recorded(site, heard.session_id)["unrecorded"] == ["mcp_servers.crm"]

    plan = await asyncio.to_thread(plan_resume, console(site), heard.session())
    without = "without its mcp_servers.crm: only its pipeline has that"
    assert without in [one.words for one in plan.warnings]
    given = argparse.Namespace(id=heard.session_id, json=False)
    await asyncio.to_thread(show, console(site), given)
    assert "mcp_servers.crm" in capsys.readouterr().out

    caplog.clear()
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id))
    short = heard.session_id[:8]
    assert warned(caplog) == [
        f"{short} goes on without its mcp_servers.crm: give it in the options"
    ]
    assert recorded(site, heard.session_id)["unrecorded"] == ["mcp_servers.crm"]

    caplog.clear()
    again = ClaudeAgentOptions(resume=heard.session_id, **WITH_TOOLS)
    await Heard(site).listen(ask(manager, "ECHO more", options=again))
    assert "mcp__crm__price" in repr(site.api.requests[-1].body)
    assert warned(caplog) == []


async def test_a_resume_without_what_held_the_agent_back_is_refused_until_that_is_given(
    site: Site, manager: SessionManager
) -> None:
    heard = await begun(site, manager, **WITH_HOOKS)
    runs = run_folders(site.listing)
    for options in (None, ClaudeAgentOptions(fork_session=True)):
        query = ask(manager, "ECHO more", resume=heard.session_id, options=options)
        with pytest.raises(UsageError, match="was run with hooks"):
            await Heard(site).listen(query)
    assert run_folders(site.listing) == runs
    assert not held(site.listing)
    again = ClaudeAgentOptions(**WITH_HOOKS)
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id, options=again))
    assert recorded(site, heard.session_id)["unrecorded"] == ["hooks.PreToolUse"]
    none = ask(manager, "ECHO more", resume=heard.session_id, without=["hooks"])
    await Heard(site).listen(none)
    assert recorded(site, heard.session_id)["unrecorded"] == []
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id))


def test_every_option_that_is_recorded_is_tried() -> None:
    assert {name for name, _ in RECORDED} | NEVER_OF_A_ROW == set(AGENT_OPTIONS)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "cli").write_text(_NOTES.format(folder))
    (folder / "cli").chmod(0o755)
    return folder


def noted_in(notes: Path) -> set[Path]:
    return {*notes.glob("*.args")}


async def started_with(notes: Path, query: Any) -> tuple[list[str], Any]:
    """Return the arguments of the CLI, without those that name the session, and the sub-agents."""
    before = noted_in(notes)
    with pytest.raises(RunFailed):
        await anext(query)
    (noted,) = noted_in(notes) - before
    said = json.loads(noted.with_suffix(".said").read_text() or "{}")
    names = ("--session-id=", "--resume=")
    words = [one for one in noted.read_text().splitlines() if not one.startswith(names)]
    return words, said.get("request", {}).get("agents")


@pytest.mark.parametrize(("name", "value"), RECORDED)
async def test_a_resume_with_other_options_replays_each_that_was_recorded(
    site: Site, manager: SessionManager, notes: Path, name: str, value: Any
) -> None:
    """Also an empty one: without it the SDK's default gives the agent more."""
    cli, own = notes / "cli", str(uuid.uuid4())
    begun = ClaudeAgentOptions(**{name: value, "cli_path": cli, "session_id": own})
    await started_with(notes, ask(manager, "go", options=begun))
    SampleListing(site.listing.parent).write_transcript(own)
    both = ClaudeAgentOptions(**{name: value, "cli_path": cli, **UNRELATED})
    wanted = await started_with(notes, ask(manager, "go", options=both))
    other = ClaudeAgentOptions(cli_path=cli, **UNRELATED)
    plain = await started_with(notes, ask(manager, "go", options=other))
    assert wanted != plain
    assert await started_with(notes, ask(manager, "go", resume=own, options=other)) == wanted


def made(site: Site) -> list[Path]:
    return [*site.listing.glob("made-*")]


@pytest.mark.parametrize("sources", [[], ["project"]])
async def test_a_tool_that_local_settings_would_allow_stays_denied_in_a_resume(
    site: Site, sources: list[Any]
) -> None:
    """Without the replay of its sources the CLI reads all of them, and Bash runs."""
    manager = SessionManager(site.listing, permission_timeout=timedelta(0))
    (site.listing / ".claude").mkdir()
    rules = json.dumps({"permissions": {"allow": ["Bash(touch:*)"]}})
    (site.listing / ".claude" / "settings.local.json").write_text(rules)
    options = ClaudeAgentOptions(setting_sources=sources, cwd=site.listing)
    heard = Heard(site)
    await heard.listen(ask(manager, "PERMIT this", options=options))
    assert "Finished." in heard.texts
    for more in (None, ClaudeAgentOptions(max_turns=9)):
        again = Heard(site)
        query = ask(manager, "PERMIT more", resume=heard.session_id, options=more)
        await again.listen(query)
        assert "Finished." in again.texts
    assert not made(site)
    free = Heard(site)
    await free.listen(ask(manager, "PERMIT it", options=ClaudeAgentOptions(cwd=site.listing)))
    assert made(site)


@pytest.mark.parametrize("metadata", [None, {"agent": {"allowed_tools": ["Bash"]}}])
async def test_a_lost_row_lifts_nothing_that_was_forbidden(
    site: Site, manager: SessionManager, metadata: dict[str, Any] | None
) -> None:
    """Without the recorded options below them the given ones would free the forbidden tool."""
    held: dict[str, Any] = {"disallowed_tools": ["Bash"], "cwd": site.listing, **WITH_HOOKS}
    heard = Heard(site)
    await heard.listen(ask(manager, "PERMIT this", options=ClaudeAgentOptions(**held)))
    own, db = heard.session_id, manager.db_path
    await guide.track_session(db, own, "stage_3", "hollis_park", metadata)
    given = ClaudeAgentOptions(allowed_tools=["Bash"])
    with pytest.raises(UsageError, match="was run with hooks"):
        await Heard(site).listen(ask(manager, "PERMIT more", resume=own, options=given))

    plan = await asyncio.to_thread(plan_resume, console(site), heard.session())
    with pytest.raises(Refused, match="was run with hooks"):
        with_options(console(site), plan, {"allowed_tools": ["Bash"]})
    asked, prompt = parse_prompt_line("--tools Bash --without hooks PERMIT from a console")
    plan = with_options(console(site), plan, asked)
    await asyncio.to_thread(start, console(site), plan, prompt)
    await soon(lambda: read_run(last_run(site)).is_over)
    assert "from a console" in site.transcript(own)

    freed = ClaudeAgentOptions(allowed_tools=["Bash"])
    again = Heard(site)
    await again.listen(ask(manager, "PERMIT more", resume=own, options=freed, without=["hooks"]))
    assert "Finished." in again.texts
    assert not made(site)
    row = site.row(own)
    assert row
    agent = row.details()["agent"]
    assert (agent["disallowed_tools"], agent["allowed_tools"]) == (["Bash"], ["Bash"])
    await Heard(site).listen(ask(manager, "PERMIT once more", resume=own))
    assert not made(site)


@pytest.mark.parametrize("who", ["a console", "the pipeline"])
async def test_a_resume_that_mends_lost_options_leaves_a_lost_extension_to_be_reapplied(
    site: Site, manager: SessionManager, who: str
) -> None:
    """Without what stands in its event, the resume is the last act and says that all is well."""
    heard, held = Heard(site), ClaudeAgentOptions(disallowed_tools=["Bash"])
    await heard.listen(ask(manager, "ECHO this", options=held))
    own = heard.session_id
    run_cli(site.listing.parent, "extend", own, "60d")
    extended = site.row(own)
    await guide.track_session(manager.db_path, own, "stage_3", "hollis_park", {"workers": 8})
    if who == "a console":
        plan = await asyncio.to_thread(plan_resume, console(site), heard.session())
        plan = with_options(console(site), plan, {"permission_mode": "default"})
        await asyncio.to_thread(start, console(site), plan, "ECHO more")
        await soon(lambda: read_run(last_run(site)).is_over)
    else:
        await Heard(site).listen(ask(manager, "ECHO more", resume=own, options=held))
    assert "You said: ECHO more" in site.transcript(own)
    assert "overwritten" in run_cli(site.listing.parent, "check").stdout
    undone = run_cli(site.listing.parent, "undo")
    assert re.search(r"your extension of \S+ was not undone", undone.stdout + undone.stderr)
    run_cli(site.listing.parent, "reapply", own)
    row = site.row(own)
    assert row
    assert extended
    assert (row.expires_at, row.details()["workers"]) == (extended.expires_at, 8)
    assert row.details()["agent"]["disallowed_tools"] == ["Bash"]
    assert "all clear" in run_cli(site.listing.parent, "check").stderr


async def test_a_session_that_recorded_no_rights_goes_on_after_the_guides_overwrite(
    site: Site, manager: SessionManager
) -> None:
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this", options=ClaudeAgentOptions(cwd=site.listing)))
    await guide.track_session(manager.db_path, heard.session_id, "stage_3", "hollis_park")
    again = Heard(site)
    await again.listen(ask(manager, "ECHO more", resume=heard.session_id))
    assert "You said: ECHO more" in again.texts
    row = site.row(heard.session_id)
    assert row
    assert row.details()["agent"] == {"cwd": str(site.listing)}


async def test_flags_that_restricted_it_are_given_again_or_said_to_be_none(
    site: Site, manager: SessionManager, notes: Path
) -> None:
    """Without the check a resume would only warn that it goes on without them."""
    cli, own = notes / "cli", str(uuid.uuid4())
    begun = ClaudeAgentOptions(cli_path=cli, session_id=own, **UNRELATED)
    await started_with(notes, ask(manager, "go", options=begun))
    SampleListing(site.listing.parent).write_transcript(own)
    with pytest.raises(
        UsageError, match=r"was run with cli_path\.cli, extra_args\.debug-to-stderr"
    ):
        await anext(ask(manager, "go", resume=own))
    again = ClaudeAgentOptions(cli_path=cli, **UNRELATED)
    words, _ = await started_with(notes, ask(manager, "go", resume=own, options=again))
    assert "--debug-to-stderr" in words
    freed = ask(
        manager,
        "go",
        resume=own,
        options=ClaudeAgentOptions(cli_path=cli),
        without=["extra_args"],
    )
    words, _ = await started_with(notes, freed)
    assert "--debug-to-stderr" not in words
