"""One home for each session: who gets it, and who cannot write to it any more."""

from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tui.core.errors import Reason, Refused
from tui.fleet.residence import hand_over, residence, take_over
from tui.fleet.shipping import LocalFile, Shipper
from tui.fleet.store import erasures, hosts, sessions
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import FleetBusy, NotHome, Store, WrongSchema
from tui.fleet.store.schema import MIGRATIONS
from tui.fleet.store.sessions import Key, Residence

KEY: Key = ("hollis_park", "9f2c0000-1111-4222-8333-444455556666")
CLAIMERS, ROUNDS = 8, 200


def home(store: Store, key: Key = KEY, host: str = "a", content: bytes = b"one\n") -> Residence:
    """Add a session that lives on a host, and return its residence."""
    with store.transaction() as tx:
        sessions.add(tx, key, host)
        if content:
            file = stored_files.add_file(tx, key, f"{key[1]}.jsonl".encode())
            stored_files.append(tx, file, [content])
        found = sessions.residence(tx, key)
    assert found is not None
    return found


def silence(store: Store, host: str) -> None:
    """Let a host's last report be older than its lease."""
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = now() - lease * 2 WHERE host = %s", host)


def claim_again_and_again(
    dsn: str, host: str, barrier: multiprocessing.synchronize.Barrier, won: Queue[tuple[int, str]]
) -> None:
    with Store(dsn) as store:
        for number in range(ROUNDS):
            key = ("hollis_park", f"session-{number}")
            known = residence(store, key)
            assert known is not None
            barrier.wait(300)  # all have read who has it before one of them takes it
            try:
                take_over(store, key, known, host)
            except NotHome:
                continue
            won.put((number, host))


def test_of_eight_claimers_one_wins_each_round(dsn: str, store: Store) -> None:
    hosts = [f"claimer-{number}" for number in range(CLAIMERS)]
    with store.transaction() as tx:
        for host in hosts:
            sessions.beat(tx, host, "/data", "1", max_runs=4, lease_s=15)
    for number in range(ROUNDS):
        home(store, ("hollis_park", f"session-{number}"))
    silence(store, "a")
    spawn = multiprocessing.get_context("spawn")
    barrier, won = spawn.Barrier(CLAIMERS), spawn.Queue()
    claimers = [
        spawn.Process(target=claim_again_and_again, args=(dsn, host, barrier, won))
        for host in hosts
    ]
    for one in claimers:
        one.start()
    wins = [won.get(timeout=600) for _ in range(ROUNDS)]
    for one in claimers:
        one.join(300)
    assert [one.exitcode for one in claimers] == [0] * CLAIMERS
    assert won.empty()
    assert sorted(number for number, _ in wins) == list(range(ROUNDS))
    for number, host in wins:
        found = residence(store, ("hollis_park", f"session-{number}"))
        assert found is not None
        assert (found.host, found.fence) == (host, 2)


def test_a_host_that_is_heard_of_keeps_its_sessions(store: Store) -> None:
    known = home(store)
    with pytest.raises(NotHome):
        take_over(store, KEY, known, "b")
    silence(store, "a")
    silent = residence(store, KEY)
    assert silent == Residence(host="a", fence=1, is_silent=True)
    with store.transaction() as tx:
        sessions.beat(tx, "a", "/data/a", "1", max_runs=4, lease_s=15)
    with pytest.raises(NotHome):  # it was silent when it was looked at, and is not any more
        take_over(store, KEY, silent, "b")
    assert residence(store, KEY) == known


def test_what_was_not_shipped_is_not_taken_over(store: Store) -> None:
    """Nobody could go on with it, and its home, once it is back, would put its files aside."""
    home(store, content=b"")
    silence(store, "a")
    known = residence(store, KEY)
    assert known is not None
    with pytest.raises(Refused, match="before it had shipped anything") as caught:
        take_over(store, KEY, known, "b")
    assert caught.value.reason is Reason.NO_TRANSCRIPT
    assert residence(store, KEY) == known


def test_nothing_is_given_to_a_host_that_takes_nothing_in(store: Store) -> None:
    known = home(store)
    with store.transaction() as tx:
        sessions.beat(tx, "b", "/data/b", "1", max_runs=4, lease_s=15, is_read_only=True)
    silence(store, "a")
    for move in (hand_over, take_over):
        with pytest.raises(Refused, match="b is read-only"):
            move(store, KEY, known, "b")
    with store.transaction() as tx:
        sessions.beat(tx, "b", "/data/b", "1", max_runs=4, lease_s=15)
        hosts.leave(tx, "b")
    for host in ("b", "nowhere"):
        with pytest.raises(Refused, match="is not in the fleet"):
            hand_over(store, KEY, known, host)
    found = residence(store, KEY)
    assert found is not None
    assert found.host == "a"


