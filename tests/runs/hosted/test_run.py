"""A hosted run whose pipeline is gone before it is prepared leaves nothing locked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.support.listings.run_spec import run_spec
from tests.support.listings.sample_listing import FIRST
from tui.core.errors import RunFailed
from tui.pipeline.session_run import SessionRun
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.folder.protocol import run_folders
from tui.runs.hosted.own_prompts import OwnPrompts
from tui.runs.hosted.prepared_run import PreparedRun
from tui.runs.hosted.run import HostedRun
from tui.runs.prompt_queue import OwnPrompt
from tui.storage.session_locks import SessionLock, held

NOW = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)


def prepared(listing: Path) -> PreparedRun:
    lock = SessionLock.take(listing, FIRST)
    given = GivenOptions(ClaudeAgentOptions(), {}, OwnPrompt("go"))
    return PreparedRun(run_spec(listing, NOW), listing, lock, given)


async def listen(prepare: Callable[[], PreparedRun]) -> None:
    prompts = OwnPrompts("go", is_verbatim=False)
    async with SessionRun(HostedRun(lambda _: prepare(), lambda: NOW, prompts)) as run:
        async for _ in run:
            pass


@pytest.mark.parametrize("is_locked_before", [True, False])
def test_a_loop_that_ends_while_it_prepares_leaves_nothing_locked_or_made(
    tmp_path: Path, is_locked_before: bool
) -> None:
    """Unless who comes last lets go, the session is in use for as long as the pipeline lives."""
    begun, may_go = threading.Event(), threading.Event()

    def prepare() -> PreparedRun:
        early = prepared(tmp_path) if is_locked_before else None
        begun.set()
        assert may_go.wait(60)
        return early or prepared(tmp_path)

    async def leave() -> None:
        asyncio.get_running_loop().set_default_executor(pool)
        listening = asyncio.create_task(listen(prepare))
        await asyncio.to_thread(begun.wait, 10)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert listening.cancelled()
        may_go.set()

    with ThreadPoolExecutor(2) as pool:
        asyncio.run(leave())
    assert not held(tmp_path)
    assert run_folders(tmp_path) == ()


async def test_a_run_whose_folder_cannot_be_made_lets_its_session_go(tmp_path: Path) -> None:
    prepare = prepared(tmp_path)
    (tmp_path / ".session_console" / "runs").write_text("a file")
    with pytest.raises(RunFailed, match="folder cannot be made"):
        await listen(lambda: prepare)
    assert not held(tmp_path)
