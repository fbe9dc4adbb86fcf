"""The title above a stream shows as many facts as fit, the most important first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.console.fixed_catalog import NOW, run_of, session
from tui.claude.transcript.usage.usage_meter import SessionUsage
from tui.core.models.run import Phase, Progress
from tui.core.models.session import Liveness
from tui.core.text.safe_text import cell_width
from tui.view.stream import stream_title

QUIET = timedelta(minutes=10)
ONE = session("hollis_park", "stage_3", "x", cost_usd=1.2, liveness=Liveness.BUSY)
ONE = replace(ONE, last_activity_at=NOW)
SPENT = SessionUsage(
    model="claude-opus-5",
    context=122_000,
    window=200_000,
    cost_usd=1.5,
    turn_cost_usd=0.3,
    written=3400,
    turn_from=NOW - timedelta(seconds=47),
)


def title(spent: SessionUsage, width: int = 1000) -> str:
    return stream_title.title(ONE, NOW, QUIET, spent, width).partition("running  ")[2]


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        (SessionUsage(), "$1.20+  sonnet-4-5"),
        (SPENT, "ctx 61%  $1.50 +$0.30  opus-5  turn 40s  3.4k out  122k of 200k"),
        (replace(SPENT, turn_from=NOW - timedelta(minutes=12), written=12_345),
         "ctx 61%  $1.50 +$0.30  opus-5  turn 12m  12k out  122k of 200k"),
        (replace(SPENT, window=1_000_000, cost_usd=None, turn_cost_usd=None, turn_from=None),
         "ctx 12%  $1.20+  opus-5  3.4k out  122k of 1.0M"),
        (replace(SPENT, window=0), "ctx 122k  $1.50 +$0.30  opus-5  turn 40s  3.4k out"),
        (replace(SPENT, turn_from=NOW + timedelta(hours=1)),
         "ctx 61%  $1.50 +$0.30  opus-5  turn 0s  3.4k out  122k of 200k"),
        (replace(SPENT, turn_from=NOW - timedelta(days=3)),
         "ctx 61%  $1.50 +$0.30  opus-5  3.4k out  122k of 200k"),
    ],
)  # fmt: skip
def test_model_context_cost_tokens_and_time_of_the_turn(spent: SessionUsage, said: str) -> None:
    assert title(spent) == said


@pytest.mark.parametrize(
    ("liveness", "phase", "turn_usd", "said"),
    [
        (Liveness.BUSY, Phase.WORK, None, "$1.50+ "),
        (Liveness.WAITING, Phase.WORK, None, "$1.50+ "),
        (Liveness.BUSY, Phase.API, 0.3, "$1.50+ "),
        (Liveness.BUSY, Phase.WORK, 0.3, "$1.50 +$0.30 "),
        (Liveness.IDLE, Phase.WORK, None, "$1.50 "),
        (Liveness.NONE, Phase.WORK, 0.004, "$1.50 "),
    ],
)
def test_the_cost_tells_that_the_running_turn_is_not_in_it(
    liveness: Liveness, phase: Phase, turn_usd: float | None, said: str
) -> None:
    """A last turn below a cent is left out."""
    one = replace(ONE, liveness=liveness)
    state = "busy" if one.is_in_a_turn else "idle"
    one = replace(one, run=run_of(one, state, progress=Progress(phase=phase)))
    spent = replace(SPENT, turn_cost_usd=turn_usd)
    assert f"  {said} opus-5" in stream_title.title(one, NOW, QUIET, spent)


def test_a_narrow_pane_keeps_context_and_cost() -> None:
    assert title(SPENT, 74) == "ctx 61%  $1.50 +$0.30"
    assert title(SPENT, 92).startswith("ctx 61%  $1.50 +$0.30  opus-5")


@pytest.mark.parametrize(
    ("liveness", "is_growing"),
    [(one, one in ("busy", "waiting", "orphan")) for one in Liveness],
)
def test_a_turn_grows_only_where_one_is_at_work(liveness: Liveness, is_growing: bool) -> None:
    """The transcript ends with a prompt, and no result has counted the tokens since."""
    one = replace(ONE, liveness=liveness)
    said = stream_title.title(one, NOW + timedelta(hours=1), QUIET, SPENT)
    assert ("turn 1h 00m" in said) is is_growing
    assert ("turn" in said) is is_growing


@pytest.mark.parametrize("phase", [Phase.CLI, Phase.API])
def test_a_turn_that_was_not_answered_yet_has_not_the_time_of_the_one_before(phase: Phase) -> None:
    begun = replace(ONE, run=run_of(ONE, "starting", progress=Progress(phase=phase)))
    busy = replace(ONE, run=run_of(ONE, "busy"))

    assert "turn" not in stream_title.title(begun, NOW, QUIET, SPENT)
    assert "turn 40s" in stream_title.title(busy, NOW, QUIET, SPENT)


def test_a_turn_that_is_over_stands_still() -> None:
    idle = replace(ONE, liveness=Liveness.NONE)
    over = replace(SPENT, turn_to=NOW - timedelta(seconds=17))
    assert "turn 30s" in stream_title.title(idle, NOW + timedelta(hours=1), QUIET, over)


@pytest.mark.parametrize(("width", "shown"), [(78, 4), (98, 8)])
def test_a_long_name_is_shortened_in_its_middle_for_what_stands_behind_it(
    width: int, shown: int
) -> None:
    one = replace(ONE, listing="cranbury_and_dunmore_partners_holding_0024")
    said = stream_title.title(one, NOW, QUIET, SPENT, width)
    assert said.startswith("4 Live  cran")
    assert f"024  stage 3  {one.session_id[:shown]}  " in said
    assert "ctx 61%  $1.50 +$0.30" in said
    assert cell_width(said) <= width
    assert "…" in said


def test_where_a_note_needs_the_room_facts_give_way_to_it_and_the_state_stays() -> None:
    said = [stream_title.title(ONE, NOW, QUIET, SPENT, width) for width in range(44, 120)]
    assert all(cell_width(one) <= 44 + number for number, one in enumerate(said))
    assert said[0] == f"4 Live  holli…park  stage 3  {ONE.session_id[:4]}  ● running"
    assert all("● running" in one for one in said)


def test_a_session_without_a_stage_has_none_in_its_title() -> None:
    said = stream_title.title(replace(ONE, stage=""), NOW, QUIET)
    assert said.startswith(f"4 Live  hollis_park  {ONE.session_id[:8]}  ")


@pytest.mark.parametrize("width", range(24, 60))
def test_the_stage_goes_before_the_state_is_cut(width: int) -> None:
    said = stream_title.title(ONE, NOW, QUIET, SPENT, width)
    assert said.startswith("4 Live  ")
    assert "4349  ● running" in said
    assert ("stage 3" in said) is (width >= 44)
    assert cell_width(said) <= max(width, len("4 Live  holli…park  4349  ● running"))


def test_the_host_of_a_session_elsewhere_is_named_at_every_width() -> None:
    there = replace(ONE, host="gpu-worker-frankfurt-0007")
    for width in (60, 74, 80, 120):
        said = stream_title.title(there, NOW, QUIET, SPENT, width)
        assert "  @gpu-worke" in said
        assert "-0007  " in said
        assert cell_width(said) <= width
    assert "@" not in stream_title.title(ONE, NOW, QUIET, SPENT)
