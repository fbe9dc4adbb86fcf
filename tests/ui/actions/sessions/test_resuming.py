"""The message after a resume tells apart what has started and what waits in the queue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from tests.support.console.fixed_catalog import run_of
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.models.catalog import Catalog
from tui.core.models.session import Liveness, Session
from tui.operations.running.resume import RunPlan

OTHERS = "20261120T100000Z-0000"


@dataclass(kw_only=True)
class QueueingEngine(FixedEngine):
    """Its runs wait from the one numbered `full` on; `others_wait` is whether one did before."""

    full: int
    others_wait: bool = False
    runs: dict[str, str] = field(default_factory=dict)

    def start(self, plan: RunPlan, prompt: str) -> str:
        super().start(plan, prompt)
        run_id = f"20261120T143000Z-{len(self.runs):04}"
        self.runs[plan.target.session_id] = run_id
        return run_id

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        found = super().look()
        queued = dict(list(self.runs.items())[self.full : self.full + 1])
        if self.others_wait:
            other = next(one for one in found.sessions if one.liveness is Liveness.BUSY)
            queued[other.session_id] = OTHERS

        def seen(one: Session) -> Session:
            run_id = queued.get(one.session_id)
            if run_id is None:
                return one
            return replace(one, liveness=Liveness.QUEUED, run=run_of(one, "queued", run_id=run_id))

        listings = tuple(
            replace(listing, sessions=tuple(map(seen, listing.sessions)))
            for listing in found.listings
        )
        return replace(found, listings=listings)


@pytest.mark.parametrize(
    ("full", "others_wait", "said"),
    [
        (9, False, "4 resumed"),
        (3, False, "4 asked: 3 started, 1 queued"),
        (1, False, "4 asked: 1 started, 3 queued"),
        (9, True, "4 asked: 0 started, 4 queued"),
    ],
)
async def test_of_many_it_counts_those_that_wait(full: int, others_wait: bool, said: str) -> None:
    engine = QueueingEngine(full=full, others_wait=others_wait)
    async with console(engine) as at:
        await at.press("j", "j", "enter", "r")
        await at.asked()
        await at.press(*"go on", "enter")
        await at.answered()
        assert len(engine.runs) == 4
        assert at.message == said


@pytest.mark.parametrize(
    ("full", "others_wait", "is_queued"), [(9, False, False), (0, False, True), (9, True, True)]
)
async def test_of_one_it_says_that_it_waits(full: int, others_wait: bool, is_queued: bool) -> None:
    async with console(QueueingEngine(full=full, others_wait=others_wait)) as at:
        await at.choose("Final list for the partner call")
        await at.press("r", *"go on", "enter")
        await at.answered()
        assert at.message.startswith("resumed beacon_packaging")
        assert at.message.endswith(", queued") is is_queued


async def test_a_runner_is_expected_while_the_line_of_a_prompt_is_open_and_no_longer() -> None:
    """Fails if it is only started at Enter, or stays after the line was left."""
    async with console() as at:
        await at.choose("Final list for the partner call")
        for key in ("escape", "enter"):
            await at.press("r")
            await at.asked()
            assert at.engine.expected == 1
            await at.press(key)
            await at.until(lambda: at.engine.expected == 0)
        assert at.engine.asked[-1][0] == "start"
