"""A member as a process of its own: it tells, ships, obeys within its bounds, and hurts nothing."""

from __future__ import annotations

import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet_host import FleetHost, ask, rows
from tests.support.listings.sample_listing import FIRST, SampleListing, of_three
from tests.support.postgres import Cluster
from tests.support.processes.runs_site import Site, over, wait
from tui.core.errors import Reason
from tui.core.models.session import Key, Liveness, Session
from tui.fleet import bus
from tui.fleet.bus import RunRequest
from tui.fleet.console.acts import command_for
from tui.fleet.shown_session import decode
from tui.fleet.store import files as stored_files
from tui.fleet.store import live, runs, sessions
from tui.fleet.store.connection import Store
from tui.operations.trash.undoable_acts import last_batch
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_run

LISTING = "hollis_park"
KEY: Key = (LISTING, FIRST)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


@pytest.fixture
def host(dsn: str, listing: SampleListing, tmp_path: Path) -> Iterator[FleetHost]:
    with FleetHost("c", tmp_path / "c", listing.root, dsn) as one:
        yield one


def session_of(store: Store, session_id: str = FIRST) -> Session | None:
    """Return a session as consoles elsewhere see it; `None` while nothing is told of it."""
    row = rows(store).get(session_id)
    if row is None or row.shown == "{}":
        return None
    return decode(row.shown, (row.listing, session_id), row.host, Path("/mirror"))


def stored(store: Store, session_id: str = FIRST) -> bytes:
    content = b""
    with store.transaction() as tx:
        for one in stored_files.files(tx, (LISTING, session_id)):
            if one.path == f"{session_id}.jsonl".encode():
                while bodies := stored_files.bodies(tx, one, len(content)):
                    content += b"".join(bodies)
    return content


def enqueue(store: Store, key: Key, request: RunRequest, want_host: str = "c") -> str:
    with store.transaction() as tx:
        return runs.enqueue(tx, key, bus.encode_run(request), "ann", want_host=want_host)


def run_state(store: Store, nonce: str) -> tuple[str, str, str]:
    with store.transaction() as tx:
        row = tx.run("SELECT state, local_run, error FROM run WHERE nonce = %s", nonce).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def test_what_changes_here_is_told_and_shipped(
    host: FleetHost, store: Store, listing: SampleListing
) -> None:
    path = listing.transcript_path(FIRST)
    wait(lambda: stored(store) == path.read_bytes())
    with path.open("ab") as file:
        file.write(b'{"torn')
    wait(lambda: stored(store) == path.read_bytes())
    new = str(uuid.uuid4())
    listing.add(new)
    wait(lambda: session_of(store, new) is not None)
    known = listing.transcript_path(new).stat()
    assert host.verb("extend", FIRST, "30d").returncode == 0
    here = listing.session(FIRST)
    wait(lambda: (told := session_of(store)) and told.expires_at == here.expires_at)
    assert host.verb("delete", FIRST, "--yes").returncode == 0
    wait(lambda: (told := session_of(store)) and told.status == "deleted")
    assert host.verb("purge", FIRST, "--yes").returncode == 0
    wait(lambda: rows(store)[FIRST].is_gone)
    assert stored(store) == b""
    assert listing.transcript_path(new).stat().st_ino == known.st_ino
    assert not (listing.folder / ".session_console" / "diverged").exists()


def test_it_does_what_is_asked_by_the_operations_of_its_host(
    host: FleetHost, store: Store, listing: SampleListing
) -> None:
    before = listing.session(FIRST)
    assert ask(store, KEY, command_for("rename", before, "Pumps")).is_done
    assert listing.session(FIRST).title == "Pumps"
    assert ask(store, KEY, bus.SetTags(added=("urgent",))).is_done
    assert ask(store, KEY, command_for("note", before, "call them")).is_done
    here = listing.session(FIRST)
    assert (here.tags, here.note, here.annotation.tags[0].by) == (("urgent",), "call them", "ann")
    longer = ask(store, KEY, bus.Extend(until="30d", was=here.expires_at))
    assert longer.is_done
    later = listing.session(FIRST)
    assert later.expires_at != here.expires_at
    gone = ask(store, KEY, command_for("delete", later))
    assert gone.is_done
    assert not listing.transcript_path(FIRST).exists()
    assert [one.act_id for one in last_batch(listing.context(operator="ann"))] == [gone.act_id]
    assert ask(store, KEY, bus.Undo(act_id=longer.act_id)).reason is Reason.CHANGED
    assert ask(store, KEY, bus.Undo(act_id="0" * 16)).reason is Reason.NOTHING_TO_DO
    assert ask(store, KEY, bus.Undo(act_id=gone.act_id)).is_done
    assert ask(store, KEY, command_for("delete", later)).is_done
    assert ask(store, KEY, bus.Restore()).is_done
    assert listing.transcript_path(FIRST).exists()
    stop, sent = bus.Stop(run_id=""), bus.Send(run_id="", prompt="on")
    for refused in (stop, sent, bus.Restore(trash_id="none")):
        outcome = ask(store, KEY, refused)
        assert (outcome.is_done, bool(outcome.words)) == (False, True)
    with store.transaction() as tx:
        tx.run(
            "INSERT INTO command (listing, session_id, kind, payload, by_whom) "
            "VALUES (%s, %s, 'shell', '{}', 'ann')",
            *KEY,
        )
    assert wait(lambda: _last_outcome(store)).reason is Reason.USAGE


