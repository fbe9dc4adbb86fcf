"""Options of the SDK that would lead the CLI away from its session, or not there: real CLI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from claude_agent_sdk import ClaudeAgentOptions, InMemorySessionStore, ResultMessage

from tests.support.processes.own_pipeline import Heard, ask, console
from tests.support.processes.runs_site import Site
from tui import ConsoleError, SessionManager, UsageError
from tui.operations.catalog.scanner import CatalogScanner
from tui.runs.folder.protocol import run_folders

NONE = "11111111-1111-4111-8111-111111111111"


def entries(site: Site, session_id: str, kind: str) -> list[str]:
    lines = map(json.loads, site.transcript(session_id).splitlines())
    return [one["uuid"] for one in lines if one.get("type") == kind]


@pytest.mark.parametrize("forks", [False, True])
async def test_a_session_goes_on_from_the_entry_that_is_named(
    site: Site, manager: SessionManager, forks: bool
) -> None:
    """Left out, what was to be cut away would still be asked, and paid."""
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO one"))
    own = heard.session_id
    at = entries(site, own, "assistant")[-1]
    await Heard(site).listen(ask(manager, "ECHO two", resume=own))
    dropped = entries(site, own, "user")[-1]
    options = ClaudeAgentOptions(
        resume_session_at=at, resume_drops_turn=dropped, fork_session=forks
    )
    again = Heard(site)
    await again.listen(ask(manager, "ECHO three", resume=own, options=options))
    asked = repr(site.api.requests[-1].prompts)
    assert ("ECHO one" in asked, "ECHO two" in asked, "ECHO three" in asked) == (True, False, True)
    assert (again.session_id == own) is not forks


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"resume_session_at": NONE}, "no entry of"),
        ({"session_id": NONE}, "a resumed one keeps its own"),
    ],
)
async def test_what_a_resume_cannot_mean_is_refused_before_it_starts(
    site: Site, manager: SessionManager, given: dict[str, Any], words: str
) -> None:
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO one"))
    runs = run_folders(site.listing)
    query = ask(manager, "go", resume=heard.session_id, options=ClaudeAgentOptions(**given))
    with pytest.raises(UsageError, match=words) as refused:
        await Heard(site).listen(query)
    assert refused.value.session_id == heard.session_id
    assert run_folders(site.listing) == runs


async def test_a_store_is_told_and_the_session_goes_on_in_its_listing(
    site: Site, manager: SessionManager
) -> None:
    """The SDK would resume what is in the store in a folder of its own."""
    store, heard = InMemorySessionStore(), Heard(site)
    options = ClaudeAgentOptions(session_store=store)
    await heard.listen(ask(manager, "ECHO one", options=options))
    await Heard(site).listen(ask(manager, "ECHO two", resume=heard.session_id, options=options))
    assert "You said: ECHO two" in site.transcript(heard.session_id)
    told = repr(store.__dict__)
    assert "You said: ECHO one" in told
    assert "You said: ECHO two" in told
    fork = ClaudeAgentOptions(session_store=store, fork_session=True)
    await Heard(site).listen(ask(manager, "ECHO three", resume=heard.session_id, options=fork))
    assert "ECHO two" in repr(site.api.requests[-1].prompts)
    assert "ECHO three" in repr(store.__dict__)


def fails_its_test(*_: Any) -> Any:
    pytest.fail("a test that looks on")


def cancels_itself(*_: Any) -> Any:
    raise asyncio.CancelledError


class Faulty(InMemorySessionStore):
    def __init__(self, fault: Any) -> None:
        super().__init__()
        self._fault = fault

    async def append(self, *_: Any) -> None:
        self._fault()


@pytest.mark.parametrize("fault", [fails_its_test, cancels_itself])
async def test_an_answer_is_heard_though_a_store_or_a_reader_of_the_log_raises_what_ends_a_task(
    site: Site, manager: SessionManager, fault: Any
) -> None:
    """The turn would count as cut off by a CLI that died, and be paid again by a retry."""
    heard = Heard(site)
    options = ClaudeAgentOptions(session_store=Faulty(fault))
    await heard.listen(ask(manager, "ECHO one", options=options))
    await heard.listen(ask(manager, "ECHO two", resume=heard.session_id, options=options))
    for words in ("You said: ECHO one", "You said: ECHO two"):
        assert words in heard.texts
    lines: list[str] = []

    def read(line: str) -> None:
        lines.append(line)
        fault()

    flags: dict[str, str | None] = {"debug-to-stderr": None}
    reading = ClaudeAgentOptions(stderr=read, extra_args=flags)
    await Heard(site).listen(ask(manager, "ECHO three", options=reading))
    assert len(lines) > 1


async def test_no_flag_ends_the_flags_of_the_cli(site: Site, manager: SessionManager) -> None:
    """Behind `--` the greeting, with the hooks, is a prompt: the agent would have none of them."""
    options, asked = ClaudeAgentOptions(extra_args={"": "ECHO x"}), len(site.api.requests)
    with pytest.raises(UsageError, match="extra_args cannot have ''"):
        await Heard(site).listen(ask(manager, "ECHO one", options=options))
    assert len(site.api.requests) == asked


async def test_a_user_who_cannot_write_the_transcript_starts_nothing(
    site: Site, manager: SessionManager
) -> None:
    """A turn would be paid, and its session could never go on."""
    asked = len(site.api.requests)
    with pytest.raises(UsageError, match=r"options\.user is nobody, who may not write to"):
        await Heard(site).listen(ask(manager, "ECHO", options=ClaudeAgentOptions(user="nobody")))
    assert (len(site.api.requests), run_folders(site.listing)) == (asked, ())
    assert not CatalogScanner(console(site)).look().sessions
    own = ClaudeAgentOptions(user="root")
    await Heard(site).listen(ask(manager, "ECHO one", options=own))


@pytest.mark.parametrize("prompt", ["/clear", ""])
async def test_a_refused_prompt_of_a_resume_is_told_with_its_session(
    site: Site, manager: SessionManager, prompt: str
) -> None:
    heard = Heard(site)
    await heard.listen(ask(manager, "ECHO one"))
    with pytest.raises(ConsoleError) as refused:
        await Heard(site).listen(ask(manager, prompt, resume=heard.session_id))
    assert refused.value.session_id == heard.session_id


async def test_a_refused_prompt_of_a_stream_is_told_with_its_session_and_cost(
    site: Site, manager: SessionManager
) -> None:
    heard, is_answered = Heard(site), asyncio.Event()

    async def prompts() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "user", "message": {"role": "user", "content": "ECHO one"}}
        await is_answered.wait()
        yield {"type": "user", "message": {"role": "user", "content": "/clear"}}

    async def listen() -> None:
        async for message in ask(manager, prompts()):
            heard.messages.append(message)
            if isinstance(message, ResultMessage):
                heard.session_id = message.session_id
                is_answered.set()

    with pytest.raises(UsageError) as refused:
        await listen()
    assert refused.value.session_id == heard.session_id
    assert refused.value.cost_usd
