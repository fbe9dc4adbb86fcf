"""The sum of what was resumed at once stands where no message is, and is true until all is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import run_of
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of
from tui.core.models.row import Status
from tui.core.models.session import Liveness
from tui.operations.running.resume import RunPlan

ACT = "3fa9c2d1" * 2
_LIVE = {"busy": Liveness.BUSY, "queued": Liveness.QUEUED}


async def fare(at: Console, *states: str) -> None:
    """Let the first sessions be in a run of one act, each in that state."""
    catalog = at.engine.catalog
    for number, state in enumerate(states):
        one = sessions_of(catalog)[f"row {number:04}"]
        by, is_lost = at.engine.operator, state == "lost"
        run = run_of(one, state, act_id=ACT, operator=by, is_turn_open=is_lost)
        has_failed = state == "failed"
        facts = {
            "run": run,
            "liveness": _LIVE.get(state, Liveness.NONE),
            "status": Status.FAILED if has_failed else Status.ACTIVE,
            "reason": "401 invalid key" if has_failed else "",
        }
        catalog = with_session(catalog, one.key, **facts)
    await at.look(catalog)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_sum_stays_true_and_goes_when_all_is_over(size: tuple[int, int]) -> None:
    async with console(FixedEngine(catalog=catalog_of(20)), size) as at:
        at.say("")
        await fare(at, *["queued"] * 4, *["busy"] * 3)
        assert "7 runs: 3 running, 4 queued" in at.text("bottom")
        at.say("something else")
        assert "7 runs" not in at.text("bottom")
        at.say("")
        await fare(at, *["busy"] * 3, *["done"] * 3, "failed")
        said = "7 runs: 3 running, 3 done, 1 failed (/act:3fa9c2 failed)"
        assert said in at.text("bottom")
        await at.press("j", "k")
        assert said in at.text("bottom")
        await fare(at, *["done"] * 6, "failed")
        said = "7 runs are over: 6 done, 1 failed (/act:3fa9c2 failed)"
        await at.until(lambda: at.message == said)
        at.say("")
        await at.look(replace(at.engine.catalog))
        at.tick()
        assert "runs" not in at.text("bottom")


async def test_the_filter_that_it_names_shows_those_that_failed() -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await fare(at, "busy", "done", "failed", "failed")
        await at.press("slash", *"act:3fa9c2 failed", "enter")
        await at.answered()
        titles = {one.title for one in at.engine.catalog.sessions if one.key in at.listed}
        assert titles == {"row 0002", "row 0003"}


async def test_what_was_cut_off_is_told_and_found_by_the_filter_that_is_named() -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        await fare(at, "busy", "failed", "lost", "done")
        at.say("")
        said = "4 runs: 1 running, 1 done, 1 failed, 1 cut off (/act:3fa9c2 attention)"
        assert said in at.text("bottom")
        await at.press("slash", *"act:3fa9c2 attention", "enter")
        await at.answered()
        titles = {one.title for one in at.engine.catalog.sessions if one.key in at.listed}
        assert titles == {"row 0001", "row 0002"}


async def test_what_was_over_before_this_console_began_is_not_told() -> None:
    async with console(FixedEngine(catalog=catalog_of(20))) as at:
        at.say("")
        await fare(at, "done", "failed")
        for _ in range(3):
            at.tick()
        assert "runs" not in at.text("bottom")


class NotingEngine(FixedEngine):
    """Notes how many runs each one is started together with."""

    def start(self, plan: RunPlan, prompt: str) -> str:
        self.asked.append(("together", str(plan.together)))
        return super().start(plan, prompt)


async def test_what_is_resumed_at_once_is_one_act_and_its_message_goes_with_the_next_key() -> None:
    async with console(NotingEngine(catalog=catalog_of(20))) as at:
        await at.press("space", "space", "space", "r")
        await at.asked()
        await at.press("enter")
        await at.answered()
        assert [one[1] for one in at.engine.asked if one[0] == "together"] == ["3"] * 3
        assert at.engine.joined == 1
        await at.until(lambda: at.message == "3 resumed")
        await at.press("j")
        assert at.message == ""