def _last_outcome(store: Store) -> bus.Outcome | None:
    with store.transaction() as tx:
        row = tx.run("SELECT outcome FROM command ORDER BY command_id DESC LIMIT 1").fetchone()
    return bus.decode_outcome(row[0]) if row and row[0] else None


def test_a_clean_up_takes_only_what_was_seen(
    host: FleetHost, store: Store, listing: SampleListing
) -> None:
    second = listing.session("9f2d").session_id
    done = ask(store, KEY, bus.CleanUp(sessions=(second,), older_than_s=60))
    assert done.is_done, done.words
    there = {one: listing.transcript_path(one).exists() for one in (FIRST, second)}
    assert there == {FIRST: True, second: False}


@pytest.fixture
def site_host(dsn: str, site: Site, tmp_path: Path) -> Iterator[FleetHost]:
    settings = f'env_file = "{site.env_file}"\nmax_runs = 1'
    with FleetHost("c", tmp_path / "c", site.listing.parent, dsn, settings) as one:
        yield one


def test_a_run_that_was_queued_elsewhere_is_steered_from_there(
    site_host: FleetHost, store: Store, site: Site
) -> None:
    key = (LISTING, str(uuid.uuid4()))
    with store.transaction() as tx:
        sessions.add(tx, key, "c")
    number = enqueue(store, key, RunRequest(mode="new", stage="stage_3", prompt="PERMIT please"))
    told = wait(lambda: (one := session_of(store, key[1])) and one.run and one.run.request and one)
    request = told.run.request
    assert (told.host, told.liveness, request.tool) == ("c", Liveness.WAITING, "Bash")
    wait(lambda: run_state(store, number)[0] == "waiting")
    run, asked = told.run.run_id, request.request_id
    wrong = bus.Answer(run_id=run, request_id=asked, decision="allow", digest="0" * 64)
    assert ask(store, key, wrong).reason is Reason.CHANGED
    other = bus.Answer(run_id=run, request_id="other", decision="deny")
    assert ask(store, key, other).reason is Reason.CHANGED
    for unseen in _of_another_run(asked):
        refused = ask(store, key, unseen)
        assert (refused.is_done, refused.reason) == (False, Reason.CHANGED)
        assert "changed since you looked: another run works on it now" in refused.words
    second = enqueue(store, key, RunRequest(mode="resume", prompt="ECHO again"))
    assert ask(store, key, bus.Interrupt(run_id=run)).is_done
    wait(lambda: run_state(store, number)[0] in ("done", "failed"))
    wait(lambda: run_state(store, second)[0] == "done")
    local = site.listing / ".session_console" / "runs" / run_state(store, second)[1]
    assert over(local).operator == "ann"
    wait(lambda: stored(store, key[1]).decode() == site.transcript(key[1]))
    assert "ECHO again" in site.transcript(key[1])


def _of_another_run(request_id: str) -> tuple[bus.Command, ...]:
    run = "20260101T000000Z-0001"
    return (
        bus.Send(run_id=run, prompt="on"),
        bus.Answer(run_id=run, request_id=request_id, decision="deny"),
        bus.PutOff(run_id=run, request_id=request_id, duration="2h"),
        bus.Interrupt(run_id=run),
        bus.Stop(run_id=run),
        bus.SetModel(run_id=run, name="opus"),
        bus.SetMode(run_id="", name="plan"),
    )


