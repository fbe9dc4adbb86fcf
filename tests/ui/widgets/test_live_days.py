"""Live says when everything was, wherever one scrolls to: days where they change, times on top."""

from __future__ import annotations

from datetime import timedelta

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import Console, console
from tests.support.console.lone_pane import alone, painted
from tui.core.models.entry import Entry, EntryKind
from tui.operations.stream.follow import StreamUpdate
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.pane import PaneSettings

SAID = tuple(
    Entry(EntryKind.TEXT, f"said {number}\nand more", at=NOW - timedelta(days=1) + at, place=number)
    for number in range(40)
    for at in [timedelta(hours=number // 20 * 24, minutes=number // 10)]
)


def live(at: Console) -> list[str]:
    return [row.rstrip() for row in at.rows("live")]


async def test_a_rule_stands_where_the_day_changes_also_in_the_middle() -> None:
    async with console(FixedEngine(follower=FixedFollow(SAID))) as at:
        await at.press("enter")
        await at.until(lambda: "said 39" in "".join(live(at)))
        await at.press("g")
        assert live(at)[1:3] == [" ── Thu 19 Nov ──", " 14:30 said 0"]
        assert "Thu 19 Nov  paused: F follows" in live(at)[0]
        for _ in range(100):
            await at.press("j")
            assert live(at)[1].startswith((" 14:", " ── ")), live(at)
            if " ── Fri 20 Nov ──" in live(at)[3]:
                break
        assert live(at)[4] == " 14:32 said 20"
        assert "Thu 19 Nov" in live(at)[0]
        await at.press("G")
        assert "Nov" not in live(at)[0]
        assert live(at)[1].startswith((" 14:32 ", " 14:33 "))


async def test_the_rule_of_a_day_is_ascii_where_the_terminal_is() -> None:
    pane = LivePane(PaneSettings(id="live", is_ascii=True))
    async with alone(pane):
        pane.update(None, NOW)
        pane.add(StreamUpdate(entries=SAID[:1], end=1))
        assert [row.rstrip() for row in painted(pane)[1:3]] == [
            " -- Thu 19 Nov --",
            " 14:30 said 0",
        ]
