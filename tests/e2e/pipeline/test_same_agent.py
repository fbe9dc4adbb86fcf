"""A resume is the same agent, or says before it starts what it will lack: with the real CLI."""

from __future__ import annotations

import argparse
import asyncio
import logging
from typing import Any

import pytest
from claude_agent_sdk import (
    AgentDefinition,
    ClaudeAgentOptions,
    HookMatcher,
    create_sdk_mcp_server,
    tool,
)

from tests.support.processes.own_pipeline import Heard, ask, console, last_run, soon
from tests.support.processes.runs_site import Site
from tui import SessionManager, UsageError
from tui.cli.verbs.sessions.ls_show import show
from tui.operations.running.resume import plan_resume, start
from tui.runs.folder.protocol import read_run, run_folders
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
    heard = await begun(site, manager, agents={"valuer": valuer}, output_format=form)
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
    assert recorded(site, heard.session_id)["unrecorded"] == ["hooks"]
    none = ClaudeAgentOptions(hooks={})
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id, options=none))
    assert recorded(site, heard.session_id)["unrecorded"] == []
    await Heard(site).listen(ask(manager, "ECHO more", resume=heard.session_id))
