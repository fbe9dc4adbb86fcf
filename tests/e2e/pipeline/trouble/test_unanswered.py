"""A turn that the model does not answer settles nothing, whoever runs it, with the real CLI."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from tests.e2e.pipeline.test_recovery import killed
from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import Heard, ask, console, last_run, soon
from tests.support.processes.runs_site import Site, over
from tui import Kind, RunEnded, RunEvent, RunFailed, SessionManager
from tui.core.sessions.attention import has_failed
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.runs.folder.protocol import read_partial


def hooked(event: Any, answer: dict[str, Any]) -> ClaudeAgentOptions:
    async def hook(*_: Any) -> Any:
        return answer

    hooks: Any = {event: [HookMatcher(hooks=[hook])]}
    return ClaudeAgentOptions(hooks=hooks, allowed_tools=["Bash"])


HOOKS = {
    "blocked": ("ECHO", hooked("UserPromptSubmit", {"decision": "block", "reason": "not now"})),
    "stopped": ("ECHO", hooked("UserPromptSubmit", {"continue_": False, "stopReason": "not now"})),
    "in_a_tool": ("PERMIT", hooked("PreToolUse", {"continue_": False})),
}


async def failed(site: Site, manager: SessionManager) -> str:
    heard = Heard(site)
    with pytest.raises(RunFailed):
        await heard.listen(ask(manager, "BADKEY"))
    return heard.session_id


def needs_somebody(site: Site, session_id: str) -> bool:
    session = find_session(CatalogScanner(console(site)).look(), session_id)
    return has_failed(session) and session.ack is None


def stored(site: Site, session_id: str) -> tuple[str, str]:
    row = site.row(session_id)
    assert row
    return row.status, str(row.details().get("last_error", ""))


@pytest.mark.parametrize("prompt", ["/cost", "/context", "/compact", "WORDLESS"])
async def test_what_the_model_did_not_answer_settles_no_failure(
    site: Site, manager: SessionManager, prompt: str
) -> None:
    one = await failed(site, manager)
    told: list[RunEvent] = []
    async with manager.session(prompt, stage="s", retry_of=one, on_event=told.append) as run:
        await run.answer()
        assert needs_somebody(site, one)
        assert stored(site, run.session_id) == ("active", "")
    assert [each.outcome for each in told if isinstance(each, RunEnded)] == ["left"]
    before = stored(site, one)
    assert before[0] == "failed"
    await Heard(site).listen(ask(manager, prompt, resume=one))
    assert stored(site, one) == before
    async with manager.session(prompt, stage="s", retry_of=one) as run:
        await run.answer()
        await run.send("ECHO this")
        assert (await run.answer()).startswith("You said: ")
    assert not needs_somebody(site, one)
    await Heard(site).listen(ask(manager, "ECHO this", resume=one))
    assert stored(site, one) == ("active", "")


@pytest.mark.parametrize("how", HOOKS)
async def test_a_turn_that_a_hook_stopped_has_failed(
    site: Site, manager: SessionManager, how: str
) -> None:
    one, (prompt, options) = await failed(site, manager), HOOKS[how]
    options = replace(options, cwd=site.listing)
    told: list[RunEvent] = []
    run = manager.session(prompt, stage="s", retry_of=one, options=options, on_event=told.append)
    with pytest.raises(RunFailed, match=r"^a hook stopped it") as raised:
        async with run:
            await run.answer()
    assert (raised.value.kind, raised.value.is_retryable) == (Kind.REFUSED, False)
    assert ("not now" in str(raised.value)) is (how != "in_a_tool")
    assert needs_somebody(site, one)
    assert stored(site, run.session_id) == ("failed", str(raised.value))
    assert [each.outcome for each in told if isinstance(each, RunEnded)] == ["failed"]


async def test_a_command_leaves_what_was_cut_off_as_it_was(
    site: Site, manager: SessionManager
) -> None:
    one = killed(site)
    for _ in range(2):
        await Heard(site).listen(ask(manager, "/cost", resume=one))
        assert [left.session_id for left in await manager.recover()] == [one]
    fork = ClaudeAgentOptions(resume=one, fork_session=True)
    await Heard(site).listen(ask(manager, "/cost", options=fork))
    over(site.start("/compact", session_id=one, mode="resume"))
    assert [left.session_id for left in await manager.recover()] == [one]
    async with manager.session("/cost", stage="s", resume=one) as run:
        await run.answer()
        await run.send("ECHO this")
        await run.answer()
        await run.send("/cost")
        await run.answer()
    assert await manager.recover() == ()


async def test_a_runner_leaves_a_failure_as_it_was(site: Site, manager: SessionManager) -> None:
    one = await failed(site, manager)
    before = stored(site, one)
    over(site.start("/compact", session_id=one, mode="resume"))
    assert stored(site, one) == before


@pytest.mark.parametrize("what", ["a failure", "a cut-off", "a retried cut-off"])
async def test_what_the_model_did_not_answer_is_nothing_new_to_whoever_knows(
    site: Site, manager: SessionManager, what: str
) -> None:
    """Without it what was acknowledged alerts again after each `/cost`."""
    own = await failed(site, manager) if what == "a failure" else killed(site)
    if what == "a retried cut-off":
        await Heard(site).listen(ask(manager, "ECHO this", retry_of=own))
    else:
        await manager.acknowledge(own)
    before = find_session(CatalogScanner(console(site)).look(), own)
    for _ in range(2):
        await Heard(site).listen(ask(manager, "/cost", resume=own))
        after = find_session(CatalogScanner(console(site)).look(), own)
        assert (has_failed(after), after.cut_off_at) == (has_failed(before), before.cut_off_at)
        assert await manager.recover() == ()
        assert run_cli(site.listing.parent, "check").returncode == 0
    if what == "a failure":
        with pytest.raises(RunFailed):
            await Heard(site).listen(ask(manager, "BADKEY", resume=own))
    else:
        async with manager.session("LONG tale", stage="s", resume=own):
            await soon(lambda: read_partial(last_run(site)))
    assert own[:8] in run_cli(site.listing.parent, "check").stdout
