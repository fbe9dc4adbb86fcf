"""Undo takes back my last batch, completely if possible, and never what somebody else did."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import SampleListing, snapshot
from tui.core.errors import DatabaseProblem, Refused
from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import ActionResult, Context
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import fail
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete_many
from tui.operations.trash.purge import purge
from tui.operations.trash.undo import undo, undo_last
from tui.operations.trash.undoable_acts import last_batch
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook, write_event
from tui.storage.table.tracking import read_events, read_rows
from tui.storage.trash.manifest import MANIFEST
from tui.storage.trash.trash import list_trash

IDS = ("aa11", "bb22", "cc33")


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    for number, session_id in enumerate(IDS):
        listing.add(session_id, days=number + 1)
    return listing


class Operator:
    """Somebody at a console; each act moves the clock by a minute."""

    minutes = 0

    def __init__(self, listing: SampleListing, name: str, login: str = "") -> None:
        self.listing, self.name, self.login = listing, name, login

    def context(self) -> Context:
        Operator.minutes += 1
        now = datetime.now(UTC) + timedelta(minutes=Operator.minutes)
        context = self.listing.context(operator=self.name, login=self.login)
        return replace(context, clock=lambda: now).as_one_act()

    def extend(self, *ids: str, words: str = "30d") -> None:
        context = self.context()
        for session_id in ids:
            session = self.listing.session(session_id)
            extend(context, plan_extension(session, words, context.clock()))

    def delete(self, *ids: str) -> None:
        assert not delete_many(self.context(), [self.listing.session(one) for one in ids]).refused

    def clean_up(self) -> None:
        context = self.context()
        plan = plan_cleanup(
            context, CatalogScanner(context).look(), older_than=timedelta(minutes=1)
        )
        assert len(clean_up(context, plan).acts) == len(IDS)

    def undo(self) -> list[str]:
        return [act.session_id for act in undo_last(self.context()) if not act.is_needless]


def sql(listing: SampleListing, statement: str) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(statement)


DEEDS: dict[str, Callable[[Operator], None]] = {
    "extend": lambda anna: anna.extend(*IDS),
    "delete": lambda anna: anna.delete(*IDS),
    "clean-up": lambda anna: anna.clean_up(),
}


@pytest.mark.parametrize("do", DEEDS.values(), ids=DEEDS)
def test_a_whole_batch_is_taken_back(
    listing: SampleListing, do: Callable[[Operator], None]
) -> None:
    anna = Operator(listing, "anna")
    rows, files = read_rows(listing.db_path), transcripts(listing)
    do(anna)
    assert read_rows(listing.db_path) != rows
    assert sorted(anna.undo()) == sorted(IDS)
    assert read_rows(listing.db_path) == rows
    assert transcripts(listing) == files
    with pytest.raises(Refused, match="nothing that you deleted, cleaned up or extended"):
        anna.undo()


def transcripts(listing: SampleListing) -> dict[str, tuple[int, int, bytes]]:
    found = snapshot(listing.config_dir / "projects")
    return {name: facts for name, facts in found.items() if name.endswith(".jsonl")}


def test_one_undo_after_the_other_goes_back_in_time(listing: SampleListing) -> None:
    anna = Operator(listing, "anna")
    deeds: tuple[Callable[[], None], ...] = (
        lambda: anna.extend("aa11", "bb22"),
        lambda: anna.extend("aa11", words="60d"),
        lambda: anna.delete("cc33", "bb22"),
        lambda: anna.extend("aa11", words="90d"),
    )
    pasts = []
    for do in deeds:
        pasts.append(read_rows(listing.db_path))
        do()
    for past in reversed(pasts):
        anna.undo()
        assert read_rows(listing.db_path) == past
    anna.extend("aa11")
    assert anna.undo() == ["aa11"]
    assert read_rows(listing.db_path) == pasts[0]


def test_nobody_undoes_what_another_did(listing: SampleListing) -> None:
    """Without the operator in the query ben would undo anna's delete."""
    anna, ben = Operator(listing, "anna"), Operator(listing, "ben")
    ben.extend("aa11")
    anna.delete("bb22")
    anna.extend("cc33")
    assert ben.undo() == ["aa11"]
    with pytest.raises(Refused, match="nothing that you"):
        ben.undo()
    assert anna.undo() == ["cc33"]
    assert anna.undo() == ["bb22"]


