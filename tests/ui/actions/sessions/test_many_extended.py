"""What acts on many sessions says how many, of what, and which were so already."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.ui.actions.action_context import named

LISTING = "cranbury_and_dunwell"


async def extended(at: Console, typed: str) -> int:
    """Extend every session of a listing by what is typed; return how many there are."""
    sessions = [one for one in at.engine.catalog.sessions if one.listing == LISTING]
    await at.enter(f"extend {LISTING}/ {typed}")
    await at.asked()
    assert at.engine.asked == []
    assert at.message == f"extend {named(sessions)}"
    assert at.typed == typed
    return len(sessions)


async def test_a_whole_listing_is_asked_about_with_a_count_and_a_preview() -> None:
    async with console() as at:
        count = await extended(at, "30d")
        assert "  to 30d" in at.rows("bottom")[0]
        await at.press("escape")
        await at.answered()
        assert at.engine.asked == []
        await extended(at, "30d")
        await at.press("enter")
        await at.answered()
        assert [kind for kind, *_ in at.engine.asked] == ["extend"] * count


async def test_those_that_last_longer_are_counted_with_what_they_had() -> None:
    async with console() as at:
        count = await extended(at, "1h")
        await at.press("enter")
        await at.answered()
        done, already = at.message.split(", ")[:2]
        assert (done.split()[1:], already.split()[1:]) == (
            ["extended"],
            ["had", "that", "long", "already"],
        )
        assert int(done.split()[0]) + int(already.split()[0]) == count


async def test_marks_are_asked_about_too_and_undo_names_how_many_of_what() -> None:
    async with console() as at:
        await at.press("s", "space", "space", "space")
        await at.enter("extend 30")
        await at.asked()
        assert at.engine.asked == []
        await at.press("enter")
        await at.answered()
        assert at.message.startswith("3 extended")
        await at.press("s")
        await at.enter("help keys")
        await at.press("escape", "u")
        await at.asked()
        assert at.message.startswith("undo: extended 3 sessions ")
        await at.press("escape")
        await at.answered()


async def test_one_that_is_named_is_extended_at_once() -> None:
    async with console() as at:
        one = await at.choose("Tier-1 suppliers")
        await at.enter("extend 30")
        await at.answered()
        assert [asked[:2] for asked in at.engine.asked] == [("extend", one.session_id)]


class PassingEngine(FixedEngine):
    """A moment passes each time that it is asked what time it is."""

    def now(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def at_one_moment(self) -> FixedEngine:
        stopped = copy.copy(self)
        stopped.__class__ = FixedEngine  # type: ignore[assignment]
        return stopped


async def test_thirty_days_are_shown_as_thirty_though_a_moment_has_passed() -> None:
    async with console(PassingEngine()) as at:
        await at.choose("Tier-1 suppliers")
        await at.press("e", *"30")
        await at.asked()
        assert " → 30d " in at.rows("bottom")[0]
        await at.press("enter")
        await at.answered()
        assert " → 30d " in at.message
        await at.press("s", "space", "space", "e", *"30d")
        await at.asked()
        assert "  to 30d" in at.rows("bottom")[0]
