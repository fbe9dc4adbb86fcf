"""The engine of a console in a fleet: what the screen calls reaches sessions elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import Obeying, OtherHost
from tests.fleet.test_shown_session import RUN
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tests.support.processes.runs_site import wait
from tui.cli.verb_info import verb_infos
from tui.core.models.session import Liveness, Session
from tui.fleet import bus
from tui.fleet.bus import Outcome
from tui.fleet.console.fleet import Fleet
from tui.fleet.shown_session import encode
from tui.fleet.store import shown
from tui.fleet.store.connection import Store
from tui.operations.context import VerbOutput
from tui.ui.engine.real_engine import RealEngine


@pytest.fixture
def engine(dsn: str, store: Store, tmp_path: Path) -> Iterator[RealEngine]:
    """The engine of the host `b` with `THIRD`; on `a`, `FIRST` waits and `SECOND` is at rest."""
    listing = SampleListing(tmp_path / "there")
    listing.add(FIRST)
    listing.add(SECOND)
    other = OtherHost(store, listing)
    other.tell()
    run = replace(RUN, session_id=FIRST)
    waiting = replace(listing.session(FIRST), liveness=Liveness.WAITING, run=run)
    with store.transaction() as tx:
        shown.publish(tx, waiting.key, other.home, encode(waiting))
    here = SampleListing(tmp_path / "here", "acme")
    here.add(THIRD)
    with Fleet(lambda: Store(dsn), "b", tmp_path / "mirrors", patience_s=60, act_s=60) as fleet:
        context = replace(here.context(), elsewhere=fleet)
        yield RealEngine(context, lambda argv, width: VerbOutput(0, ()), verb_infos())


def found(engine: RealEngine, session_id: str) -> Session:
    return next(one for one in engine.look().sessions if one.session_id == session_id)


def test_what_waits_elsewhere_needs_attention_and_is_answered_there(
    dsn: str, engine: RealEngine
) -> None:
    waiting = found(engine, FIRST)
    assert waiting.run is not None
    assert waiting.run.request is not None
    assert engine.why_not_grant(waiting, waiting.run.request) == ""
    assert engine.answer_to(waiting, "r1") is None
    with Obeying(dsn, lambda key, command: Outcome(words="denied", is_done=True)) as home:
        done = engine.answer(waiting, "deny", "no", "")
    assert done.words == "denied (on a)"
    run_id = waiting.run.run_id
    denied = bus.Answer(run_id=run_id, request_id="r1", decision="deny", reason="no")
    assert home.taken[0][1] == denied


def test_the_stream_of_a_session_elsewhere_is_followed_paged_and_searched(
    engine: RealEngine,
) -> None:
    resting = found(engine, SECOND)
    follower = engine.follow(resting)
    wait(lambda: any(one.text == "Let me look." for one in follower.poll(resting).entries))
    end = follower.poll(resting).end
    assert any("look" in one.text for one in follower.before(end, None).entries)
    hits = follower.seek("look", lambda share: None, lambda: False, None)
    assert len(hits.places) == 1
    assert not engine.is_quiet(resting)


def test_the_doctor_judges_what_lives_here_alone(engine: RealEngine) -> None:
    catalog = engine.look()
    assert len(catalog.sessions) == 3
    here = replace(catalog, listings=tuple(o for o in catalog.listings if o.listing_id == "acme"))
    assert engine.verdict(catalog) == engine.verdict(here)
