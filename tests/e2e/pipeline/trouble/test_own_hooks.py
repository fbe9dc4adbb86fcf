"""A hook of the pipeline's own that fails is told in its log, with the real CLI."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest
from claude_agent_sdk import (
    ClaudeAgentOptions,
    HookMatcher,
    PermissionResultAllow,
    PermissionResultDeny,
)

from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import Kind, RunFailed, SessionManager

WORDS = "what a buyer said"
NAN: Any = float("nan")  # which JSON cannot hold


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
    with log.at_level(logging.ERROR, "tui.runs"):
        heard = Heard(site)
        await heard.listen(ask(manager, "PERMIT this", options=given))
    assert WORDS not in "".join(one.getMessage() for one in log.records if one.name == "tui.runs")
    told = [one.getMessage() for one in log.records if one.levelno == logging.ERROR]
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


async def cancelled(*_: Any) -> Any:
    task = asyncio.create_task(asyncio.Event().wait())
    task.cancel()
    await task


async def fails_its_test(*_: Any) -> Any:
    pytest.fail(WORDS)


def is_closed(*_: Any) -> Any:
    raise GeneratorExit


def returning(answer: Any) -> Any:
    async def asked(*_: Any) -> Any:
        return answer

    return asked


DENIES = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny"}}


@pytest.mark.parametrize(
    ("answer", "says_something"),
    [
        (None, False),
        ([], False),
        ("", False),
        (False, True),
        ("deny", True),
        (("deny",), True),
        ({**DENIES, "reason": object()}, True),
        ({**DENIES, "score": NAN}, True),
        (PermissionResultDeny(), True),
    ],
)
@pytest.mark.parametrize("blocks", [False, True])
async def test_a_hook_that_returns_what_it_should_not_is_told_as_one_that_raises(
    site: Site,
    manager: SessionManager,
    caplog: pytest.LogCaptureFixture,
    answer: Any,
    says_something: bool,
    blocks: bool,
) -> None:
    """What it said may have been a denial, so the tool is not used then."""
    is_blocked = blocks or says_something
    matcher = HookMatcher(hooks=[returning(answer)], on_failure="block" if blocks else None)
    hooks: Any = {"PreToolUse": [matcher]}
    is_used, told = await used(site, manager, caplog, hooks=hooks, allowed_tools=["Bash"])
    assert is_used is not is_blocked
    name = type(answer).__name__
    assert f" returned {name}, not a dict of plain values: " in told[0]
    assert told[0].endswith("blocked" if is_blocked else "as if it had not been asked")


async def test_a_prompt_that_a_hook_blocked_in_words_nobody_can_read_is_not_answered(
    site: Site, manager: SessionManager
) -> None:
    said = {"decision": "block", "reason": "not that", "score": NAN}
    hooks: Any = {"UserPromptSubmit": [HookMatcher(hooks=[returning(said)])]}
    query = ask(manager, "ECHO this", options=ClaudeAgentOptions(hooks=hooks))
    with pytest.raises(RunFailed, match="a hook stopped it: Nobody knows what") as failed:
        await Heard(site).listen(query)
    assert failed.value.kind is Kind.REFUSED
    stops: Any = {"Stop": [HookMatcher(hooks=[returning(said)])]}
    heard = Heard(site)
    async with asyncio.timeout(60):  # of that hook, a block has the agent go on and on
        await heard.listen(ask(manager, "ECHO it", options=ClaudeAgentOptions(hooks=stops)))
    assert "You said: ECHO it" in heard.texts


UPDATES = "a list of PermissionUpdate as its updated_permissions"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "NoneType, not PermissionResultAllow or PermissionResultDeny"),
        (True, "bool, not PermissionResultAllow or PermissionResultDeny"),
        ({"behavior": "allow"}, "dict, not PermissionResultAllow or PermissionResultDeny"),
        (PermissionResultAllow(updated_input={"a": object()}), "an updated_input of plain values"),
        (PermissionResultAllow(updated_input=cast("Any", "x")), "an updated_input of plain values"),
        (PermissionResultAllow(updated_input={"a": NAN}), "an updated_input of plain values"),
        (PermissionResultAllow(updated_permissions=cast("Any", [1])), UPDATES),
        (PermissionResultAllow(updated_permissions=cast("Any", iter(()))), UPDATES),
        (PermissionResultDeny(message=NAN), "a message of text, and whether to interrupt"),
        (PermissionResultDeny(interrupt=NAN), "a message of text, and whether to interrupt"),
    ],
)
async def test_a_callback_that_returns_what_it_should_not_allows_nothing(
    site: Site,
    manager: SessionManager,
    caplog: pytest.LogCaptureFixture,
    answer: Any,
    expected: str,
) -> None:
    is_used, told = await used(site, manager, caplog, can_use_tool=returning(answer))
    assert not is_used
    assert told[0].endswith(f"{expected}: the tool is not used")


@pytest.mark.parametrize(
    ("asked", "raised"),
    [(cancelled, "CancelledError"), (fails_its_test, "Failed"), (is_closed, "GeneratorExit")],
)
async def test_one_that_raises_what_would_end_a_task_holds_nothing_up(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture, asked: Any, raised: str
) -> None:
    """The SDK would take it for the end of its own task, and the CLI wait for the answer."""
    async with asyncio.timeout(60):
        is_used, told = await used(site, manager, caplog, can_use_tool=asked)
    assert (is_used, f" raised {raised} at " in told[0]) == (False, True)
    caplog.clear()
    hooks: Any = {"PreToolUse": [HookMatcher(hooks=[asked], on_failure="block")]}
    async with asyncio.timeout(60):
        is_used, told = await used(site, manager, caplog, hooks=hooks, allowed_tools=["Bash"])
    assert (is_used, f" raised {raised} at " in told[0]) == (False, True)


async def test_one_that_is_at_work_when_its_run_is_cancelled_is_no_fault(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    asked = asyncio.Event()

    async def waits(*_: Any) -> Any:
        asked.set()
        await asyncio.Event().wait()

    options = ClaudeAgentOptions(cwd=site.listing, can_use_tool=waits)
    task = asyncio.create_task(Heard(site).listen(ask(manager, "PERMIT this", options=options)))
    await asked.wait()
    task.cancel()
    await asyncio.wait({task})
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


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


def plain_deny(*_: Any) -> Any:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": WORDS,
        }
    }


async def test_a_plain_function_guards_as_a_coroutine_function_does(
    site: Site, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    for hook in (plain_deny, lambda *_: returning(plain_deny())()):
        hooks: Any = {"PreToolUse": [HookMatcher(hooks=[hook])]}
        assert await used(site, manager, caplog, hooks=hooks, allowed_tools=["Bash"]) == (False, [])
    answers = {True: PermissionResultAllow(), False: PermissionResultDeny()}
    for is_used in (False, True):
        given: Any = {"can_use_tool": lambda *_, one=is_used: answers[one]}
        assert await used(site, manager, caplog, **given) == (is_used, [])