def test_a_message_that_is_being_written_is_told(
    site_host: FleetHost, store: Store, site: Site
) -> None:
    run = site.start("LONG one")
    key = (LISTING, protocol.session_of(run))

    def body() -> bytes:
        with store.transaction() as tx:
            return b"".join(one.body for one in live.read(tx, {key: -1})[0])

    wait(lambda: b"industrial pumps" in body())
    site.hurry()
    over(run)
    wait(lambda: not body())


def test_what_is_restricted_here_is_restricted_for_all(
    dsn: str, store: Store, site: Site, tmp_path: Path
) -> None:
    settings = f'env_file = "{site.env_file}"\nrestricted = true'
    key = (LISTING, str(uuid.uuid4()))
    request = RunRequest(mode="new", stage="s", prompt="ECHO", tools=("Bash",))
    with FleetHost("c", tmp_path / "c", site.listing.parent, dsn, settings):
        with store.transaction() as tx:
            sessions.add(tx, key, "c")
        number = enqueue(store, key, request)
        wait(lambda: run_state(store, number)[0] == "failed")
        assert "Bash" in run_state(store, number)[2]
        other = RunRequest(mode="new", stage="s", prompt="x", permission_mode="bypassPermissions")
        number = enqueue(store, key, other)
        wait(lambda: run_state(store, number)[0] == "failed")
    assert protocol.list_runs(site.listing) == ()


def test_a_member_that_ends_leaves_its_runs_and_takes_them_up_again(
    site_host: FleetHost, store: Store, site: Site
) -> None:
    key = (LISTING, str(uuid.uuid4()))
    with store.transaction() as tx:
        sessions.add(tx, key, "c")
    number = enqueue(store, key, RunRequest(mode="new", stage="s", prompt="LONG one"))
    wait(lambda: run_state(store, number)[0] == "busy")
    assert site_host.end() == 0
    run = site.listing / ".session_console" / "runs" / run_state(store, number)[1]
    assert read_run(run).state == "busy"
    site.hurry()
    assert over(run).state == "done"
    assert run_state(store, number)[0] == "busy"
    site_host.start()
    wait(lambda: run_state(store, number)[0] == "done")
    wait(lambda: stored(store, key[1]).decode() == site.transcript(key[1]))
    with store.transaction() as tx:  # as a copy of the database has it that lags behind
        tx.run("UPDATE run SET state = 'queued', host = NULL, local_run = '', ended_at = NULL")
        tx.run("UPDATE run SET created_at = clock_timestamp()")
    wait(lambda: run_state(store, number)[0] == "done")
    assert run_state(store, number)[1:] == (run.name, "")
    assert [one.run_id for one in protocol.list_runs(site.listing)] == [run.name]


def test_while_the_database_is_away_all_goes_on_here(
    listing: SampleListing, tmp_path: Path
) -> None:
    with Cluster() as own:
        dsn = own.create("away")
        with FleetHost("c", tmp_path / "c", listing.root, dsn) as host, Store(dsn) as store:
            wait(lambda: session_of(store))
            store.close()
            own.stop(signal.SIGQUIT)
            with listing.transcript_path(FIRST).open("ab") as file:
                file.write(b'{"written": "meanwhile"}\n')
            assert host.verb("extend", FIRST, "30d").returncode == 0
            wait(lambda: "everything here goes on without it" in host.log)
            own.start()
            here = listing.session(FIRST)
            wait(lambda: (told := session_of(store)) and told.expires_at == here.expires_at)
            wait(lambda: stored(store) == listing.transcript_path(FIRST).read_bytes())
            assert host.member is not None
            assert host.member.poll() is None


def test_a_host_that_has_left_has_no_member(host: FleetHost) -> None:
    assert host.verb("fleet", "leave", "--yes").returncode == 0
    assert host.member is not None
    assert host.member.wait(60) == 4
    assert "has left the fleet" in host.log


def test_a_listing_that_vanishes_is_not_taken_for_purged(
    host: FleetHost, store: Store, listing: SampleListing
) -> None:
    wait(lambda: session_of(store))
    shutil.move(listing.folder, listing.root.parent / "elsewhere")
    other = SampleListing(listing.root, "other")
    other.add(str(uuid.uuid4()))
    wait(lambda: any(one.listing == "other" and one.shown != "{}" for one in rows(store).values()))
    assert not rows(store)[FIRST].is_gone
