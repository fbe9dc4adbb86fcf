"""What has finished unseen: not what its pipeline holds between two turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.core.sessions.test_listing_join import ENDED, IDLE
from tests.support.console.fixed_catalog import NOW, session
from tui.core.console.disabled_reason import not_interruptible, not_steerable, not_stoppable
from tui.core.models.run import Run
from tui.core.models.session import Liveness
from tui.core.sessions.catalog_changes import LastLooked
from tui.core.sessions.rows.finished import Unseen, finished

UNSEEN = Unseen(LastLooked(datetime(2000, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("liveness", "run", "has_finished"),
    [
        (Liveness.NONE, None, True),
        (Liveness.NONE, ENDED, True),
        (Liveness.IDLE, None, True),
        (Liveness.IDLE, ENDED, True),
        (Liveness.IDLE, IDLE, False),
        (Liveness.BUSY, None, False),
    ],
)
def test_what_a_pipeline_holds_has_not_finished(
    liveness: Liveness, run: Run | None, *, has_finished: bool
) -> None:
    one = replace(session("hollis", "stage_1", "Buyers", liveness=liveness), run=run)
    keys = finished([one], UNSEEN, NOW, timedelta(minutes=10))
    assert keys == ({one.key} if has_finished else frozenset())


def test_between_two_turns_there_is_none_to_interrupt_and_much_to_send_or_stop() -> None:
    one = session("hollis", "stage_1", "Buyers", liveness=Liveness.IDLE)
    assert not_interruptible(one, str) == "no turn is running"
    assert (not_steerable(one, str), not_stoppable(one, str)) == ("", "")
