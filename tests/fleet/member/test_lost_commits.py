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


def ask_both(store: Store, key: Key = KEY) -> tuple[str, str]:
    """Ask a session for a title and a run; return their names."""
    asked = bus.encode(bus.Rename(title="Pumps", was="Strategic buyers, pumps"))
    text = bus.encode_run(RunRequest(mode="new", stage="no stage", prompt="on"))
    with store.transaction() as tx:
        posted = commands.post(tx, key, asked.kind, asked.payload, "ann")
        return posted, runs.enqueue(tx, key, text, "ann", want_host="a")


def grow_late(store: Store, seconds: int) -> None:
    """Have the database know nothing of what was begun, and all have been asked long ago."""
    with store.transaction() as tx:
        tx.run(
            "UPDATE command SET taken_at = NULL, done_at = NULL, outcome = NULL, "
            "at = at - make_interval(secs => %s)",
            seconds,
        )
        tx.run(
            "UPDATE run SET state = 'queued', host = NULL, error = '', ended_at = NULL, "
            "created_at = created_at - make_interval(secs => %s)",
            seconds,
        )


def said(store: Store, command: str, run: str) -> tuple[str, str]:
    with store.transaction() as tx:
        state, progress = commands.state(tx, command), runs.progress(tx, run)
    assert state is not None
    assert state.outcome is not None
    assert progress is not None
    return bus.decode_outcome(state.outcome).words, f"{progress.state}: {progress.error}"


@pytest.mark.parametrize("is_killed", [False, True])
def test_what_was_begun_and_lost_is_not_said_to_be_undone_when_it_is_late(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]], *, is_killed: bool
) -> None:
    both = ask_both(store)
    members.Servant(member[0]).serve()
    grow_late(store, 61)
    again = Member(member[0].context, member[1].append) if is_killed else member[0]
    members.Servant(again).serve()
    command, run = said(store, *both)
    assert command.startswith("that host began this before the fleet's database lost that")
    assert run.startswith("failed: that host began this before the fleet's database lost that")


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_what_is_older_than_what_a_home_remembers_is_not_said_to_be_undone(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]], seconds: int
) -> None:
    """How old something is that is later than the database's clock, nobody knows."""
    both = ask_both(store)
    grow_late(store, seconds)
    members.Servant(member[0]).serve()
    assert [one.rpartition(": ")[2] for one in said(store, *both)] == [
        "look there whether it was done",
        "look there whether it runs",
    ]


@pytest.mark.parametrize("is_silent", [False, True])
def test_what_was_asked_of_another_home_lapses_once_that_is_silent(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]], *, is_silent: bool
) -> None:
    """It may have been done there; whoever is there says itself whether it was."""
    with store.transaction() as tx:
        tx.run("UPDATE session SET home_host = 'b'")
        tx.run("UPDATE host SET lease = '1 hour'")
    command, run = ask_both(store)
    grow_late(store, 61)
    with store.transaction() as tx:
        tx.run("UPDATE run SET want_host = 'b'")
        if is_silent:
            tx.run("UPDATE host SET beat_at = beat_at - interval '2 hours' WHERE host = 'b'")
    members.Servant(member[0]).serve()
    if is_silent:
        assert [one.rpartition(": ")[2] for one in said(store, command, run)] == [
            "look there whether it was done",
            "look there whether it runs",
        ]
    else:
        assert [one[1:3] for one in left(store)] == [(None, None), ("queued", "")]
