"""A pipeline's callback that is slow, or never returns: the run goes on, and ends."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from tui.core.run_events import PermissionAsked, RunEvent
from tui.runs.hosted.callback import Callback, Guard

AT = datetime(2026, 11, 22, 7, 15, 30, tzinfo=UTC)
EVENT = PermissionAsked(
    at=AT, run_id="r", session_id="s", listing_id="l", stage="t", request_id="p1", tool="Bash"
)


async def never(event: RunEvent) -> None:
    await asyncio.Event().wait()


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(one.exc_info[1]) for one in caplog.records if one.exc_info]


async def test_one_that_never_returns_is_given_up_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    callback = Callback(never, Guard())
    for _ in range(3):
        callback.hear(EVENT)
    async with asyncio.timeout(60):
        await callback.settle()
    assert faults(caplog) == ["on_event did not return before the run's end"]
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_waits_for_a_slow_one_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[RunEvent] = []

    async def hear(event: RunEvent) -> None:
        heard.append(event)

    callback = Callback(hear, Guard())
    for _ in range(1100):
        callback.hear(EVENT)
    await callback.settle()
    assert len(heard) == 1000
    assert faults(caplog) == ["1000 events wait for on_event to return"]
    assert [one.levelno for one in caplog.records] == [logging.ERROR]


async def test_one_that_is_cancelled_by_itself_keeps_nothing_from_being_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[RunEvent] = []

    async def hear(event: RunEvent) -> None:
        heard.append(event)
        raise asyncio.CancelledError

    callback = Callback(hear, Guard())
    for _ in range(3):
        callback.hear(EVENT)
    await callback.settle()
    assert len(heard) == 3
    assert len(faults(caplog)) == 1
