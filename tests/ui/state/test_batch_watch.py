"""The sum of what was resumed at once stands where no message is, and is true until all is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.console.catalog_edits import with_session
from tests.support.console.fixed_catalog import run_of
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.console.many_sessions import catalog_of, sessions_of
from tui.core.models.row import Status
from tui.core.models.run import SentCommand
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


async def prompts(at: Console, *states: str) -> None:
    """Let the prompt "go on" be so far in the runs of the first sessions."""
    catalog = at.engine.catalog
    for number, state in enumerate(states):
        one = sessions_of(catalog)[f"row {number:04}"]
        by, now = at.engine.operator, at.engine.now()
        sent = SentCommand(kind="prompt", by=by, at=now, text="go on", is_taken=state == "queued")
        is_over = state in ("lost", "done")
        run = run_of(one, "done" if is_over else "busy", ended_at=now if is_over else None)
        run = replace(run, sent=() if state in ("begun", "done") else (sent,))
        live = Liveness.NONE if is_over else Liveness.BUSY
        catalog = with_session(catalog, one.key, run=run, liveness=live)
    await at.look(replace(catalog, at=at.engine.now() + timedelta(seconds=1)))


async def test_how_a_prompt_to_many_fares_stands_until_each_agent_has_it_or_never_will() -> None:
    async with console(FixedEngine(catalog=catalog_of(9)), (120, 36)) as at:
        await prompts(at, *["begun"] * 4)
        await at.press("space", "space", "space", "space")
        await at.enter("send go on")
        await at.press("y")
        await at.answered()
        assert at.message == "4 prompts sent"
        at.say("")
        await at.look(replace(at.engine.catalog, at=at.engine.now() - timedelta(seconds=1)))
        assert "4 prompts: 4 delivered" in at.text("bottom")  # it may be older than the prompt
        await prompts(at, "delivered", "queued", "begun", "lost")
        await at.until(lambda: "ended with a prompt never sent" in at.message)
        at.say("")
        said = "4 prompts: 1 delivered, 1 queued, 1 begun, 1 never sent"
        assert said in at.text("bottom")
        await prompts(at, "lost", "done", "begun", "done")
        (first, last) = (sessions_of(at.engine.catalog)[f"row 000{n}"] for n in (0, 3))
        ids = f"{first.session_id[:8]}, {last.session_id[:8]}"
        said = f"4 prompts: 2 begun, 2 never sent, for the run ended before: {ids}"
        await at.until(lambda: at.message == said)
        at.say("")
        await prompts(at, "lost")
        assert "prompts" not in at.text("bottom")


async def test_those_that_did_not_take_the_prompt_are_named_and_not_counted() -> None:
    async with console(FixedEngine(catalog=catalog_of(9)), (120, 36)) as at:
        await prompts(at, *["begun"] * 3)
        second = sessions_of(at.engine.catalog)["row 0001"].session_id
        at.engine.refusing = {second}
        await at.press("space", "space", "space", "space")
        await at.enter("send go on")
        await at.press("y")
        await at.answered()
        assert at.message.startswith("2 prompts sent; 2 not, left marked: ")
        assert f"{second[:8]}: is locked" in at.message
        at.say("")
        await prompts(at, "delivered", "begun", "queued")
        assert "2 prompts: 1 delivered, 1 queued" in at.text("bottom")