def test_a_login_undoes_what_it_did_from_another_address(listing: SampleListing) -> None:
    """A dropped connection comes back from another network, and the audit has both addresses."""
    Operator(listing, "anna@10.0.0.7", "anna").extend("aa11")
    Operator(listing, "anna@2001:db8::7", "anna").delete("bb22")
    anna = Operator(listing, "anna@10.0.0.8", "anna")
    assert anna.undo() == ["bb22"]
    assert anna.undo() == ["aa11"]
    with pytest.raises(Refused, match="nothing that you"):
        Operator(listing, "anna@10.0.0.7", "anna").undo()
    acts = [(event.operator, event.action) for event in read_events(listing.db_path)]
    assert ("anna@10.0.0.8", "undo") in acts
    assert ("anna@10.0.0.7", "extend") in acts


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("anna", ""),
        ("anna@10.0.0.8", ""),
        ("ann@10.0.0.7", "ann"),
        ("bert@10.0.0.7", "bert"),
        ("anna@10.0.0.7@10.0.0.8", "anna@10.0.0.7"),
        ("an%@10.0.0.7", "an%"),
        ("ANNA@10.0.0.7", "ANNA"),
    ],
)
def test_nobody_else_is_that_login(listing: SampleListing, name: str, login: str) -> None:
    Operator(listing, "anna@10.0.0.7", "anna").extend("aa11")
    Operator(listing, "anna@home").delete("bb22")
    with pytest.raises(Refused, match="nothing that you"):
        Operator(listing, name, login).undo()


def test_a_name_that_was_given_is_no_login(listing: SampleListing) -> None:
    Operator(listing, "anna@home").delete("bb22")
    Operator(listing, "anna").extend("aa11")
    with pytest.raises(Refused, match="nothing that you"):
        Operator(listing, "anna@10.0.0.7", "anna").undo()


def test_what_was_changed_since_is_left_and_the_rest_goes_on(listing: SampleListing) -> None:
    anna = Operator(listing, "anna")
    anna.extend("cc33", words="60d")
    anna.extend(*IDS, words="90d")
    changed = "2031-01-01T00:00:00"
    sql(listing, f"UPDATE claude_sessions SET expires_at = '{changed}' WHERE session_id = 'bb22'")  # noqa: S608
    context = anna.context()
    acts = undo_last(context)
    assert sorted(act.session_id for act in acts if not act.is_needless) == ["aa11", "cc33"]
    (left,) = (act for act in acts if act.is_needless)
    assert left.session_id == "bb22"
    assert left.words == f"bb22 changed in the meantime: expires_at is now {changed}"
    kept = {row.session_id: row.expires_at for row in read_rows(listing.db_path)}
    assert kept["bb22"] == changed
    (event,) = read_logbook(listing.root)
    assert (event.action, event.note) == ("undo", "left unchanged: bb22")
    assert (event.act_id, json_object(event.detail)) == (
        context.act_id,
        {"undone_act": left.act_id},
    )
    assert anna.undo() == ["cc33"]


def test_what_a_lock_kept_from_being_undone_is_tried_again(listing: SampleListing) -> None:
    """If it were skipped for good, the next undo would undo an older act."""
    anna = Operator(listing, "anna")
    anna.extend("bb22")
    anna.delete("aa11")
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseProblem, match="locked"):
            anna.undo()
    assert anna.undo() == ["aa11"]
    assert anna.undo() == ["bb22"]


def test_what_somebody_holds_for_a_moment_is_tried_again(listing: SampleListing) -> None:
    anna = Operator(listing, "anna")
    anna.extend("bb22")
    anna.delete("aa11")
    with SessionLock.take(listing.folder, "aa11"), pytest.raises(Refused, match="aa11"):
        anna.undo()
    assert read_logbook(listing.root) == ()
    assert anna.undo() == ["aa11"]
    assert anna.undo() == ["bb22"]


def test_what_came_in_the_way_of_an_undo_is_left_for_good(listing: SampleListing) -> None:
    anna = Operator(listing, "anna")
    anna.extend("bb22")
    anna.delete("aa11")
    listing.write_transcript("aa11", "Here again")
    (left,) = undo_last(anna.context())
    assert (left.is_needless, "exists again" in left.words) == (True, True)
    assert anna.undo() == ["bb22"]


