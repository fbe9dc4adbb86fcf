"""The Live pane while the branches of a long transcript are read, and once they are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tests.ui.widgets.test_live import LONG, EndFollow, shown
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Session
from tui.operations.stream.follow import StreamUpdate

_READING, _UNKNOWN = "reading branches...", "branches unknown"
_COUNT = len(LONG)


class LateFollow(EndFollow):
    """A stream whose branches are known from an offset on, or not yet."""

    branches_from: int | None = None

    def poll(self, session: Session) -> StreamUpdate:
        return replace(super().poll(session), branches_from=self.branches_from)

    def restate(self, *marked: int) -> None:
        """Let the next poll tell what branches changed."""
        self.branches_from = 0
        entries = list[Entry]()
        for one in self._placed(_COUNT - 300, _COUNT):
            words = f"a branch at {one.place}"
            entries += [Entry(EntryKind.NOTICE, words, place=one.place)] * (one.place in marked)
            entries.append(one)
        self.next = StreamUpdate(
            entries=tuple(entries), is_restated=True, start=_COUNT - 300, end=_COUNT
        )


async def test_lines_are_shown_before_their_branches_are_known_and_it_says_so() -> None:
    follower = LateFollow(LONG)
    async with console(FixedEngine(follower=follower), size=(120, 36)) as at:
        await at.press("enter")
        await at.until(lambda: "line 19999" in shown(at))
        assert _READING in at.rows("live")[0]
        follower.branches_from = 0
        await at.until(lambda: _READING not in at.rows("live")[0])
        follower.restate(_COUNT - 2)
        await at.until(lambda: f"a branch at {_COUNT - 2}" in shown(at))
        assert "line 19999" in shown(at)
        assert (at.entries, at.view.reading) == (301, None)


@pytest.mark.parametrize(("known_from", "is_told"), [(_COUNT - 1, True), (_COUNT - 299, False)])
async def test_where_lines_may_be_of_another_branch_the_title_says_so(
    known_from: int, is_told: bool
) -> None:
    follower = LateFollow(LONG)
    follower.branches_from = known_from
    async with console(FixedEngine(follower=follower), size=(120, 36)) as at:
        await at.press("enter")
        await at.until(lambda: "line 19999" in shown(at))
        assert (_UNKNOWN in at.rows("live")[0]) is is_told
        await at.press("g")
        await at.until(lambda: "line 0 " in shown(at))
        assert _UNKNOWN in at.rows("live")[0]


@pytest.mark.parametrize("key", ["k", "g"])
async def test_what_one_reads_stays_where_branches_change_the_rest(key: str) -> None:
    follower = LateFollow(LONG)
    async with console(FixedEngine(follower=follower), size=(120, 36)) as at:
        await at.press("enter", *[key] * 60)
        first = "line 0 " if key == "g" else "line 199"
        await at.until(lambda: first in shown(at))
        read = at.view.reading
        follower.restate(_COUNT - 290)
        await at.until(lambda: _READING not in at.rows("live")[0])
        await at.until(lambda: at.view.reading == read and first in shown(at))
        assert "new ↓" not in at.rows("live")[0]


async def test_a_hit_stays_in_sight_and_marks_that_came_since_are_found_too() -> None:
    tall = Entry(EntryKind.TEXT, "\n\n".join([*map(str, range(60)), "the needle"]), at=NOW)
    follower = LateFollow((*LONG[:7000], tall, *LONG[7001:]))
    async with console(FixedEngine(follower=follower), size=(120, 36)) as at:
        await at.press("enter", "slash", *"needle", "enter")
        await at.answered()
        assert "the needle" in shown(at)
        follower.restate(_COUNT - 290)
        await at.until(lambda: _READING not in at.rows("live")[0])
        await at.until(lambda: "the needle" in shown(at))
        follower.entries = (Entry(EntryKind.TEXT, "needle too", at=NOW), *follower.entries[1:])
        await at.press("n")
        await at.answered()
        assert at.message.startswith("1 of 2")
