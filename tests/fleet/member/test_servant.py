"""Whatever becomes of one command or run, the others that were asked for have their turn."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, of_three
from tui.core.errors import Reason
from tui.fleet import bus
from tui.fleet.bus import Command, Outcome, RunRequest
from tui.fleet.member import member as members
from tui.fleet.member.member import Member
from tui.fleet.store import commands, runs, sessions
from tui.fleet.store.connection import FleetAway, Store
from tui.operations.running import resume, steer
from tui.operations.sessions import annotate

TAGGED = "tagged 9f2c0000 urgent; `tag 9f2c0000 --remove urgent`"
LISTING, TITLE = "hollis_park", "Strategic buyers, pumps"


@pytest.fixture
def listing(store: Store, tmp_path: Path) -> SampleListing:
    with store.transaction() as tx:
        for session_id in (FIRST, SECOND):
            sessions.add(tx, (LISTING, session_id), "a")
    return of_three(tmp_path / "outputs")


def post(store: Store, command: Command, session_id: str = FIRST) -> str:
    asked = bus.encode(command)
    with store.transaction() as tx:
        return commands.post(tx, (LISTING, session_id), asked.kind, asked.payload, "ann")


def rename(title: str = "Pumps") -> Command:
    """Return the command to rename any of the listing's sessions."""
    return bus.Rename(title=title, was=TITLE)


def outcome(store: Store, number: str) -> Outcome | None:
    with store.transaction() as tx:
        state = commands.state(tx, number)
    return bus.decode_outcome(state.outcome) if state is not None and state.outcome else None


def _fail(*_: object, **__: object) -> None:
    raise OverflowError("that is too much")


