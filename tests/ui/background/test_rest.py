"""A console at rest does next to nothing, and shows each change in the second in which it comes."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.support.console.catalog_edits import each_session, with_session
from tests.support.console.fixed_catalog import NOW, stream
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of
from tui.core.console.saved_view import SavedView
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session
from tui.operations.stream.stream_update import StreamUpdate
from tui.ui.background.clock_rest import ClockRest
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.state.session_restore import SessionRestore
from tui.ui.terminal.driver import LeavingEvent

_MINUTES = 3


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give an entry for each time that the panes are drawn from the catalog and the clock."""
    found: list[str] = []
    tick: Callable[[PaneFeed], None] = PaneFeed.tick

    def counted(self: PaneFeed) -> None:
        found.append("draw")
        tick(self)

    monkeypatch.setattr(PaneFeed, "tick", counted)
    return found


def ending() -> Catalog:
    """Return sessions of which each ends in another second of some minute."""
    numbers = count()
    return each_session(
        catalog_of(30),
        lambda one: replace(
            one, expires_at=NOW + timedelta(minutes=20, seconds=37 * next(numbers))
        ),
    )


def resting() -> Catalog:
    """Return sessions whose times count hours."""
    quiet, ends = NOW - timedelta(hours=5, minutes=30), NOW + timedelta(days=2, minutes=30)
    return each_session(
        catalog_of(30), lambda one: replace(one, expires_at=ends, last_activity_at=quiet)
    )


async def screens(at: Console) -> list[str]:
    """Return what the list and the ends say after each second of some minutes."""
    await at.pause(0.1)
    found = []
    for _ in range(60 * _MINUTES):
        at.tick()
        await at.pause()
        found.append(f"{at.text('sessions')}\n{at.text('expiry')}\n{at.top}")
    return found


async def test_at_rest_nothing_is_drawn_until_a_minute_is_over(
    draws: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawing each second showed the same, at ten times the work."""
    async with console(FixedEngine(catalog=ending()), (160, 36)) as at:
        draws.clear()
        rested = await screens(at)
        count_rested = len(draws)
    monkeypatch.setattr(ClockRest, "covers", lambda *_: False)
    async with console(FixedEngine(catalog=ending()), (160, 36)) as at:
        draws.clear()
        drawn = await screens(at)
        assert len(draws) == len(drawn)
    assert rested == drawn
    assert len(set(drawn)) > _MINUTES
    assert count_rested < len(drawn)


async def test_what_shows_no_minutes_is_drawn_twice_a_minute(draws: list[str]) -> None:
    async with console(FixedEngine(catalog=resting()), (160, 36)) as at:
        await screens(at)
        draws.clear()
        await screens(at)
        assert len(draws) <= 3 * _MINUTES


async def test_a_look_that_finds_nothing_new_draws_nothing(draws: list[str]) -> None:
    there = catalog_of(30)
    async with console(FixedEngine(catalog=there)) as at:
        await at.look(replace(there, at=there.at + timedelta(seconds=1)))
        draws.clear()
        for seconds in range(2, 5):
            await at.look(replace(there, at=there.at + timedelta(seconds=seconds)))
        assert draws == []
        await at.look(replace(there, free_bytes=1))
        assert draws != []


async def test_a_view_that_nobody_touched_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.ui.state.session_restore.SAVE_EACH", 0.0)
    asked: list[str] = []

    def current() -> SavedView:
        asked.append("view")
        return SavedView()

    restore = SessionRestore(FixedEngine(), current, lambda _: None)
    saving = asyncio.ensure_future(restore.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert asked == []
    restore.touch()
    for _ in range(20):
        await asyncio.sleep(0)
    assert asked == ["view"]
    saving.cancel()


@dataclass
class CountedFollow(FixedFollow):
    """Counts how often it was polled."""

    polls: int = 0

    def poll(self, session: Session) -> StreamUpdate:
        self.polls += 1
        return super().poll(session)


@pytest.mark.parametrize("tells_changes", [True, False])
async def test_a_stream_is_polled_again_only_once_its_session_changed(
    tells_changes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a look tells of each change; otherwise it is polled all the time."""
    monkeypatch.setattr("tui.ui.background.pollers.POLL_STILL", 0.01)
    monkeypatch.setattr("tui.ui.background.pollers.POLL_QUIET", 3600.0)
    follower = CountedFollow(stream())
    there = resting()
    engine = FixedEngine(catalog=there, follower=follower, tells_changes=tells_changes)
    async with console(engine) as at:
        await at.until(lambda: follower.polls > 0)
        if not tells_changes:
            await at.until(lambda: follower.polls > 5)
            return
        await at.pause(0.2)
        before = follower.polls
        await at.pause(0.2)
        assert follower.polls == before
        key = at.session.key
        await at.look(with_session(there, key, last_activity_at=NOW))
        await at.until(lambda: follower.polls == before + 1)


def test_who_reads_keys_is_woken_to_leave() -> None:
    """Otherwise it would have to look ten times a second."""
    leaving = LeavingEvent()

    def ready() -> list[Any]:
        return select.select([leaving], [], [], 0)[0]

    assert ready() == []
    leaving.set()
    leaving.set()
    assert ready() == [leaving]
    leaving.clear()
    leaving.clear()
    assert ready() == []
