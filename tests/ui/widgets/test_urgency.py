"""The key to the next session that needs somebody goes by urgency, whatever the order in sight."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.console.harness import console
from tui.core.console.pane_table import SESSIONS
from tui.core.sessions.attention import Need, attention


async def test_in_another_order_the_key_goes_from_the_most_urgent_to_the_least_and_around() -> None:
    """Fails if it goes to the next row that needs somebody, as it stands in the list."""
    async with console(size=(120, 36)) as at:
        await at.enter("sort listing")
        await at.press("G")
        seen = []
        for _ in range(20):
            await at.press("!")
            need = attention(at.session, at.engine.now(), timedelta(minutes=10))
            seen.append((need, at.session.key))
        round_trip = seen.index(seen[0], 1)
        needs = [need for need, _ in seen[:round_trip] if need is not None]
        assert needs == sorted(needs)
        assert (needs[0], len(needs)) == (Need.ANSWER, round_trip)
        assert len(set(needs)) > 4


@pytest.mark.parametrize("pane", ["1", "2", "3", "4"])
async def test_the_first_press_goes_to_the_most_urgent_also_from_it(pane: str) -> None:
    async with console(size=(120, 36)) as at:
        await at.press("!")
        first = at.session.key
        count = at.message.split(" of ")[1]
        assert at.message == f"1 of {count}"
        await at.press("!")
        assert (at.session.key != first, at.message) == (True, f"2 of {count}")
    async with console(size=(120, 36)) as at:
        await at.choose_session(first[1])
        await at.press(pane, "!")
        assert (at.view.pane, at.session.key) == (SESSIONS, first)
        assert at.message == f"1 of {count}"
        await at.press("j", "j", "!")
        assert (at.session.key, at.message) == (first, f"1 of {count}")
        await at.press("!")
        assert at.session.key != first
