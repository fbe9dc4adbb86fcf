"""A host joins the fleet and leaves it, with verbs, and its root stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fleet.test_residence import home as home_of
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot, with_footprint
from tests.support.postgres import Cluster
from tui.__main__ import main
from tui.core.errors import Refused
from tui.fleet import bus
from tui.fleet.joining import join, leave
from tui.fleet.residence import hand_over
from tui.fleet.shown_session import decode
from tui.fleet.speaker import Speaker
from tui.fleet.store import commands, erasures, hosts, sessions, shown
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import FleetAway, FleetForbidden, Store
from tui.fleet.store.grants import grants
from tui.fleet.store.schema import MIGRATIONS, SCHEMA
from tui.fleet.store.sessions import Key, Residence
from tui.fleet.store.shown import ShownRow
from tui.fleet_settings import FleetSettings
from tui.operations.context import Context
from tui.safe_io.folders import OURS
from tui.storage.state.elsewhere import Elsewhere, note_elsewhere


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return with_footprint(tmp_path / "outputs")


def context_of(listing: SampleListing, dsn: str, host: str = "a") -> Context:
    file = listing.root.parent / f"dsn-{host}"
    file.write_text(dsn)
    file.chmod(0o600)
    return listing.context(fleet=FleetSettings(dsn_file=file, host=host))


def rows(store: Store) -> dict[str, ShownRow]:
    with store.transaction() as tx:
        return {one.session_id: one for one in shown.look(tx, None)[0]}


def stored(store: Store, path: bytes) -> bytes:
    with store.transaction() as tx:
        for one in stored_files.files(tx, ("hollis_park", FIRST)):
            if one.path == path:
                return b"".join(stored_files.bodies(tx, one, 0))
    raise AssertionError(path)


def test_a_join_tells_of_all_and_ships_it_and_changes_nothing(
    cluster: Cluster, listing: SampleListing
) -> None:
    dsn = cluster.create("joined")  # without tables as yet
    before, context = snapshot(listing.folder), context_of(listing, dsn)
    said: list[str] = []
    done = join(context, said.append)
    assert (done.sessions, done.migrations) == (2, len(MIGRATIONS))
    assert said == ["2 sessions told of; shipping their files"]
    with Store(dsn) as store:
        row = rows(store)[FIRST]
        told = decode(row.shown, (row.listing, row.session_id), row.host, Path("/mirror"))
        here = listing.session(FIRST)
        assert (row.host, told.title, told.row) == ("a", here.title, here.row)
        transcript = listing.transcript_path(FIRST)
        assert stored(store, transcript.name.encode()) == transcript.read_bytes()
        assert stored(store, f"{FIRST}/subagents/agent-1.jsonl".encode()) == b"{}\n"
    again = join(context, said.append)
    assert (again.migrations, again.bytes) == (0, 0)
    assert snapshot(listing.folder) == before
    assert {one.name for one in listing.root.iterdir()} == {OURS, listing.listing_id}


def test_a_host_that_leaves_takes_every_byte_along(dsn: str, listing: SampleListing) -> None:
    before, context = snapshot(listing.folder), context_of(listing, dsn, "b")
    with Store(dsn) as store, store.transaction() as tx:
        tx.run("UPDATE host SET left_at = now()")
    join(context, lambda _: None)
    leave(context)
    with Store(dsn) as store:
        for table in ("file", "chunk", "run", "command", "live"):
            with store.transaction() as tx:
                assert tx.run_binary(f"SELECT FROM {table}").fetchall() == []
        assert all(one.is_gone and one.shown == "{}" for one in rows(store).values())
        with pytest.raises(Refused, match="has left the fleet"):
            Speaker(context, store).report()
        with store.transaction() as tx:
            sessions.join(tx, [("hollis_park", FIRST)], "b")
            assert sessions.homes(tx, "b") == {}
    join(context, lambda _: None)
    with Store(dsn) as store:
        assert not any(one.is_gone for one in rows(store).values())
    assert snapshot(listing.folder) == before
    assert {one.name for one in listing.root.iterdir()} == {OURS, listing.listing_id}


def test_of_two_roots_one_has_the_name(dsn: str, listing: SampleListing, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="another root"):
        join(context_of(listing, dsn), lambda _: None)


def test_a_session_of_another_host_stays_there(dsn: str, listing: SampleListing) -> None:
    with Store(dsn) as store:
        with store.transaction() as tx:
            sessions.add(tx, ("hollis_park", FIRST), "b")
            tx.run("DELETE FROM host WHERE host = 'a'")
        join(context_of(listing, dsn), lambda _: None)
        assert rows(store)[FIRST].host == "b"
        assert rows(store)[FIRST].shown == "{}"


def test_a_host_s_role_may_join_and_change_no_table(
    cluster: Cluster, listing: SampleListing
) -> None:
    dsn = cluster.create("granted")
    role = 'host "c"'
    mine = dsn.replace("user=postgres", "user='host \"c\"'")
    with Store(dsn) as owner:
        statements = grants(role)
        with owner.transaction() as tx:
            tx.run(statements.splitlines()[0])
        with pytest.raises(FleetForbidden, match="may not do that") as caught:
            join(context_of(listing, mine, "c"), lambda _: None)
        assert caught.value.remedy == "fleet grant"
        owner.migrate()
        with owner.transaction() as tx:
            for text in statements.splitlines()[1:]:
                tx.run(text)
    assert join(context_of(listing, mine, "c"), lambda _: None).sessions == 2
    leave(context_of(listing, mine, "c"))
    for text in (f"DROP TABLE {SCHEMA}.session", "DELETE FROM session"):
        with Store(mine) as store, pytest.raises(FleetForbidden), store.transaction() as tx:
            tx.run(text)


def ask_and_answer(dsn: str) -> None:
    """Have two things asked from the host `b`, of which one is done by `c`."""
    with Store(dsn, host="b") as there, there.transaction() as tx:
        key = ("hollis_park", FIRST)
        number = commands.post(tx, key, "stop", "{}", "ann")
        odd = commands.post(tx, key, "stop", "{}", "ann")
        commands.finish(tx, odd, "[]")
    with Store(dsn, host="c") as here, here.transaction() as tx:
        commands.take(tx, "c")
        outcome = bus.encode_outcome(bus.Outcome(words="stopped", is_done=True))
        commands.finish(tx, number, outcome)


def test_the_verbs_say_how_it_stands(
    dsn: str, listing: SampleListing, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    context_of(listing, dsn, "c")
    config = tmp_path / "config.toml"
    config.write_text(f"[fleet]\nhost = 'c'\ndsn_file = '{tmp_path / 'dsn-c'}'\nlease = '1h'\n")
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", str(config))

    def say(*words: str) -> tuple[int, str]:
        code = main(["--root", str(listing.root), *words])
        return code, "".join(capsys.readouterr())

    not_yet = "this host, c, is not in the fleet yet"
    assert say("fleet", "status") == (1, f"{not_yet}, which has 2 hosts: `fleet join`\n")
    assert f"\n{not_yet}: `fleet join`\n" in say("hosts")[1]
    assert "c is in the fleet: 2 sessions told of" in say("fleet", "join")[1]
    code, text = say("fleet", "status")
    stands = "reports to the fleet: 2 sessions, 0 runs at work that others asked for"
    assert (code, text.splitlines()[0]) == (0, f"this host, c, {stands}")
    assert "the host a reports to the fleet: 0 sessions" in text
    hosts = json.loads(say("hosts", "--json")[1])
    assert [(one["host"], one["sessions"], one["is_own"]) for one in hosts] == [
        ("a", 0, False),
        ("b", 0, False),
        ("c", 2, True),
    ]
    assert [line.split()[0] for line in say("hosts")[1].splitlines()] == ["HOST", "a", "b", "c"]
    assert say("fleet", "log") == (0, "nothing was asked of another host lately\n")
    ask_and_answer(dsn)
    log = json.loads(say("fleet", "log", "--json")[1])
    assert [(one["from_host"], one["on_host"], one["outcome"]) for one in log] == [
        ("b", "c", "done: stopped"),
        ("b", "", "not understood"),
    ]
    assert (
        "ann  postgres  b     stop   hollis_park/9f2c"
        in say("fleet", "log", "--session", "9f2c")[1]
    )
    with Store(dsn) as store, store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = clock_timestamp() - interval '3 h' WHERE host = 'a'")
    text = say("hosts")[1]
    assert text.splitlines()[1].split()[:4] == ["a", "silent", "3", "h"]
    assert "a: no report for longer than the lease" in text
    assert "the host a is silent 3 h" in say("fleet", "status")[1]
    assert say("fleet", "leave")[0] == 5
    assert "c has left the fleet with 2 sessions" in say("fleet", "leave", "--yes")[1]
    assert json.loads(say("fleet", "status", "--json")[1])["is_joined"] is False


def test_a_host_stays_until_it_has_fetched_what_was_given_to_it(
    dsn: str, listing: SampleListing
) -> None:
    """The database has the only copy of it."""
    context, key = context_of(listing, dsn, "c"), ("hollis_park", "9f2f")
    join(context, lambda _: None)
    with Store(dsn) as store:
        home = home_of(store, key)
        hand_over(store, key, home, "c")
        with pytest.raises(Refused, match="in the database alone as yet: 1 session,") as caught:
            leave(context)
        assert caught.value.remedy == "member"
        assert not rows(store)["9f2f"].is_gone
        with store.transaction() as tx:
            assert not hosts.has_left(tx, "c")
            sessions.note_arrival(tx, key, Residence(host="c", fence=2))
        assert "with 3 sessions" in leave(context)
        assert all(one.is_gone for one in rows(store).values())


@pytest.mark.parametrize("becomes", ["purged", "elsewhere", "a visitor"])
def test_only_what_can_be_brought_back_keeps_a_host_in_the_fleet(
    dsn: str, listing: SampleListing, becomes: str
) -> None:
    context, key = context_of(listing, dsn, "c"), ("hollis_park", FIRST)
    join(context, lambda _: None)
    with Store(dsn) as store:
        home = sessions_of(store, "c")[key]
        if becomes == "a visitor":
            with store.transaction() as tx:
                tx.run("UPDATE session SET had_by = '{b}' WHERE session_id = %s", FIRST)
        hand_over(store, key, home, "b")
        note_elsewhere(listing.folder, FIRST, Elsewhere(host="b", at=None, fence=2))
        if becomes == "purged":
            with store.transaction() as tx:
                erasures.bury(tx, key)
        if becomes == "elsewhere":
            with pytest.raises(Refused, match="bring them back first"):
                leave(context)
        else:
            assert "with 1 session;" in leave(context)


def test_leaving_goes_on_where_it_broke_off(
    dsn: str, listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(listing, dsn, "c")
    join(context, lambda _: None)
    with monkeypatch.context() as broken:
        broken.setattr(erasures, "erase_some", _away)
        with pytest.raises(FleetAway):
            leave(context)
    with Store(dsn) as store:
        assert all(one.is_gone for one in rows(store).values())
        assert "has left the fleet" in leave(context)
        with store.transaction() as tx:
            assert tx.run_binary("SELECT FROM file").fetchall() == []


def _away(*_: object) -> None:
    raise FleetAway("it is away")


def sessions_of(store: Store, host: str) -> dict[Key, Residence]:
    with store.transaction() as tx:
        return sessions.homes(tx, host)