def test_a_session_that_comes_home_again_is_not_what_it_was(store: Store) -> None:
    """Else a host could write that slept while its session went away and came back."""
    known = home(store)
    away = hand_over(store, KEY, known, "b")
    back = hand_over(store, KEY, away, "a")
    assert back == Residence(host="a", fence=3)
    for stale in (known, away):
        with pytest.raises(NotHome):
            hand_over(store, KEY, stale, "b")
        with store.transaction() as tx, pytest.raises(NotHome):
            sessions.hold(tx, KEY, stale)
    with store.transaction() as tx:
        sessions.hold(tx, KEY, back)


def test_what_a_host_ships_that_lost_its_session_is_refused(store: Store, tmp_path: Path) -> None:
    """Forty times; all forty are accepted when the fence is checked before the transaction."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"first\n")
    files = [LocalFile(f"{KEY[1]}.jsonl".encode(), path)]
    lost = Shipper(store, KEY, home(store))
    lost.ship(files)
    silence(store, "a")
    known = residence(store, KEY)
    assert known is not None
    take_over(store, KEY, known, "b")
    for number in range(40):
        with path.open("ab") as file:
            file.write(b"stale %d\n" % number)
        with pytest.raises(NotHome):
            lost.ship(files)
    assert stored(store) == b"first\n"


def test_a_home_that_changes_while_a_transaction_is_open_waits_for_its_end(
    dsn: str, store: Store
) -> None:
    """What is written after a check can only be refused if the check holds the session."""
    known = home(store)
    silence(store, "a")
    with Store(dsn) as other:
        with store.transaction() as tx:
            sessions.hold(tx, KEY, known)
            with pytest.raises(FleetBusy):
                take_at_once(other, known)
        take_over(other, KEY, known, "b")


def take_at_once(store: Store, known: Residence) -> None:
    with store.transaction() as tx:
        tx.run("SET LOCAL lock_timeout = '50ms'")
        sessions.move(tx, KEY, known, "b", is_taken_over=True)


def test_a_purged_session_has_no_home_and_leaves_its_key(store: Store, tmp_path: Path) -> None:
    known = home(store)
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"precious\n")
    shipper = Shipper(store, KEY, known)
    shipper.ship([LocalFile(f"{KEY[1]}.jsonl".encode(), path)])
    with store.transaction() as tx:
        sessions.hold(tx, KEY, known)
        erasures.bury(tx, KEY)
    assert residence(store, KEY) is None
    with store.transaction() as tx:
        assert erasures.erase_some(tx)
        files = tx.run("SELECT FROM file").fetchall()
        chunks = tx.run("SELECT FROM chunk").fetchall()
        gone = tx.run("SELECT listing, session_id, shown FROM session").fetchall()
    assert files == chunks == []
    assert gone == [(*KEY, "{}")]
    path.write_bytes(b"precious\nmore\n")
    with pytest.raises(NotHome):
        shipper.ship([LocalFile(f"{KEY[1]}.jsonl".encode(), path)])


def stored(store: Store) -> bytes:
    """Return the bytes of the first file of a session."""
    with store.transaction() as tx:
        (file,) = stored_files.files(tx, KEY)
        return b"".join(stored_files.bodies(tx, file, 0))


def test_a_host_whose_last_report_is_later_than_the_clock_is_silent(store: Store) -> None:
    """The database's clock was set back; a host that is there reports again."""
    known = home(store)
    for ahead, is_silent in (("4 s", False), ("1 hour", True)):
        with store.transaction() as tx:
            tx.run(
                "UPDATE host SET lease = '1 hour', beat_at = clock_timestamp() + %s::interval",
                ahead,
            )
            assert [one.is_silent for one in hosts.beats(tx)] == [is_silent] * 2
            assert [one.is_silent for one in hosts.hosts(tx)] == [is_silent] * 2
        found = residence(store, KEY)
        assert found is not None
        assert found.is_silent is is_silent
    assert take_over(store, KEY, known, "b").host == "b"


def test_tables_are_made_once_and_other_versions_are_named(cluster: Cluster) -> None:
    dsn = cluster.create("versions")
    with Store(dsn) as store:
        with pytest.raises(WrongSchema, match="has no tables yet"):
            store.check()
        assert store.migrate() == len(MIGRATIONS)
        assert store.migrate() == 0
        store.check()
        with store.transaction() as tx:
            tx.run("INSERT INTO migration (number) VALUES (%s)", len(MIGRATIONS) + 1)
        for act in (store.check, store.migrate):
            with pytest.raises(WrongSchema, match="bring it up to date"):
                act()
