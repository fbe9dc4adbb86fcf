"""What a session fails in after its retry has begun is no part of what the retry settles."""

from __future__ import annotations

import pytest
from claude_agent_sdk import SystemMessage

from tests.support.listings.sample_listing import run_cli
from tests.support.processes.own_pipeline import ask
from tests.support.processes.runs_site import Site
from tui import RunFailed, SessionManager, SessionRun


def needs_somebody(site: Site, session_id: str) -> bool:
    return session_id[:8] in run_cli(site.listing.parent, "check").stdout


async def failed(manager: SessionManager, **more: str) -> str:
    with pytest.raises(RunFailed) as error:
        async for _ in ask(manager, "BADKEY", **more):
            pass
    return error.value.session_id


async def answered(manager: SessionManager, **more: str) -> None:
    async for _ in ask(manager, "ECHO", **more):
        pass


async def begin(run: SessionRun) -> None:
    async for message in run:
        if isinstance(message, SystemMessage) and message.subtype == "init":
            return


@pytest.mark.parametrize("how", ["failed", "cut off"])
async def test_what_happened_since_the_retry_began_stands(
    site: Site, manager: SessionManager, how: str
) -> None:
    own = await failed(manager)
    async with manager.session("LONG tale", stage="stage_3", retry_of=own) as retry:
        await begin(retry)
        await answered(manager, resume=own)
        assert not needs_somebody(site, own)
        if how == "failed":
            await failed(manager, resume=own)
        else:
            async with manager.session("LONG", stage="stage_3", resume=own) as other:
                await begin(other)
        assert needs_somebody(site, own)
        site.hurry()
        await retry.answer()
    assert needs_somebody(site, own)
    left = [one.session_id for one in await manager.recover()]
    assert left == ([] if how == "failed" else [own])
    await answered(manager, retry_of=own, resume=retry.session_id)
    assert not needs_somebody(site, own)
    assert await manager.recover() == ()


async def test_in_a_chain_each_counts_from_its_own_retry_on(
    site: Site, manager: SessionManager
) -> None:
    first = await failed(manager)
    second = await failed(manager, retry_of=first)
    await answered(manager, resume=first)
    await failed(manager, resume=first)
    await answered(manager, retry_of=second)
    assert (needs_somebody(site, first), needs_somebody(site, second)) == (True, False)


async def test_of_two_retries_the_later_one_counts_whichever_is_answered_last(
    site: Site, manager: SessionManager
) -> None:
    own = await failed(manager)
    async with manager.session("LONG tale", stage="stage_3", retry_of=own) as early:
        await begin(early)
        await failed(manager, resume=own)
        await answered(manager, retry_of=own)
        assert not needs_somebody(site, own)
        site.hurry()
        await early.answer()
    assert not needs_somebody(site, own)