def test_a_fault_in_one_command_ends_that_alone(
    store: Store, member: tuple[Member, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steer, "interrupt", _fail)
    failing, after = post(store, bus.Interrupt(run_id="")), post(store, rename())
    members.Servant(member[0]).serve()
    failed, done = outcome(store, failing), outcome(store, after)
    assert failed is not None
    assert not failed.is_done
    assert "OverflowError: that is too much" in failed.words
    assert done is not None
    assert done.is_done


def test_a_fault_in_one_run_ends_that_alone(
    store: Store, member: tuple[Member, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "plan_new", _fail)
    key = (LISTING, str(uuid.uuid4()))
    with store.transaction() as tx:
        sessions.add(tx, key, "a")
        text = bus.encode_run(RunRequest(mode="new", stage="stage_3", prompt="on"))
        number = runs.enqueue(tx, key, text, "ann")
    members.Servant(member[0]).serve()
    with store.transaction() as tx:
        progress = runs.progress(tx, number)
    assert progress is not None
    assert progress.state is runs.RunState.FAILED
    assert "OverflowError" in progress.error


def test_what_was_taken_is_done_when_the_database_is_there_again(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = [post(store, rename(f"Pumps {one[:4]}"), one) for one in (FIRST, SECOND)]
    servant = members.Servant(member[0])
    with monkeypatch.context() as away:
        away.setattr(commands, "finish", _be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    servant.serve()
    found = [outcome(store, one) for one in numbers]
    assert [one is not None and one.is_done for one in found] == [True, True]
    assert {listing.session(one).title for one in (FIRST, SECOND)} == {"Pumps 9f2c", "Pumps 9f2d"}


def _be_away(*_: object, **__: object) -> None:
    raise FleetAway("it is away")


def test_what_was_asked_of_a_host_that_was_away_for_long_is_not_done(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]]
) -> None:
    before = listing.session(FIRST).title
    number = post(store, rename())
    with store.transaction() as tx:
        text = bus.encode_run(RunRequest(mode="resume", prompt="on"))
        run = runs.enqueue(tx, (LISTING, SECOND), text, "ann")
        tx.run("UPDATE command SET at = at - interval '61 s'")
        tx.run("UPDATE run SET created_at = created_at - interval '61 s'")
    members.Servant(member[0]).serve()
    said = outcome(store, number)
    assert said is not None
    assert (said.is_done, said.reason) == (False, Reason.TOO_LATE)
    assert "nothing was done" in said.words
    assert listing.session(FIRST).title == before
    with store.transaction() as tx:
        progress = runs.progress(tx, run)
    assert progress is not None
    assert progress.state is runs.RunState.CANCELLED
    assert "nothing was started" in progress.error


def test_what_was_taken_before_the_database_was_away_for_long_is_not_done(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = (post(store, rename(), one) for one in (FIRST, SECOND))
    servant = members.Servant(member[0])
    with monkeypatch.context() as away:
        away.setattr(commands, "finish", _be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    real = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + 61)
    servant.serve()
    done, late = outcome(store, first), outcome(store, second)
    assert done is not None
    assert late is not None
    assert (done.is_done, late.is_done, late.reason) == (True, False, Reason.TOO_LATE)
    assert [listing.session(one).title for one in (FIRST, SECOND)].count("Pumps") == 1


def test_a_release_that_waits_its_turn_is_not_given_up_and_not_begun_too_late(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = post(store, bus.Release(host="b"))
    servant, teller = members.Servant(member[0]), members.Teller(member[0])
    servant.serve()
    with monkeypatch.context() as away:
        away.setattr(commands, "is_any_waiting", _be_away)
        with pytest.raises(FleetAway):
            servant.serve()
    servant.serve()
    assert outcome(store, number) is None
    real = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + 61)
    teller.tell()
    said = outcome(store, number)
    assert said is not None
    assert said.reason is Reason.TOO_LATE
    servant.serve()
    assert member[0].releasing == set()


def test_what_was_begun_before_the_database_lost_that_is_not_begun_again(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]]
) -> None:
    number = post(store, bus.SetTags(added=("urgent",)))
    members.Servant(member[0]).serve()
    annotate.tag(listing.context(), listing.session(FIRST), [], removed=["urgent"])
    with store.transaction() as tx:  # as a copy of the database has it that lags behind
        tx.run("UPDATE command SET taken_at = NULL, done_at = NULL, outcome = NULL")
    again = Member(member[0].context, member[1].append)  # after it was killed, too
    members.Servant(again).serve()
    said = outcome(store, number)
    assert said is not None
    assert (said.is_done, said.reason) == (False, Reason.UNSURE)
    assert "look there whether it was done" in said.words
    assert listing.session(FIRST).tags == ()
    new = post(store, bus.SetTags(added=("urgent",)))
    members.Servant(again).serve()
    assert outcome(store, new) == Outcome(words=f"{TAGGED} takes it back", is_done=True)


def test_nothing_is_begun_that_could_not_be_kept_in_mind(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]], tmp_path: Path
) -> None:
    first = post(store, bus.SetTags(added=("one",)))
    members.Servant(member[0]).serve()
    assert outcome(store, first) is not None
    (file,) = (tmp_path / "state").glob("fleet-begun-*.json")
    file.write_text("{")
    second = post(store, bus.SetTags(added=("two",)))
    with store.transaction() as tx:
        text = bus.encode_run(RunRequest(mode="resume", prompt="on"))
        run = runs.enqueue(tx, (LISTING, SECOND), text, "ann")
    members.Servant(member[0]).serve()
    said = outcome(store, second)
    assert said is not None
    assert not said.is_done
    assert "nothing was done" in said.words
    assert listing.session(FIRST).tags == ("one",)
    with store.transaction() as tx:
        progress = runs.progress(tx, run)
    assert progress is not None
    assert (progress.state, progress.local_run) == (runs.RunState.FAILED, "")
    assert "nothing was done" in progress.error


def test_a_fault_in_a_release_is_told_and_holds_up_no_other(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ValueError("odd")

    teller = members.Teller(member[0])
    teller.tell()
    number = post(store, bus.Release(host="b"))
    members.Servant(member[0]).serve()
    with monkeypatch.context() as faulty:
        faulty.setattr(members, "release", fail)
        teller.tell()
    said = outcome(store, number)
    assert said is not None
    assert (said.is_done, said.reason) == (False, Reason.UNSURE)
    assert "ValueError: odd" in said.words


def test_what_needed_nothing_is_told_so(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]]
) -> None:
    for is_needless in (False, True):
        number = post(store, bus.SetTags(added=("urgent",)))
        members.Servant(member[0]).serve()
        said = outcome(store, number)
        assert said is not None
        assert (said.is_done, said.is_needless) == (True, is_needless)
