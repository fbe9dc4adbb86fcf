"""What is live, starts or is queued is the same wherever it is counted or asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from tests.support.console.fixed_catalog import NOW, catalog, run_of, session
from tui.core.models.catalog import Catalog
from tui.core.models.run import Phase, Progress
from tui.core.models.session import Liveness, Session
from tui.core.models.work_counts import WorkCounts
from tui.core.sessions.session_filter import parse_filter
from tui.core.sessions.session_state import state_word
from tui.view.panes import top_line
from tui.view.panes.listings import groups


def at(name: str, liveness: Liveness, state: str, phase: Phase = Phase.WORK) -> Session:
    """Return a session whose run is in a state and phase."""
    one = session("hollis", "stage_1", name, liveness=liveness)
    return replace(one, run=run_of(one, state, progress=Progress(phase=phase)))


LIVE = (
    session("hollis", "stage_1", "of the pipeline", liveness=Liveness.BUSY),
    at("at work", Liveness.BUSY, "busy"),
    at("asks the API", Liveness.BUSY, "busy", Phase.API),
    at("asks it again", Liveness.BUSY, "busy", Phase.RETRY),
    at("waits", Liveness.WAITING, "waiting", Phase.CLI),
    at("without its runner", Liveness.ORPHAN, "lost"),
)
STARTING = tuple(at(f"starts {n}", Liveness.BUSY, "starting", Phase.CLI) for n in range(3))
QUEUED = (at("queued", Liveness.QUEUED, "queued", Phase.CLI),)
NEITHER = (
    at("over", Liveness.NONE, "done"),
    session("hollis", "stage_1", "attached", liveness=Liveness.IDLE),
    session("hollis", "stage_1", "unknown", liveness=Liveness.UNKNOWN),
)
ALL = (*LIVE, *STARTING, *QUEUED, *NEITHER)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("live", LIVE),
        ("starting", STARTING),
        ("queued", QUEUED),
        ("running or waiting or orphan", LIVE),
        ("live or starting or queued", (*LIVE, *STARTING, *QUEUED)),
    ],
)
def test_the_filter_takes_what_is_counted(word: str, meant: tuple[Session, ...]) -> None:
    takes = parse_filter(word)
    assert [one.title for one in ALL if takes(one, NOW)] == [one.title for one in meant]


def test_each_is_in_one_count_and_the_panes_count_the_same() -> None:
    assert WorkCounts.of(ALL) == WorkCounts(len(LIVE), len(STARTING), len(QUEUED))
    assert WorkCounts.of(ALL).words == "6 live, 3 starting, 1 queued"
    assert WorkCounts.of(NEITHER).words == ""
    assert {state_word(one, NOW, timedelta.max) for one in STARTING} == {"starting"}
    first = replace(catalog().listings[0], sessions=ALL)
    shown: Catalog = replace(catalog(), listings=(first,))
    line = top_line.line(shown, top_line.facts(shown, NOW, {}, UTC), 120)
    assert "  6 live 3 starting 1 queued  " in "".join(cell.text for cell in line)
    (every, *_) = groups(shown, lambda one: None)
    assert every.live == len(LIVE)
