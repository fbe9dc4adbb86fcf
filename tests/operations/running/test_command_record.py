"""What operators do to runs is recorded; an act on many sessions is one line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.operations.running.test_steer import add_run, held
from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tui.core.models.audit import AuditEvent
from tui.core.text.bounded_json import json_object
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.monitor.history import grouped_acts
from tui.operations.running.command_record import record_command
from tui.operations.running.steer import interrupt, mode, model, send, stop
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.trash.delete import delete_many
from tui.operations.trash.purge import purge
from tui.runs.folder.command import Command
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events


def reply(**facts: str) -> Command:
    return Command("answer", at=datetime.now(UTC), by="anna", request_id="p1-ab12", **facts)  # type: ignore[arg-type]


def test_each_command_to_a_run_is_written_down_with_who_sent_it(listing: SampleListing) -> None:
    run = add_run(listing)
    for act in (
        lambda context, session: send(context, session, "twelve words"),
        interrupt,
        lambda context, session: model(context, session, "opus"),
        lambda context, session: mode(context, session, "plan"),
        stop,
    ):
        held(listing, act)
    events = read_events(listing.db_path)[::-1]
    told = [(one.action, one.operator, json_object(one.detail)) for one in events]
    facts = {"run": run.name}
    assert told == [
        ("send", "anna", facts | {"characters": 12}),
        ("interrupt", "anna", facts),
        ("model", "anna", facts | {"model": "opus"}),
        ("mode", "anna", facts | {"mode": "plan"}),
        ("stop", "anna", facts),
    ]
    assert len({one.act_id for one in events}) == len(events)
    assert "twelve" not in listing.db_path.read_bytes().decode("latin-1")


def test_an_answer_is_written_down_with_its_request_and_what_was_decided(
    listing: SampleListing,
) -> None:
    add_run(listing)
    session, context = listing.session(FIRST), listing.context()
    record_command(context, session, reply(decision="deny", text="not \x1b[31mhere"), "Bash")
    (event,) = read_events(listing.db_path)
    assert (event.action, event.request_id) == ("answer", "p1-ab12")
    facts = json_object(event.detail)
    assert (facts["tool"], facts["decision"]) == ("Bash", "deny")
    done = run_cli(listing.root, "log", FIRST)
    assert "deny Bash, not here" in done.stdout
    assert "\x1b" not in done.stdout
    (told,) = json.loads(run_cli(listing.root, "log", "--json").stdout)
    assert (told["request_id"], told["act_id"]) == ("p1-ab12", event.act_id)
    assert told["detail"] == {**facts, "reason": "not here"}
    assert (told["before"], told["after"], told["cost_usd"]) == (None, None, None)


def test_where_the_database_takes_nothing_the_logbook_does_but_no_words_of_people(
    listing: SampleListing,
) -> None:
    """Nothing erases a reason there."""
    add_run(listing)
    session, context = listing.session(FIRST), listing.context()
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        record_command(context, session, reply(decision="deny", text="secret"), "Bash")
    assert read_events(listing.db_path) == ()
    (event,) = read_logbook(listing.root)
    assert (event.action, event.request_id, event.operator) == ("answer", "p1-ab12", "anna")
    assert json_object(event.detail)["decision"] == "deny"
    assert "secret" not in event.detail
    (done,) = grouped_acts(context)
    assert done.first.detail == event.detail


def test_a_purge_takes_the_words_of_people_out(listing: SampleListing) -> None:
    session, context = listing.session(FIRST), listing.context()
    record_command(context, session, reply(decision="deny", text="secretive reason"), "Bash")
    purge(context, FIRST)
    assert b"secretive" not in listing.db_path.read_bytes()
    assert [one.request_id for one in read_events(listing.db_path)[1:]] == ["p1-ab12"]


def test_no_detail_is_too_large_to_be_kept(listing: SampleListing) -> None:
    session, context = listing.session(FIRST), listing.context()
    record_command(context, session, reply(decision="deny", text="x" * 1_000_000), "Bash")
    (event,) = read_events(listing.db_path)
    assert json_object(event.detail)["decision"] == "deny"
    assert len(event.detail) < 3000


def test_an_act_on_many_is_one_line_and_its_sessions_are_listed_when_asked_for(
    tmp_path: Path,
) -> None:
    first, second = (SampleListing(tmp_path / "outputs", name) for name in ("cranbury", "oak"))
    for listing in (first, second):
        for number in range(3):
            listing.add(f"{number:08x}-1111-4222-8333-444455556666")
    context = first.context().at_one_moment()
    sessions = CatalogScanner(context).look().sessions
    for session in sessions:
        extend(context, plan_extension(session, "60d", context.clock()))
    bert = first.context(operator="bert")
    delete_many(bert, CatalogScanner(bert).look().sessions[:1])
    done = grouped_acts(first.context())
    assert [(one.first.action, one.sessions) for one in done] == [("delete", 1), ("extend", 6)]
    *head, many, one = run_cli(first.root, "log").stdout.splitlines()
    assert len(head) == 1
    assert "anna extended 6 sessions" in many
    assert "2 listings" in many
    assert "bert" in one
    said = run_cli(first.root, "log", "--all").stdout
    assert said.count(" extend ") == 6
    assert "6 sessions" not in said
    told = json.loads(run_cli(first.root, "log", "--json").stdout)
    assert len(told) == 7
    assert len({one["act_id"] for one in told}) == 2
    assert len(json.loads(run_cli(first.root, "log", "--json", "-n", "1").stdout)) == 1
    only = run_cli(first.root, "log", "oak").stdout
    assert "anna extended 3 sessions" in only


def test_acts_of_the_first_version_are_told_apart_by_their_moment(
    listing: SampleListing,
) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as database:
        columns = "id INTEGER PRIMARY KEY, at TEXT, operator TEXT, action TEXT, session_id TEXT"
        database.execute(f"CREATE TABLE claude_session_events ({columns}, before TEXT, after TEXT)")
        for minute in (1, 1, 1, 2):
            database.execute(
                "INSERT INTO claude_session_events (at, operator, action, session_id)"
                " SELECT ?, 'ben', 'extend', count(*) FROM claude_session_events",
                (f"2026-11-20T12:0{minute}:00+00:00",),
            )
    assert [one.sessions for one in grouped_acts(listing.context())] == [1, 3]


def test_what_two_did_at_once_is_counted_whole(listing: SampleListing) -> None:
    """Batches of two bulk acts alternate: the first ones found are not all of it."""
    anna, ben = listing.context(), listing.context(operator="ben")
    anna, ben = anna.at_one_moment(), ben.at_one_moment()
    tracked = listing.session(FIRST)
    for number in range(30):
        for context in (anna, ben):
            record_command(
                context, tracked, Command("stop", at=context.clock(), by="", text=str(number))
            )
    assert [one.sessions for one in grouped_acts(listing.context())] == [1, 1]
    whole = grouped_acts(listing.context(), is_whole=True)
    assert [len(one.events) for one in whole] == [30, 30]
    assert all(isinstance(one.first, AuditEvent) for one in whole)
