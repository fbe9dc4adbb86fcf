"""Acting on a session that lives elsewhere: its home does it, or nobody says that it was done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import Hurry, Obeying, OtherHost
from tests.fleet.test_shown_session import REQUEST, RUN
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.core.errors import ConfirmationRequired, ConsoleError, Kind, Reason, Refused, RunFailed
from tui.core.models.session import Liveness, Session
from tui.core.values import replace
from tui.fleet import bus
from tui.fleet.bus import Command, Outcome
from tui.fleet.console.fleet import Fleet
from tui.fleet.console.posting import OutcomeUnknown
from tui.fleet.seen import row_seen
from tui.fleet.shown_session import encode
from tui.fleet.store import commands, runs, shown
from tui.fleet.store.connection import AlreadyThere, FleetAway, Store
from tui.fleet.store.runs import RunState
from tui.fleet.store.sessions import Key
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context
from tui.operations.running import resume, steer
from tui.operations.running.prompt_line import with_options
from tui.operations.sessions import acknowledge, annotate, extend, rename, row_edits
from tui.operations.trash import cleanup, delete, purge, restore, undo

Act = Callable[[Context, Session], ActionResult]
DONE = Outcome(words="done", is_done=True, act_id="act-1")


@pytest.fixture
def context(dsn: str, tmp_path: Path) -> Iterator[Context]:
    """A console of the host `b`, whose root has the session `THIRD`."""
    here = SampleListing(tmp_path / "here", "acme")
    here.add(THIRD)
    mirrors = tmp_path / "mirrors"
    with Fleet(lambda: Store(dsn), "b", mirrors, patience_s=60, act_s=60) as fleet:
        yield replace(here.context(), elsewhere=fleet)


@pytest.fixture
def other(store: Store, tmp_path: Path) -> OtherHost:
    """The host `a`, where `FIRST` waits for an answer and `SECOND` is at rest."""
    listing = SampleListing(tmp_path / "there")
    listing.add(FIRST)
    listing.add(SECOND)
    host = OtherHost(store, listing)
    host.tell()
    run = replace(RUN, session_id=FIRST)
    waiting = replace(listing.session(FIRST), liveness=Liveness.WAITING, run=run)
    with store.transaction() as tx:
        shown.publish(tx, waiting.key, host.home, encode(waiting))
    return host


def named(context: Context, session_id: str) -> Session:
    catalog = CatalogScanner(context).look()
    return find_session(context.elsewhere.joined(catalog), session_id)


ACTS: dict[str, tuple[Act, Callable[[Session], Command], str]] = {
    "send": (
        lambda at, one: steer.send(at, one, "Go on"),
        lambda one: bus.Send(run_id=RUN.run_id, prompt="Go on"),
        FIRST,
    ),
    "allow": (
        lambda at, one: steer.answer(at, one, "allow", shown=REQUEST.digest[:16]),
        lambda one: bus.Answer(
            run_id=RUN.run_id, request_id="r1", decision="allow", digest=REQUEST.digest
        ),
        FIRST,
    ),
    "deny": (
        lambda at, one: steer.answer(at, one, "deny", "no"),
        lambda one: bus.Answer(run_id=RUN.run_id, request_id="r1", decision="deny", reason="no"),
        FIRST,
    ),
    "wait": (
        lambda at, one: steer.put_off(at, one, "2h"),
        lambda one: bus.PutOff(run_id=RUN.run_id, request_id="r1", duration="2h"),
        FIRST,
    ),
    "interrupt": (
        lambda at, one: steer.interrupt(at, one, is_sure=True),
        lambda one: bus.Interrupt(run_id=RUN.run_id, is_sure=True),
        FIRST,
    ),
    "stop": (steer.stop, lambda one: bus.Stop(run_id=RUN.run_id), FIRST),
    "model": (
        lambda at, one: steer.model(at, one, "opus"),
        lambda one: bus.SetModel(run_id=RUN.run_id, name="opus"),
        FIRST,
    ),
    "mode": (
        lambda at, one: steer.mode(at, one, "plan"),
        lambda one: bus.SetMode(run_id=RUN.run_id, name="plan"),
        FIRST,
    ),
    "extend": (
        lambda at, one: extend.extend(at, extend.plan_extension(one, "+7d", datetime.now(UTC))),
        lambda one: bus.Extend(until="+7d", was=one.expires_at),
        SECOND,
    ),
    "delete": (
        delete.delete,
        lambda one: bus.Delete(row=row_seen(one), active_at=one.last_activity_at),
        SECOND,
    ),
    "restore": (
        lambda at, one: restore.restore(at, one.session_id),
        lambda one: bus.Restore(),
        SECOND,
    ),
    "acknowledge": (acknowledge.acknowledge, lambda one: bus.Acknowledge(), FIRST),
    "snooze": (
        lambda at, one: acknowledge.snooze(at, one, "4h"),
        lambda one: bus.Acknowledge(until="4h"),
        FIRST,
    ),
    "rename": (
        lambda at, one: rename.rename(at, one, "Pumps"),
        lambda one: bus.Rename(title="Pumps", was=one.title),
        SECOND,
    ),
    "tag": (
        lambda at, one: annotate.tag(at, one, ["x"], removed=["y"]),
        lambda one: bus.SetTags(added=("x",), removed=("y",)),
        SECOND,
    ),
    "note": (
        lambda at, one: annotate.note(at, one, "hm"),
        lambda one: bus.SetNote(content="hm", was=None),
        SECOND,
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_the_home_is_asked_and_its_words_are_told(
    dsn: str, other: OtherHost, context: Context, name: str
) -> None:
    act, command, session_id = ACTS[name]
    session = named(context, session_id)
    with Obeying(dsn, lambda key, command: DONE) as home:
        done = act(context, session)
    assert home.taken == [(("hollis_park", session_id), command(session), "anna", False)]
    assert (done.words, done.host, done.act_id) == ("done (on a)", "a", "act-1")


@pytest.mark.parametrize("name", ACTS)
def test_a_read_only_console_asks_nothing(
    store: Store, other: OtherHost, context: Context, name: str
) -> None:
    act, _, session_id = ACTS[name]
    read_only = replace(context, settings=replace(context.settings, read_only=True))
    with pytest.raises(Refused, match="read-only"):
        act(read_only, named(context, session_id))
    with store.transaction() as tx:
        assert tx.run("SELECT FROM command").rowcount == 0


def test_an_act_elsewhere_that_needed_nothing_says_so(
    dsn: str, other: OtherHost, context: Context
) -> None:
    with Obeying(dsn, lambda key, command: replace(DONE, is_needless=True)):
        assert annotate.note(context, named(context, SECOND), "hm").is_needless


def test_an_act_elsewhere_is_undone_there(dsn: str, other: OtherHost, context: Context) -> None:
    with Obeying(dsn, lambda key, command: DONE) as home:
        done = delete.delete(context, named(context, SECOND))
        undo.undo(context, done)
        undo.undo_many(context, [done])
    undone = (("hollis_park", SECOND), bus.Undo(act_id="act-1"), "anna", False)
    assert home.taken[1:] == [undone, undone]


def test_of_sessions_here_and_elsewhere_each_is_deleted_where_it_lives(
    dsn: str, other: OtherHost, context: Context
) -> None:
    def does(key: Key, command: Command) -> Outcome:
        return bus.outcome_of(Refused("it is running", Reason.RUNNING)) if key[1] == FIRST else DONE

    sessions_named = [named(context, one) for one in (FIRST, THIRD, SECOND)]
    with Obeying(dsn, does):
        done = delete.delete_many(context, sessions_named)
    assert {one.session_id: one.host for one in done.acts} == {THIRD: "", SECOND: "a"}
    assert [(key[1], error.reason) for key, error in done.refused] == [(FIRST, Reason.RUNNING)]


def test_what_kept_the_home_from_it_is_raised_here(
    dsn: str, other: OtherHost, context: Context
) -> None:
    refused = Refused("it is an orphan", Reason.ORPHAN, remedy="stop 9f2c")
    with (
        Obeying(dsn, lambda key, command: bus.outcome_of(refused)),
        pytest.raises(ConsoleError, match="it is an orphan") as error,
    ):
        delete.delete(context, named(context, SECOND))
    assert (error.value.reason, error.value.remedy) == (Reason.ORPHAN, "stop 9f2c")


def test_a_restricted_console_says_that_it_is(dsn: str, other: OtherHost, context: Context) -> None:
    restricted = replace(context, settings=replace(context.settings, restricted=True))
    with Obeying(dsn, lambda key, command: DONE) as home:
        steer.send(restricted, named(context, FIRST), "Go on")
    sent = bus.Send(run_id=RUN.run_id, prompt="Go on")
    assert home.taken == [(("hollis_park", FIRST), sent, "anna", True)]


def test_nothing_is_granted_that_was_not_seen(other: OtherHost, context: Context) -> None:
    waiting = named(context, FIRST)
    with pytest.raises(ConfirmationRequired):
        steer.answer(context, waiting, "allow")
    with pytest.raises(Refused, match="different request"):
        steer.answer(context, waiting, "allow", shown="0" * 16)


def test_of_two_answers_at_once_the_second_is_told_so(
    dsn: str, store: Store, other: OtherHost, context: Context
) -> None:
    key = ("hollis_park", FIRST)
    with store.transaction() as tx:
        commands.post(tx, key, "answer", "{}", "ben", request_id="r1")
    with pytest.raises(AlreadyThere, match="somebody else"):
        steer.answer(context, named(context, FIRST), "deny")


def test_where_nobody_takes_it_it_is_taken_back_and_nothing_was_done(
    store: Store, other: OtherHost, context: Context, hurry: Hurry
) -> None:
    hurry.begin()
    with pytest.raises(Refused, match="a does not answer: nothing was done"):
        steer.send(context, named(context, FIRST), "Go on")
    with store.transaction() as tx:
        assert tx.run("SELECT FROM command").rowcount == 0
        assert commands.take(tx, "a") == ()


def test_what_was_taken_and_not_told_of_is_not_known(
    store: Store, other: OtherHost, context: Context, hurry: Hurry
) -> None:
    is_over = threading.Event()

    def take() -> None:
        while not is_over.wait(0.01):
            with store.transaction() as tx:
                taken = commands.take(tx, "a")
            if taken:
                hurry.begin()
                return

    thread = threading.Thread(target=take)
    thread.start()
    try:
        with pytest.raises(OutcomeUnknown, match="not known: a has taken it") as error:
            steer.send(context, named(context, FIRST), "Go on")
    finally:
        is_over.set()
        thread.join()
    assert (error.value.reason, error.value.kind) == (Reason.UNSURE, Kind.NETWORK)


def test_without_the_database_nothing_is_asked_and_that_is_known(
    cluster: Cluster, other: OtherHost, context: Context
) -> None:
    waiting = named(context, FIRST)
    cluster.stop()
    try:
        with pytest.raises(FleetAway):
            steer.send(context, waiting, "Go on")
    finally:
        cluster.start()


def test_a_database_that_breaks_off_in_between_leaves_it_unknown(
    cluster: Cluster, store: Store, other: OtherHost, context: Context, hurry: Hurry
) -> None:
    raised = list[ConsoleError]()

    def send() -> None:
        try:
            steer.send(context, waiting, "Go on")
        except ConsoleError as error:
            raised.append(error)

    def is_posted() -> bool:
        with store.transaction() as tx:
            return tx.run("SELECT FROM command").rowcount == 1

    waiting = named(context, FIRST)
    thread = threading.Thread(target=send)
    thread.start()
    try:
        wait(is_posted)
        store.close()
        cluster.stop()
        hurry.begin()
        thread.join(60)
    finally:
        cluster.start()
    assert [type(one) for one in raised] == [OutcomeUnknown]


def test_what_no_host_does_for_another_is_refused_and_says_where(
    other: OtherHost, context: Context
) -> None:
    resting = named(context, SECOND)
    with pytest.raises(Refused, match="lives on a: that can be done there alone") as error:
        row_edits.fail(context, resting, "no")
    assert error.value.reason is Reason.ELSEWHERE
    with pytest.raises(Refused, match="lives on a"):
        purge.purge(context, SECOND)
    with pytest.raises(Refused, match="can be forked there alone"):
        resume.plan_resume(context, resting, fork=True)


def test_a_clean_up_takes_nothing_of_another_host(other: OtherHost, context: Context) -> None:
    catalog = context.elsewhere.joined(CatalogScanner(context).look())
    assert len(catalog.sessions) == 3
    plan = cleanup.plan_cleanup(context, catalog, max_bytes=1)
    assert {one.session_id for one, _ in plan.taken} == {THIRD}


def test_a_resume_goes_through_the_queue_to_its_home(
    dsn: str, store: Store, other: OtherHost, context: Context
) -> None:
    plan = resume.plan_resume(context, named(context, SECOND))
    asked = {"model": "opus", "max_turns": 3, "without": ["hooks", "env"]}
    plan = with_options(context, plan, asked)
    claimed = list[runs.ClaimedRun]()

    def home() -> None:
        until = time.monotonic() + 60
        with Store(dsn) as mine:
            while not claimed and time.monotonic() < until:
                with mine.transaction() as tx:
                    if one := runs.claim(tx, "a"):
                        claimed.append(one)
            with mine.transaction() as tx:
                runs.note_state(tx, claimed[0].nonce, "a", RunState.BUSY, local_run="2026-1")

    thread = threading.Thread(target=home)
    thread.start()
    run_id = resume.start(context, plan, " Go on ")
    thread.join()
    assert run_id == "2026-1"
    assert bus.decode_run(claimed[0].request) == bus.RunRequest(
        mode="resume", prompt="Go on", model="opus", max_turns=3, without=("env", "hooks")
    )
    assert (claimed[0].key, claimed[0].by_whom) == (("hollis_park", SECOND), "anna")


def test_a_resume_that_no_host_takes_is_taken_out_of_the_queue(
    store: Store, other: OtherHost, context: Context, hurry: Hurry
) -> None:
    plan = resume.plan_resume(context, named(context, SECOND))
    hurry.begin()
    with pytest.raises(Refused, match="nothing was started"):
        resume.start(context, plan, "Go on")
    with store.transaction() as tx:
        assert runs.claim(tx, "a") is None


def test_why_a_resume_failed_elsewhere_is_told(
    dsn: str, store: Store, other: OtherHost, context: Context
) -> None:
    plan = resume.plan_resume(context, named(context, SECOND))

    def home() -> None:
        with Store(dsn) as mine:
            claimed = None
            while claimed is None:
                with mine.transaction() as tx:
                    claimed = runs.claim(tx, "a")
            with mine.transaction() as tx:
                runs.note_state(tx, claimed.nonce, "a", RunState.FAILED, error="no CLI there")

    thread = threading.Thread(target=home)
    thread.start()
    with pytest.raises(RunFailed, match="no CLI there"):
        resume.start(context, plan, "Go on")
    thread.join()


def test_a_running_session_is_not_resumed(other: OtherHost, context: Context) -> None:
    with pytest.raises(Refused, match="is running"):
        resume.plan_resume(context, named(context, FIRST))
