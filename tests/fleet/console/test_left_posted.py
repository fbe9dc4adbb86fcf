"""A command that is posted, and a run in the queue, when a console stops waiting for their end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import Hurry, OtherHost
from tests.fleet.test_shown_session import RUN
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.errors import RunFailed
from tui.core.models.session import Liveness, Session
from tui.core.values import replace
from tui.fleet.console.fleet import Fleet
from tui.fleet.console.posting import OutcomeUnknown
from tui.fleet.shown_session import encode
from tui.fleet.store import commands, connection, runs, shown
from tui.fleet.store.connection import FleetAway, Store, Transaction
from tui.fleet.store.runs import RunProgress, RunState
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running import resume, steer


@pytest.fixture
def context(dsn: str, tmp_path: Path) -> Iterator[Context]:
    """A console of the host `b`, which has no sessions."""
    here = SampleListing(tmp_path / "here", "acme")
    mirrors = tmp_path / "mirrors"
    with Fleet(lambda: Store(dsn), "b", mirrors, patience_s=60, act_s=60) as fleet:
        yield replace(here.context(), elsewhere=fleet)


@pytest.fixture
def busy(store: Store, context: Context, tmp_path: Path) -> Session:
    """`FIRST`, which is at work on the host `a`, where `SECOND` is at rest."""
    listing = SampleListing(tmp_path / "there")
    listing.add(FIRST)
    listing.add(SECOND)
    host = OtherHost(store, listing)
    host.tell()
    run = replace(RUN, session_id=FIRST, state="busy", request=None)
    one = replace(listing.session(FIRST), liveness=Liveness.BUSY, run=run)
    with store.transaction() as tx:
        shown.publish(tx, one.key, host.home, encode(one))
    return named(context, FIRST)


def named(context: Context, session_id: str) -> Session:
    catalog = CatalogScanner(context).look()
    return find_session(context.elsewhere.joined(catalog), session_id)


def test_after_the_connection_broke_nobody_is_told_that_nothing_was_done(
    busy: Session, context: Context, hurry: Hurry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be one that took over, and has lost that the home has taken it."""
    real, breaks = commands.state, iter([True])

    def state(tx: Transaction, *given: str) -> commands.CommandState | None:
        if next(breaks, False):
            raise FleetAway("the fleet's database is away: it was restarted")
        return real(tx, *given)

    monkeypatch.setattr(commands, "state", state)
    hurry.begin()
    with pytest.raises(OutcomeUnknown, match="it was restarted") as caught:
        steer.send(context, busy, "go on")
    assert caught.value.remedy == f"show {FIRST[:8]}"


def test_what_a_home_holds_that_was_cut_off_is_still_posted_and_so_not_known(
    store: Store,
    busy: Session,
    context: Context,
    hurry: Hurry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its row stays locked until the database notices: nobody is told to try again."""
    monkeypatch.setattr(connection, "_LOCK_MS", 200)
    is_held, is_over = threading.Event(), threading.Event()

    def home() -> None:
        while not is_held.is_set() and not is_over.wait(0.01):
            with store.transaction() as tx:
                if commands.take(tx, "a"):
                    is_held.set()
                    hurry.begin()
                    is_over.wait()

    thread = threading.Thread(target=home)
    thread.start()
    try:
        with pytest.raises(OutcomeUnknown, match="another host is changing that"):
            steer.send(context, busy, "Go on")
        assert is_held.is_set()
    finally:
        is_over.set()
        thread.join()


def test_a_run_that_a_home_holds_that_was_cut_off_is_not_known_to_have_begun(
    store: Store,
    busy: Session,
    context: Context,
    hurry: Hurry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_LOCK_MS", 200)
    is_held, is_over = threading.Event(), threading.Event()

    def home() -> None:
        while not is_held.is_set() and not is_over.wait(0.01):
            with store.transaction() as tx:
                if runs.claim(tx, "a"):
                    is_held.set()
                    hurry.begin()
                    is_over.wait()

    plan = resume.plan_resume(context, named(context, SECOND))
    thread = threading.Thread(target=home)
    thread.start()
    try:
        with pytest.raises(OutcomeUnknown, match="another host is changing that"):
            resume.start(context, plan, "Go on")
        assert is_held.is_set()
    finally:
        is_over.set()
        thread.join()


@pytest.mark.parametrize("left", [KeyboardInterrupt, SystemExit])
def test_a_console_that_is_left_takes_back_what_nobody_has_taken(
    store: Store,
    busy: Session,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    left: type[BaseException],
) -> None:
    def leave(*_: object) -> None:
        raise left

    monkeypatch.setattr(commands, "state", leave)
    monkeypatch.setattr(runs, "progress", leave)
    with pytest.raises(left):
        steer.send(context, busy, "Go on")
    with pytest.raises(left):
        resume.start(context, resume.plan_resume(context, named(context, SECOND)), "Go on")
    with store.transaction() as tx:
        assert tx.run("SELECT FROM command").rowcount == 0
        assert tx.run("SELECT state FROM run").fetchall() == [("cancelled",)]


@pytest.mark.parametrize(
    ("local_run", "words"),
    [("", "was not resumed on a: no room"), ("2026-1", "began on a and failed: no room")],
)
def test_whether_a_run_that_failed_had_begun_is_told(
    busy: Session,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    local_run: str,
    words: str,
) -> None:
    def progress(tx: Transaction, nonce: str) -> RunProgress:
        return RunProgress(state=RunState.FAILED, host="a", local_run=local_run, error="no room")

    monkeypatch.setattr(runs, "progress", progress)
    with pytest.raises(RunFailed, match=words):
        resume.start(context, resume.plan_resume(context, named(context, SECOND)), "Go on")
