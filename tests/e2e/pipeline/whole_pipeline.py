"""A pipeline that uses all that `tui` gives it, as its author would write it; prints what came."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage

from tui import (
    ConsoleError,
    CutOffSession,
    Kind,
    RunEnded,
    RunEvent,
    RunStopped,
    SessionManager,
    SessionRun,
    SessionTracked,
    prompted_by,
)

heard: Counter[str] = Counter()


async def hear(event: RunEvent) -> None:
    """Count what happens, and how runs end."""
    heard[event.outcome if isinstance(event, RunEnded) else type(event).__name__] += 1


async def asked(manager: SessionManager) -> str:
    """Return the answer to a query of its own, as the pipeline would read its messages."""
    tracked: list[SessionTracked] = []

    def note(event: RunEvent) -> None:
        if isinstance(event, SessionTracked):
            tracked.append(event)

    said = ""
    options = ClaudeAgentOptions(allowed_tools=["WebSearch"], cwd=manager.output_dir)
    async for message in manager.query(
        "ECHO the query",
        stage="stage_1",
        listing_id="hollis_park",
        options=options,
        max_age_days=3,
        metadata={"workers": 8},
        follow_ups=True,
        on_event=note,
    ):
        if isinstance(message, ResultMessage) and not prompted_by(message):
            said = message.result or ""
    (row,) = [
        one
        for one in await manager.list_active_sessions()
        if one["session_id"] == tracked[0].session_id
    ]
    return f"{said}, {row['stage']}, workers in metadata: {'workers' in row['metadata']}"


async def steered(manager: SessionManager) -> str:
    """Return what a held session says after an interrupt, and with another model."""
    async with manager.session("LONG tale", stage="stage_2", metadata={"round": 1}) as run:
        await anext(run)
        await run.interrupt()
        was_cut = await run.answer() == "" and run.result is not None
        await run.set_model("claude-haiku-4-5")
        await run.send("Say by which MODEL")
        said = await run.answer()
    is_known = run.session_id != "" and run.cost_usd is not None
    return f"{said}, cut short: {was_cut}, known: {is_known}"


async def failing(manager: SessionManager, prompt: str, retry_of: str | None = None) -> str:
    """Return the session that failed, once its error was read as a pipeline does."""
    try:
        async for _ in manager.query(prompt, stage="stage_3", retry_of=retry_of):
            pass
    except ConsoleError as error:
        when = error.resets_at.isoformat() if error.resets_at else "never"
        is_limit = error.kind is Kind.RATE_LIMIT
        print("failed:", error.kind, error.is_retryable, is_limit, when, error.cost_usd)
        return error.session_id
    return ""


async def taken_over(manager: SessionManager) -> str:
    """Return how a run ends whose session another one takes over, and one that is stopped."""
    ends: list[str] = []

    async def held(run: SessionRun) -> None:
        try:
            await run.answer()
        except RunStopped as stopped:
            ends.append(f"stopped by {stopped.stopped_by}")

    async with manager.session("LONG story", stage="stage_4") as run:
        await anext(run)
        holding = asyncio.create_task(held(run))
        new = manager.session(
            "ECHO it is mine", stage="stage_4", resume=run.session_id, take_over=True
        )
        async with new as other:
            said = await other.answer()
        await holding
    async with manager.session("LONG story", stage="stage_4") as run:
        holding = asyncio.create_task(held(run))
        was_running = await manager.stop_session(run.session_id)
        await holding
    return f"{said}, {ends}, {was_running}"


async def recovered(manager: SessionManager) -> str:
    """Return what a query that is left in its middle leaves, and how that is settled."""
    ids: list[str] = []
    for _ in range(2):
        async with manager.session("LONG story", stage="stage_5") as run:
            await anext(run)
            ids.append(run.session_id)
    left: tuple[CutOffSession, ...] = await manager.recover()
    first, second = (one.session_id for one in left if one.session_id in ids and one.can_resume)
    await manager.acknowledge(first)
    on = manager.query("ECHO go on", stage="stage_5", resume=second, without=["hooks"])
    async for _message in on:
        pass
    return f"{len(left)} were left, now {len(await manager.recover())}"


async def stages(manager: SessionManager) -> None:
    """Run all that needs an event loop."""
    async with manager:
        print("query:", await asked(manager))
        print("session:", await steered(manager))
        failed = await failing(manager, "LIMIT")
        await failing(manager, "BADKEY")
        print("retried:", await failing(manager, "ECHO once more", retry_of=failed) == "")
        print("taken over:", await taken_over(manager))
        print("recovered:", await recovered(manager))
        print("cleaned up:", await manager.cleanup_expired())


if __name__ == "__main__":
    pipeline = SessionManager(
        Path(sys.argv[1]),
        max_age_days=7,
        permission_timeout=timedelta(0),
        on_event=hear,
        log_prompts=True,
    )
    print("run:", pipeline.run("ECHO the run", stage="stage_0", metadata={"first": True}).result)
    asyncio.run(stages(pipeline))
    print("heard:", *sorted(f"{name}={count}" for name, count in heard.items()))
