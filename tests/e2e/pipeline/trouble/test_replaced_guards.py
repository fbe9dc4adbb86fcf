"""What held an agent back is not given again by something else of the same option: real CLI."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import SessionManager, UsageError


async def deny(given: Any, _id: str | None, context: Any) -> Any:
    said = {"hookEventName": "PreToolUse", "permissionDecision": "deny"}
    return {"hookSpecificOutput": said}


async def look(given: Any, _id: str | None, context: Any) -> Any:
    return {}


DENY = json.dumps({"permissions": {"deny": ["Bash"]}})
GUARDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"hooks": {"PreToolUse": [HookMatcher(hooks=[deny])]}}, {"hooks": {"PreToolUse": []}}),
    (
        {"hooks": {"PreToolUse": [HookMatcher(hooks=[deny])]}},
        {"hooks": {"PostToolUse": [HookMatcher(hooks=[look])]}},
    ),
    ({"extra_args": {"disallowedTools": "Bash"}}, {"extra_args": {"debug-to-stderr": None}}),
    ({"settings": DENY}, {"settings": "{}"}),
    ({"env": {"DRY_RUN": "1"}}, {"env": {"npm_config_foo-bar": "1"}}),
    ({"env": {"DRY_RUN": "1"}}, {"env": {f"OTHER_{one}": "1" for one in range(90)}}),
]


@pytest.mark.parametrize(("guard", "other"), GUARDS)
async def test_another_of_the_same_option_does_not_stand_for_what_held_an_agent_back(
    site: Site, manager: SessionManager, guard: dict[str, Any], other: dict[str, Any]
) -> None:
    """Judged by the option's name alone, Bash would run, unlogged."""
    held: dict[str, Any] = {"allowed_tools": ["Bash"], "cwd": site.listing}
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO this", options=ClaudeAgentOptions(**held, **guard)))
    own, (name,) = heard.session_id, guard
    for forks in (False, True):
        again = ClaudeAgentOptions(**other, fork_session=forks)
        with pytest.raises(UsageError, match=rf"was run with {name}\.\S+, .* give it in the"):
            await Heard(site).listen(ask(manager, "PERMIT it", resume=own, options=again))
    assert not [*site.listing.glob("made-*")]
    both: dict[str, Any] = {
        name: {**guard[name], **other[name]} if name in ("env", "extra_args") else guard[name]
    }
    again = ClaudeAgentOptions(**both)
    await Heard(site).listen(ask(manager, "ECHO more", resume=own, options=again))
    freed = ask(
        manager, "PERMIT it", resume=own, options=ClaudeAgentOptions(**other), without=[name]
    )
    await Heard(site).listen(freed)
    assert [*site.listing.glob("made-*")]
    log = (await asyncio.to_thread(run_cli, site.listing.parent, "log", "--json")).stdout
    assert f"{name}." in log


async def test_the_environment_of_the_process_stands_for_no_variable_that_it_has_not(
    site: Site, manager: SessionManager
) -> None:
    heard = Heard(site)
    options = ClaudeAgentOptions(cwd=site.listing, env={"SECRET_X": "dry run"})
    await heard.listen(ask(manager, "ECHO this", options=options))
    again = ClaudeAgentOptions(env=dict(os.environ))
    with pytest.raises(UsageError, match=r"was run with env\.SECRET_X, "):
        await Heard(site).listen(ask(manager, "ECHO it", resume=heard.session_id, options=again))


async def test_a_ban_that_another_replaces_is_logged_as_lifted(
    site: Site, manager: SessionManager
) -> None:
    heard = Heard(site)
    options = ClaudeAgentOptions(disallowed_tools=["Bash"], cwd=site.listing)
    await heard.listen(ask(manager, "ECHO this", options=options))
    other = ClaudeAgentOptions(disallowed_tools=["Write"])
    await Heard(site).listen(ask(manager, "ECHO it", resume=heard.session_id, options=other))
    log = (await asyncio.to_thread(run_cli, site.listing.parent, "log", "--json")).stdout
    assert "disallowed_tools Bash" in log