def test_what_an_older_program_left_is_undone(listing: SampleListing) -> None:
    """Its notes name a moment and no act: it left what it could not read."""
    anna = Operator(listing, "anna")
    anna.extend("bb22")
    anna.delete("aa11")
    for act in (last_batch(anna.context()), read_events(listing.db_path)):
        note = f"of {act[0].at.isoformat()}: left unchanged: aa11"
        write_event(
            listing.root,
            AuditEvent(at=datetime.now(UTC), operator="anna", action="undo", note=note),
        )
    assert anna.undo() == ["aa11"]
    assert anna.undo() == ["bb22"]


def test_each_undo_takes_back_its_own_act_although_all_are_of_one_moment(tmp_path: Path) -> None:
    """A clock that stands still, or was set back, must not make one act of several."""
    first, second = (SampleListing(tmp_path / "outputs", name) for name in ("a", "b"))
    for number, session_id in enumerate(IDS):
        first.add(session_id, days=number + 1)
    second.add("dd44")
    sql(first, "DELETE FROM claude_sessions WHERE session_id = 'cc33'")
    now = datetime.now(UTC)

    def frozen() -> Context:
        return replace(first.context(), clock=lambda: now).as_one_act()

    extend(frozen(), plan_extension(first.session("aa11"), "30d", now))
    delete_many(frozen(), [first.session("aa11"), second.session("dd44")])
    delete_many(frozen(), [first.session("bb22"), first.session("cc33")])
    assert len({one.act_id for one in list_trash(first.root)}) == 2
    undone = [{act.session_id for act in undo_last(frozen())} for _ in range(3)]
    assert undone == [{"bb22", "cc33"}, {"aa11", "dd44"}, {"aa11"}]
    with pytest.raises(Refused, match="nothing that you"):
        undo_last(frozen())


@pytest.mark.parametrize("has_ids", [True, False])
def test_what_an_older_program_deleted_at_one_moment_is_undone_at_once(
    tmp_path: Path, has_ids: bool
) -> None:
    """Its manifests have no act ids, and those of the first version of the audit none either."""
    first, second = (SampleListing(tmp_path / "outputs", name) for name in ("a", "b"))
    first.add("aa11")
    first.write_transcript("bb22", "Let me look.")
    second.add("dd44")
    anna = Operator(first, "anna")
    anna.extend("aa11")
    context = anna.context()
    delete_many(context, [*map(first.session, ("aa11", "bb22")), second.session("dd44")])
    for one in {one.batch for one in list_trash(first.root)}:
        head = json.loads((one / MANIFEST).read_text())
        assert head.pop("act_id") == context.act_id
        (one / MANIFEST).write_text(json.dumps(head))
    for listing in (first, second) if not has_ids else ():
        sql(listing, "ALTER TABLE claude_session_events DROP COLUMN act_id")
    assert sorted(anna.undo()) == ["aa11", "bb22", "dd44"]
    assert anna.undo() == ["aa11"]


