"""Undo takes back the newest act of an operator, wherever it was done, and never an older one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import Hurry, Obeying, OtherHost
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing
from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.session import Session
from tui.core.values import replace
from tui.fleet import bus
from tui.fleet.bus import Command, Outcome
from tui.fleet.console.fleet import Fleet
from tui.fleet.console.posting import OutcomeUnknown
from tui.fleet.store import commands, erasures
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Key
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context, Elsewhere
from tui.operations.sessions import extend
from tui.operations.trash import delete, undo
from tui.operations.trash.undoable_acts import last_batch

NOT_THERE = bus.outcome_of(Refused("it is not there to be undone", Reason.NOTHING_TO_DO))


@pytest.fixture
def here(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "here", "acme")
    listing.add(THIRD)
    return listing


@pytest.fixture
def context(dsn: str, store: Store, here: SampleListing, tmp_path: Path) -> Iterator[Context]:
    """A console of the host `b`, which has deleted `THIRD` there; `a` has the others."""
    there = SampleListing(tmp_path / "there")
    for session_id in (FIRST, SECOND):
        there.add(session_id, days=9)
    OtherHost(store, there).tell()
    with Fleet(lambda: Store(dsn), "b", tmp_path / "m", patience_s=60, act_s=60) as fleet:
        made = replace(here.context(), elsewhere=fleet)
        delete.delete(made, named(made, THIRD))
        yield made


def named(context: Context, session_id: str) -> Session:
    catalog = CatalogScanner(context).look()
    return find_session(context.elsewhere.joined(catalog), session_id)


def extended(context: Context, session_id: str = FIRST) -> ActionResult:
    plan = extend.plan_extension(named(context, session_id), "30d", datetime.now(UTC))
    return extend.extend(context, plan)


class Home:
    """Does what is asked, each as an act with a number."""

    def __init__(self, *refused: Outcome) -> None:
        self.refused = list(refused)
        self.number = 0

    def __call__(self, key: Key, command: Command) -> Outcome:
        if isinstance(command, bus.Undo) and self.refused:
            return self.refused.pop()
        self.number += 1
        return Outcome(words="done", is_done=True, act_id=f"act-{self.number}")


def test_an_extension_elsewhere_is_undone_before_an_older_act_here(
    dsn: str, here: SampleListing, context: Context
) -> None:
    with Obeying(dsn, Home()) as home:
        extended(context)
        (act,) = undo.undo_last(context)
        assert act.host == "a"
        assert home.taken[-1][:2] == (("hollis_park", FIRST), bus.Undo(act_id="act-1"))
        assert not here.transcript_path(THIRD).exists()
        (act,) = undo.undo_last(context)
        assert act.host == ""
        assert here.transcript_path(THIRD).exists()
        assert len(home.taken) == 2


def test_what_was_deleted_at_once_here_and_elsewhere_is_undone_at_once(
    dsn: str, here: SampleListing, context: Context
) -> None:
    undo.undo_last(context)
    with Obeying(dsn, Home()) as home:
        delete.delete_many(context, [named(context, one) for one in (FIRST, THIRD, SECOND)])
        acts = undo.undo_last(context)
    assert sorted(one.host for one in acts) == ["", "a", "a"]
    undone = [one[1] for one in home.taken if isinstance(one[1], bus.Undo)]
    assert undone == [bus.Undo(act_id="act-2"), bus.Undo(act_id="act-1")]
    assert here.transcript_path(THIRD).exists()


@pytest.mark.parametrize("reason", [Reason.CHANGED, Reason.RUNNING])
def test_what_its_home_does_not_undo_stays_the_newest_act(
    dsn: str, here: SampleListing, context: Context, reason: Reason
) -> None:
    refused = bus.outcome_of(Refused("undo it there", reason))
    with Obeying(dsn, Home(refused, refused)) as home:
        extended(context)
        for _ in range(2):
            with pytest.raises(ConsoleError, match="undo it there"):
                undo.undo_last(context)
        undo.undo_last(context)
    assert [type(one[1]) for one in home.taken] == [bus.Extend, *[bus.Undo] * 3]
    assert not here.transcript_path(THIRD).exists()


def test_what_is_not_there_to_be_undone_is_said_once(
    dsn: str, here: SampleListing, context: Context
) -> None:
    with Obeying(dsn, Home(NOT_THERE)):
        extended(context)
        with pytest.raises(Refused, match=r"not there to be undone \(on a\)"):
            undo.undo_last(context)
        assert not here.transcript_path(THIRD).exists()
        undo.undo_last(context)
    assert here.transcript_path(THIRD).exists()


def test_an_act_on_what_was_purged_since_is_said_once_to_be_gone_and_not_in_the_way(
    dsn: str, store: Store, here: SampleListing, context: Context
) -> None:
    with Obeying(dsn, Home()):
        extended(context)
    with store.transaction() as tx:
        erasures.bury(tx, ("hollis_park", FIRST))
    with pytest.raises(Refused, match=r"knows no session of that id any more.* \(on a\)"):
        undo.undo_last(context)
    assert not here.transcript_path(THIRD).exists()
    undo.undo_last(context)
    assert here.transcript_path(THIRD).exists()


def test_an_act_of_which_nobody_knows_whether_it_was_done_is_asked_for_first(
    dsn: str, store: Store, here: SampleListing, context: Context, hurry: Hurry
) -> None:
    is_over = threading.Event()

    def take() -> None:
        while not is_over.wait(0.01):
            with store.transaction() as tx:
                taken = commands.take(tx, "a")
            if taken:
                hurry.begin()

    thread = threading.Thread(target=take)
    thread.start()
    try:
        with pytest.raises(OutcomeUnknown):
            extended(context)
    finally:
        is_over.set()
        thread.join()
    hurry.end()
    with Obeying(dsn, Home()) as home:
        undo.undo_last(context)
    with store.transaction() as tx:
        (row,) = tx.run("SELECT nonce FROM command WHERE kind = 'extend'").fetchall()
    assert [one[1] for one in home.taken] == [bus.Undo(act_id=row[0])]
    assert not here.transcript_path(THIRD).exists()


def test_what_was_not_done_or_needed_nothing_is_no_act(
    dsn: str, here: SampleListing, context: Context
) -> None:
    needless = Outcome(words="it lasts longer", is_done=True, is_needless=True, act_id="act-1")
    with Obeying(dsn, lambda key, command: needless):
        extended(context)
    refused = bus.outcome_of(Refused("it is running", Reason.RUNNING))
    with Obeying(dsn, lambda key, command: refused), pytest.raises(ConsoleError):
        extended(context)
    assert [one.session_id for one in last_batch(context)] == [THIRD]


def test_another_operator_and_a_host_without_its_fleet_undo_nothing_of_it(
    dsn: str, here: SampleListing, context: Context
) -> None:
    with Obeying(dsn, Home()) as home:
        extended(context)
    other = replace(context, settings=replace(context.settings, operator="ben"))
    with pytest.raises(Refused, match="nothing that you"):
        undo.undo_last(other)
    with pytest.raises(Refused, match="undo can be done on a alone"):
        undo.undo_last(replace(context, elsewhere=Elsewhere()))
    assert len(home.taken) == 1
    assert not here.transcript_path(THIRD).exists()
