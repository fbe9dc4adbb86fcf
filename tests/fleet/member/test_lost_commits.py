"""What a failover lost is never taken for what has its number now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, of_three
from tui.fleet import bus
from tui.fleet.bus import RunRequest
from tui.fleet.console import posting, resuming
from tui.fleet.console.posting import OutcomeUnknown
from tui.fleet.member import member as members
from tui.fleet.member.member import Member
from tui.fleet.store import commands, runs, sessions
from tui.fleet.store.connection import FleetAway, Store, Transaction
from tui.fleet.store.sessions import Key
from tui.operations.running.resume import RunPlan
from tui.operations.target import Target

KEY: Key = ("hollis_park", FIRST)
OTHER: Key = ("hollis_park", SECOND)
# As a copy of the database that lagged behind, in which somebody asks for something else.
ANEW: tuple[LiteralString, ...] = (
    "UPDATE command SET session_id = %s, nonce = 'another', by_whom = 'ben', taken_at = NULL, "
    "done_at = NULL, outcome = NULL, request_id = 'r1'",
    "UPDATE run SET session_id = %s, nonce = 'another', by_whom = 'ben', state = CASE WHEN "
    "host IS NULL THEN state ELSE 'claimed' END, local_run = '', error = '', ended_at = NULL",
)


@pytest.fixture
def listing(store: Store, tmp_path: Path) -> SampleListing:
    with store.transaction() as tx:
        for key in (KEY, OTHER):
            sessions.add(tx, key, "a")
    return of_three(tmp_path / "outputs")


def be_away(*_: object, **__: object) -> Any:
    raise FleetAway("it is away")


def fail_over(store: Store) -> None:
    """Give the numbers of all that was asked to what somebody else asks of another session."""
    with store.transaction() as tx:
        for text in ANEW:
            tx.run(text, SECOND)


def left(store: Store) -> list[tuple[Any, ...]]:
    """Return what there is of commands, then of runs."""
    with store.transaction() as tx:
        found = tx.run("SELECT nonce, taken_at, outcome, request_id FROM command").fetchall()
        return [*found, *tx.run("SELECT nonce, state, local_run, error FROM run").fetchall()]


def test_a_home_tells_nobody_else_what_it_did_before(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = bus.encode(bus.Rename(title="Pumps", was="Strategic buyers, pumps"))
    servant = members.Servant(member[0])
    with store.transaction() as tx:
        commands.post(tx, KEY, asked.kind, asked.payload, "ann")
    with monkeypatch.context() as away:
        away.setattr(commands, "finish", be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    fail_over(store)
    with store.transaction() as tx:
        tx.run("UPDATE command SET taken_at = now(), kind = 'answer'")
    with monkeypatch.context() as away:
        away.setattr(commands, "give_up", be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    with store.transaction() as tx:
        assert tx.run("SELECT outcome, request_id FROM command").fetchall() == [(None, "r1")]


def test_a_home_tells_of_no_other_run_what_it_began_before(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with store.transaction() as tx:
        text = bus.encode_run(RunRequest(mode="new", stage="no stage", prompt="on"))
        runs.enqueue(tx, KEY, text, "ann", want_host="a")
    servant = members.Servant(member[0])
    with monkeypatch.context() as away:
        away.setattr(runs, "note_state", be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    fail_over(store)
    with monkeypatch.context() as away:
        away.setattr(runs, "claim", be_away)
        away.setattr(runs, "at_work", be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    assert left(store) == [("another", "claimed", "", "")]


def failing_over(
    store: Store, real: Callable[[Transaction, Any], Any]
) -> Callable[[Transaction, Any], Any]:
    def look(tx: Transaction, asked: Any) -> Any:
        if not any(one[0] == "another" for one in left(store)):
            fail_over(store)
        return real(tx, asked)

    return look


def test_nobody_takes_back_what_others_asked(
    dsn: str, store: Store, listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "state", failing_over(store, commands.state))
    command = bus.Interrupt(run_id="")
    with pytest.raises(OutcomeUnknown):
        posting.carried_out(
            lambda: Store(dsn), KEY, "a", command, "ann", is_restricted=False, patience_s=0.2
        )
    assert left(store) == [("another", None, None, "r1")]


def test_nobody_takes_another_run_out_of_the_queue(
    dsn: str, store: Store, listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "progress", failing_over(store, runs.progress))
    plan = RunPlan(
        mode="resume",
        target=Target(KEY[1], listing.folder),
        listing=KEY[0],
        stage="",
        agent={},
        cwd=listing.folder,
        zone="UTC",
        words="",
        host="a",
    )
    with pytest.raises(OutcomeUnknown):
        resuming.start(lambda: Store(dsn), plan, "on", "ann", is_restricted=False, patience_s=0.2)
    assert left(store) == [("another", "queued", "", "")]