def test_a_database_that_cannot_be_read_hides_no_later_act(tmp_path: Path) -> None:
    """Undone blindly, an older act of another listing would be undone instead of the last."""
    first, second = (SampleListing(tmp_path / "outputs", name) for name in ("a", "b"))
    first.add("aa11")
    second.add("bb22")
    anna = Operator(first, "anna")
    anna.extend("aa11")
    Operator(second, "anna").extend("bb22", words="8d")
    kept = second.db_path.rename(tmp_path / "kept.db")
    second.db_path.write_bytes(b"name,city\n" * 500)
    touch(second.db_path, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(DatabaseProblem, match="what you did last may be in b"):
        anna.undo()
    touch(second.db_path, datetime(2026, 1, 1, tzinfo=UTC))
    assert anna.undo() == ["aa11"]
    kept.rename(second.db_path)
    assert anna.undo() == ["bb22"]


def touch(path: Path, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_each_undo_is_audited_and_read_only_undoes_nothing(listing: SampleListing) -> None:
    anna = Operator(listing, "anna")
    anna.extend("aa11")
    with pytest.raises(Refused, match="read-only"):
        undo_last(listing.context(operator="anna", read_only=True))
    anna.undo()
    acts = [(event.operator, event.action) for event in read_events(listing.db_path)]
    assert acts == [("anna", "undo"), ("anna", "extend")]


def test_only_deletes_and_extensions_can_be_undone(listing: SampleListing) -> None:
    act = ActionResult(
        kind="fail", listing="hollis_park", session_id="aa11", at=datetime.now(UTC), words=""
    )
    with pytest.raises(Refused, match="fail cannot be undone"):
        undo(listing.context(), act)


def test_a_database_that_cannot_be_read_where_nobody_acted_keeps_nothing_from_being_undone(
    tmp_path: Path,
) -> None:
    first, second = (SampleListing(tmp_path / "outputs", name) for name in ("a", "b"))
    first.add("aa11")
    anna = Operator(first, "anna")
    second.folder.mkdir()
    second.db_path.write_bytes(b"name,city\n" * 500)
    touch(second.db_path, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(Refused, match="nothing that you"):
        anna.undo()
    anna.extend("aa11")
    assert anna.undo() == ["aa11"]


def test_the_batch_that_was_named_is_taken_back_whatever_was_done_since(
    listing: SampleListing,
) -> None:
    anna = Operator(listing, "anna")
    with pytest.raises(Refused, match="nothing that you"):
        last_batch(anna.context())
    anna.extend("aa11", "bb22", words="60d")
    batch = last_batch(anna.context())
    assert {act.session_id for act in batch} == {"aa11", "bb22"}
    anna.delete("cc33")
    done = undo_last(anna.context(), None, batch)
    assert [(act.session_id, act.is_needless) for act in done] == [
        ("bb22", False), ("aa11", False),
    ]  # fmt: skip
    assert [act.session_id for act in last_batch(anna.context())] == ["cc33"]


def test_what_was_taken_back_is_named_and_what_was_done_later_and_stays(
    listing: SampleListing,
) -> None:
    anna = Operator(listing, "anna")
    anna.extend("aa11", words="60d")
    fail(anna.context(), listing.session("bb22"), "wrong client")
    told: list[str] = []
    undo_last(anna.context(), told.append)
    assert re.fullmatch(
        r"undid your extension of \d\d:\d\d; your later fail of bb22 stays", told[0]
    )
    rename(anna.context(), listing.session("cc33"), "Pumps")
    anna.delete("aa11", "cc33")
    undo_last(anna.context(), told.append)
    assert re.fullmatch(r"undid your delete of \S+ \(2 of 2 sessions\)", told[1])
    anna.extend("aa11", words="60d")
    rename(anna.context(), listing.session("cc33"), "Pumps")
    fail(replace(anna.context(), settings=listing.context(operator="bert").settings),
         listing.session("cc33"), "bert's, which is no news to anna")  # fmt: skip
    erase = anna.context()
    purge(erase, "bb22")
    undo_last(anna.context(), told.append)
    assert told[2].endswith("; your later purge of bb22 and 1 other act stay")


@pytest.mark.parametrize("is_tracked", [True, False])
def test_after_the_clock_was_set_back_no_older_act_is_taken_for_the_last(
    listing: SampleListing, is_tracked: bool
) -> None:
    """The audit counts as proof; an act that only the trash has is named, and nothing is undone."""
    anna = Operator(listing, "anna")
    anna.extend("aa11")
    if not is_tracked:
        sql(listing, "DELETE FROM claude_sessions WHERE session_id = 'bb22'")
    anna.delete("bb22")
    past = replace(anna.context(), clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    extended = listing.session("aa11").expires_at
    if is_tracked:
        assert [act.session_id for act in undo_last(past)] == ["bb22"]
    else:
        with pytest.raises(Refused, match=r"bb22 was deleted on .* later than now"):
            undo_last(past)
    assert listing.session("aa11").expires_at == extended


def test_what_was_done_after_the_clock_was_set_back_is_the_last(listing: SampleListing) -> None:
    anna = Operator(listing, "anna")
    anna.delete("bb22")
    past = replace(anna.context(), clock=lambda: datetime.now(UTC) - timedelta(hours=1))
    extend(past, plan_extension(listing.session("aa11"), "30d", past.clock()))
    assert [act.session_id for act in undo_last(past)] == ["aa11"]
    assert [act.session_id for act in undo_last(past)] == ["bb22"]
