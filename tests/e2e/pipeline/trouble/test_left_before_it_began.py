"""A run that is left before it has a first prompt ends at once: with the real CLI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from tests.support.processes.own_pipeline import Heard, ask
from tests.support.processes.runs_site import Site
from tui import Refused, RunEnded, RunEvent, SessionManager
from tui.runs.folder.protocol import run_folders
from tui.storage.session_locks import held

WITHIN_S = 60
_HELLO = {"type": "user", "message": {"role": "user", "content": "ECHO hello"}}


class Silent:
    """A stream that gives no prompt until it is told to; a deaf one ignores a cancellation."""

    def __init__(self, *, is_deaf: bool = False) -> None:
        self.is_asked, self.may_end = asyncio.Event(), asyncio.Event()
        self._is_deaf, self._given = is_deaf, 0

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self

    async def __anext__(self) -> dict[str, Any]:
        self.is_asked.set()
        while not self.may_end.is_set():
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                if not self._is_deaf:
                    raise
        self._given += 1
        if self._given > 1:
            raise StopAsyncIteration
        return _HELLO


@pytest.mark.parametrize("is_deaf", [False, True])
async def test_a_cancelled_query_whose_stream_gives_no_prompt_ends(
    site: Site, is_deaf: bool
) -> None:
    events: list[RunEvent] = []
    manager, prompts = SessionManager(site.listing, on_event=events.append), Silent(is_deaf=is_deaf)
    asking = asyncio.create_task(Heard(site).listen(ask(manager, prompts)))
    await prompts.is_asked.wait()
    asking.cancel()
    await asyncio.wait({asking}, timeout=WITHIN_S)
    prompts.may_end.set()
    assert asking.cancelled()
    (ended,) = events
    assert isinstance(ended, RunEnded)
    assert (ended.outcome, ended.session_id) == ("left", "")
    assert not run_folders(site.listing)


async def test_a_manager_is_left_while_a_run_waits_for_its_first_prompt(site: Site) -> None:
    prompts = Silent()
    async with asyncio.timeout(WITHIN_S):
        async with SessionManager(site.listing) as manager:
            entering = asyncio.create_task(manager.session(prompts, stage="stage_3").__aenter__())
            await prompts.is_asked.wait()
        with pytest.raises(Refused, match="was ended before it had begun"):
            await entering


async def test_a_resume_that_waits_for_the_run_before_it_is_left_with_its_lock_free(
    site: Site, manager: SessionManager
) -> None:
    prompts = Silent()
    async with manager.session("ECHO this", stage="stage_3") as run, asyncio.timeout(WITHIN_S):
        await run.answer()
    query = ask(manager, prompts, resume=run.session_id)
    again = asyncio.create_task(Heard(site).listen(query))
    await prompts.is_asked.wait()
    again.cancel()
    with suppress(asyncio.CancelledError):
        await again
    assert not held(site.listing)
    async with manager.session("ECHO on", stage="stage_3", resume=run.session_id) as run:
        assert await run.answer() == "You said: ECHO on"
