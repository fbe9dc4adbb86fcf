"""A pipeline as a program of its own, which runs one query of ours or of the SDK's."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, query

from tui import SessionManager


async def run(output_dir: Path, prompt: str, more: dict[str, Any]) -> None:
    """Print each message's class; stop or die there, if the prompt says so."""
    manager = SessionManager(output_dir, max_age_days=7)
    options = ClaudeAgentOptions(**more.pop("options", {}))
    async for message in manager.query(prompt, stage="stage_3", options=options, **more):
        print(type(message).__name__, flush=True)
        is_result = type(message).__name__ == "ResultMessage"
        if "LEAVE" in prompt or ("RETURN" in prompt and is_result):
            return
        if "KILLED" in prompt and is_result:
            die_before_it_is_settled(output_dir)


def die_before_it_is_settled(output_dir: Path) -> None:
    """Die at once, while the session's row cannot have the answer."""
    holding = sqlite3.connect(output_dir / "buyers.db", isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")
    os.kill(os.getpid(), signal.SIGKILL)


async def hold(output_dir: Path, prompt: str) -> None:
    """Do the same with a held session, whose loop an alarm may interrupt at any point."""
    manager = SessionManager(output_dir, max_age_days=7)
    async with manager.session(prompt, stage="stage_3", listing_id=output_dir.name) as held:
        async for message in held:
            print(type(message).__name__, flush=True)
            if "ALARM" in prompt:
                signal.signal(signal.SIGALRM, signal.default_int_handler)
                signal.setitimer(signal.ITIMER_REAL, 0.5)
            if "LEAVE" in prompt:
                return


def run_without_asyncio(output_dir: Path, prompt: str) -> None:
    """Print the result of one query, in a program that has no event loop."""
    manager = SessionManager(output_dir, max_age_days=7)
    print(manager.run(prompt, stage="stage_3", listing_id=output_dir.name).result)


async def run_as_the_guide_does(output_dir: Path, prompt: str) -> None:
    """Do what the main function of the guide's example does, with our class."""
    listing_id = output_dir.name

    # Initialize session manager
    session_manager = SessionManager(output_dir, max_age_days=7)
    session_manager.setup()
    await session_manager.init_table()

    # Run pipeline and track session
    messages: AsyncIterator[Any] = query(prompt=prompt)
    async for message in messages:
        if hasattr(message, "subtype") and message.subtype == "init":
            session_id = message.data.get("session_id")
            await session_manager.track_session(
                session_id, "stage_3", listing_id, metadata={"workers": 8, "timeout": 900}
            )

    # Cleanup expired sessions
    cleaned = await session_manager.cleanup_expired()
    print(f"Cleaned up {cleaned} expired sessions")

    # Get stats
    stats = await session_manager.get_session_stats()
    print(f"Session stats: {stats}")


if __name__ == "__main__":
    folder, words = Path(sys.argv[1]), sys.argv[2]
    if "SYNC" in words:
        run_without_asyncio(folder, words)
    else:
        given = partial(run, more=json.loads(sys.argv[3]))
        does = run_as_the_guide_does if "GUIDE" in words else hold if "HOLD" in words else given
        asyncio.run(does(folder, words))
