"""A pipeline as a program of its own, which runs one query of ours or of the SDK's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from claude_agent_sdk import query

from tui import SessionManager


async def run(output_dir: Path, prompt: str) -> None:
    """Print each message's class; stop at the first, or at the result, if the prompt says so."""
    manager = SessionManager(output_dir, max_age_days=7)
    async for message in manager.query(prompt, stage="stage_3", listing_id=output_dir.name):
        print(type(message).__name__, flush=True)
        is_result = type(message).__name__ == "ResultMessage"
        if "LEAVE" in prompt or ("RETURN" in prompt and is_result):
            return


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
    act = run_as_the_guide_does if "GUIDE" in sys.argv[2] else run
    asyncio.run(act(Path(sys.argv[1]), sys.argv[2]))
