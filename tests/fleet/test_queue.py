"""The queue of runs: each is started once, never two of a session, never more than a host takes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
import random
import threading
import time
from collections import defaultdict
from multiprocessing.queues import Queue

import pytest

from tui.fleet.residence import residence, take_over
from tui.fleet.store import erasures, runs, sessions
from tui.fleet.store import files as stored_files
from tui.fleet.store.connection import NotHome, Store
from tui.fleet.store.runs import ClaimedRun, RunState
from tui.fleet.store.sessions import Key

KEY: Key = ("hollis_park", "9f2c")
HOSTS, SESSIONS, RUNS, MOST, THREADS = 4, 200, 600, 3, 5
Worked = tuple[str, str, str, float, float]  # run, session, host, from, until


@pytest.fixture
def session(store: Store) -> Key:
    with store.transaction() as tx:
        sessions.add(tx, KEY, "a")
    return KEY


def add(store: Store, *, want_host: str = "", key: Key = KEY) -> str:
    with store.transaction() as tx:
        return runs.enqueue(tx, key, '{"prompt": "go on"}', "ann", want_host=want_host)


def claim(
    store: Store, host: str, patience_s: float = 0.0, fresh_s: float = 60.0
) -> ClaimedRun | None:
    with store.transaction() as tx:
        return runs.claim(tx, host, patience_s=patience_s, fresh_s=fresh_s)


def note(store: Store, run_id: str, host: str, state: RunState) -> bool:
    with store.transaction() as tx:
        return runs.note_state(tx, run_id, host, state)


def left(store: Store) -> int:
    """Return how many runs are not over."""
    with store.transaction() as tx:
        return tx.run("SELECT FROM run WHERE state NOT IN ('done', 'failed')").rowcount


def work(dsn: str, host: str, seed: int) -> list[Worked]:
    """Claim and end runs until none is left."""
    chance, worked = random.Random(seed), list[Worked]()  # noqa: S311 (a test's dice)
    with Store(dsn) as store:
        while (run := claim(store, host, fresh_s=3600)) or left(store):
            if run is None:
                time.sleep(0.02)
                continue
            began = time.monotonic()
            for state in (RunState.STARTING, RunState.BUSY):
                assert note(store, run.nonce, host, state)
            time.sleep(chance.random() * 0.02)
            worked.append((run.nonce, run.key[1], host, began, time.monotonic()))
            assert note(store, run.nonce, host, chance.choice([RunState.DONE, RunState.FAILED]))
    return worked


def work_in_threads(
    dsn: str, host: str, barrier: multiprocessing.synchronize.Barrier, done: Queue[list[Worked]]
) -> None:
    barrier.wait(300)
    threads = [
        threading.Thread(target=lambda one=one: done.put(work(dsn, host, one)))
        for one in range(THREADS)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def most_at_once(spans: list[tuple[float, float]]) -> int:
    moments = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    most = now = 0
    for _, step in moments:
        now += step
        most = max(most, now)
    return most


def test_600_runs_of_200_sessions_on_4_hosts(dsn: str, store: Store) -> None:
    """A host has more workers than it has room for runs."""
    hosts = [f"host-{number}" for number in range(HOSTS)]
    chance = random.Random(4)  # noqa: S311 (a test's dice)
    with store.transaction() as tx:
        for host in hosts:
            sessions.beat(tx, host, "/data", "1", max_runs=MOST, lease_s=15)
        for number in range(SESSIONS):
            sessions.add(tx, ("hollis_park", f"session-{number}"), chance.choice(hosts))
        for number in range(RUNS):
            key = ("hollis_park", f"session-{number % SESSIONS}")
            runs.enqueue(tx, key, "{}", "ann", want_host=chance.choice(["", "", *hosts]))
    spawn = multiprocessing.get_context("spawn")
    barrier, done = spawn.Barrier(HOSTS), spawn.Queue()
    processes = [
        spawn.Process(target=work_in_threads, args=(dsn, host, barrier, done)) for host in hosts
    ]
    for one in processes:
        one.start()
    worked = [one for _ in range(HOSTS * THREADS) for one in done.get(timeout=600)]
    for one in processes:
        one.join(300)
    assert [one.exitcode for one in processes] == [0] * HOSTS
    assert len({run for run, *_ in worked}) == len(worked) == RUNS
    of_session, of_host = (defaultdict[str, list[tuple[float, float]]](list) for _ in "ab")
    for _, session_id, host, began, ended in worked:
        of_session[session_id].append((began, ended))
        of_host[host].append((began, ended))
    assert {most_at_once(spans) for spans in of_session.values()} == {1}
    assert max(most_at_once(spans) for spans in of_host.values()) == MOST
    assert left(store) == 0


def test_the_table_itself_refuses_a_second_run_of_a_session(store: Store, session: Key) -> None:
    first, second = add(store), add(store)
    assert claim(store, "a") is not None
    with store.transaction() as tx, pytest.raises(Exception, match="run_at_work"):
        tx.run("UPDATE run SET state = 'claimed', host = 'b' WHERE nonce = %s", second)
    assert note(store, first, "a", RunState.DONE)
    again = claim(store, "b")
    assert again is not None
    assert again.nonce == second


def test_the_home_has_the_first_word_and_a_wanted_host_the_only_one(
    store: Store, session: Key
) -> None:
    run_id = add(store)
    assert claim(store, "b", patience_s=600) is None
    claimed = claim(store, "a", patience_s=600)
    assert claimed is not None
    assert (claimed.nonce, claimed.key, claimed.home.host) == (run_id, KEY, "a")
    assert claimed.request == '{"prompt": "go on"}'
    assert note(store, run_id, "a", RunState.DONE)
    add(store, want_host="b")
    assert claim(store, "a") is None
    assert claim(store, "b", patience_s=600) is not None


def test_a_full_host_claims_nothing_until_a_run_ends(store: Store) -> None:
    keys = [("hollis_park", f"session-{number}") for number in range(3)]
    with store.transaction() as tx:
        sessions.beat(tx, "a", "/data/a", "1", max_runs=2, lease_s=15)
        for key in keys:
            sessions.add(tx, key, "a")
    for key in keys:
        add(store, key=key)
    first = claim(store, "a")
    assert first is not None
    assert claim(store, "a") is not None
    assert claim(store, "a") is None
    assert note(store, first.nonce, "a", RunState.FAILED)
    assert claim(store, "a") is not None


def test_a_run_that_was_taken_over_is_not_the_lost_hosts_any_more(
    store: Store, session: Key
) -> None:
    run_id = add(store)
    assert claim(store, "a") is not None
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = now() - lease * 2 WHERE host = 'a'")
        file = stored_files.add_file(tx, KEY, f"{KEY[1]}.jsonl".encode())
        stored_files.append(tx, file, [b"one\n"])
    home = residence(store, KEY)
    assert home is not None
    home = take_over(store, KEY, home, "b")
    assert not note(store, run_id, "a", RunState.DONE)
    with store.transaction() as tx:
        (row,) = tx.run("SELECT state, error FROM run").fetchall()
    assert row == ("failed", "a was lost while it ran")
    add(store)
    assert claim(store, "b") is None  # its files are still coming
    with store.transaction() as tx:
        sessions.note_arrival(tx, KEY, home)
    assert claim(store, "b") is not None


def test_a_queued_run_can_be_cancelled_and_a_claimed_one_cannot(store: Store, session: Key) -> None:
    first, second = add(store), add(store)
    with store.transaction() as tx:
        assert runs.cancel(tx, first)
        assert not runs.cancel(tx, first)
    claimed = claim(store, "a")
    assert claimed is not None
    assert claimed.nonce == second
    with store.transaction() as tx:
        assert not runs.cancel(tx, second)


def test_what_no_host_claimed_in_time_is_not_begun(store: Store, session: Key) -> None:
    late = add(store)
    with store.transaction() as tx:
        tx.run("UPDATE run SET created_at = created_at - interval '61 s'")
    fresh = add(store)
    claimed = claim(store, "a")
    assert claimed is not None
    assert claimed.nonce == fresh
    with store.transaction() as tx:
        assert [one.nonce for one in runs.late(tx, "a")] == [late]
        assert runs.lapse(tx, late, "a", "too late", is_sure=True)
        found = runs.progress(tx, late)
        assert not runs.lapse(tx, late, "a", "too late", is_sure=True)
    assert found is not None
    assert (found.state, found.error) == (RunState.CANCELLED, "too late")


def test_a_purged_sessions_runs_are_erased_and_none_is_added(store: Store, session: Key) -> None:
    add(store)
    with store.transaction() as tx:
        erasures.bury(tx, KEY)
    assert claim(store, "a") is None
    with store.transaction() as tx:
        assert tx.run("SELECT FROM run").fetchall() == []
    with pytest.raises(NotHome, match="no session of that id"):
        add(store)
