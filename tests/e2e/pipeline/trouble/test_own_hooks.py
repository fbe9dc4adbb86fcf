"""A hook of the pipeline's own that fails is told in its log, with the real CLI."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import SessionManager

WORDS = "what a buyer said"


async def guard_buyers(*_: Any) -> Any:
    raise RuntimeError(WORDS)


class Guard:
    async def __call__(self, *_: Any) -> Any:
        raise KeyError(WORDS)


async def opinionless(*_: Any) -> Any:
    return {}


async def used(
    site: Site, manager: SessionManager, log: pytest.LogCaptureFixture, **options: Any
) -> tuple[bool, list[str]]:
    """Return whether the agent's tool was used, and what was logged of it."""
    given = ClaudeAgentOptions(cwd=site.listing, **options)
    with log.at_level(logging.WARNING, "tui.runs"):
        heard = Heard(site)
        await heard.listen(ask(manager, "PERMIT this", options=given))
    assert WORDS not in "".join(one.getMessage() for one in log.records if one.name == "tui.runs")
    told = [one.getMessage() for one in log.records if " raised " in one.getMessage()]
    assert all(f"hollis_park stage_3 {heard.session_id[:8]}: the " in one for one in told)
    return (site.listing / "made-0").exists(), [one.partition(": the ")[2] for one in told]


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (guard_buyers, "hook of PreToolUse guard_buyers raised RuntimeError at test_own_hooks.py:"),
        (Guard(), "hook of PreToolUse Guard raised KeyError at test_own_hooks.py:"),
    ],
)
async def test_a_hook_that_raises_is_told_since_the_tool_is_used(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture, hook: Any, said: str
) -> None:
    hooks = {"PreToolUse": [HookMatcher(hooks=[opinionless, hook])]}
    is_used, told = await used(site, manager, caplog, hooks=hooks, allowed_tools=["Bash"])
    assert is_used
    assert len(told) == 2
    assert told[0].startswith(said)
    assert told[0].endswith(": the agent goes on as if it had not been asked")


async def test_a_hook_that_blocks_when_it_raises_and_a_callback_are_told_as_such(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    blocking: Any = {"PreToolUse": [HookMatcher(hooks=[guard_buyers], on_failure="block")]}
    is_used, told = await used(site, manager, caplog, hooks=blocking, allowed_tools=["Bash"])
    assert not is_used
    assert told[0].endswith(": what it was asked about is blocked")
    caplog.clear()
    is_used, told = await used(site, manager, caplog, can_use_tool=guard_buyers)
    assert not is_used
    assert told[0].startswith("can_use_tool guard_buyers raised RuntimeError at ")
    assert told[0].endswith(": the tool is not used")


async def test_hooks_that_do_not_raise_are_asked_as_ever(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    async def denies(said: Any, _id: str | None, _: Any) -> Any:
        asked.append(said["tool_name"])
        return {"decision": "block", "reason": "not that"}

    hooks = {"PreToolUse": [HookMatcher(matcher="Bash", hooks=[denies])]}
    is_used, told = await used(site, manager, caplog, hooks=hooks, allowed_tools=["Bash"])
    assert (is_used, told) == (False, [])
    assert asked == ["Bash", "Bash"]
