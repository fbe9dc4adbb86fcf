"""The fleet: one PostgreSQL of its own, with what hosts tell, ask, ship and write.

The floor of a look takes the same rows and makes nothing of them; that of shipping writes the same
bytes to a disk. A move is the whole verb between two members, so that it has no floor.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench._figures import Measured, best, ratio
from tests.bench.catalog import context_of, sample_root
from tests.support.fleet_host import FleetHost
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.core.models.catalog import Catalog
from tui.fleet.residence import residence
from tui.fleet.shipping import LocalFile, Shipper
from tui.fleet.shown_session import decode, encode
from tui.fleet.store import hosts, live, sessions, shown
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Key
from tui.fleet.store.shown import Horizon
from tui.operations.catalog.scanner import CatalogScanner

_LISTINGS, _SESSIONS = 1000, 10
_AT_ONCE = 200
_MB = 1024 * 1024
_SHIPPED, _MOVED = 100 * _MB, 10 * _MB
_KEY: Key = ("hollis_park", FIRST)
_AGENTS, _CONSOLES, _SEEN_BY_EACH = 50, 20, 3
_WRITTEN_S, _READ_S, _FOR_S = 0.15, 0.15, 20.0  # as a member writes and a console reads
_BODY = b"x" * 2000


def measure() -> list[Measured]:
    """Return every measurement of this file."""
    with Cluster() as cluster:
        return [
            *_telling(_database(cluster, "told")),
            _shipping(_database(cluster, "shipped")),
            *_words(cluster, _database(cluster, "words")),
            *_members(cluster, _database(cluster, "members")),
        ]


def _database(cluster: Cluster, name: str) -> str:
    dsn = cluster.create(name)
    with Store(dsn) as store:
        store.migrate()
        with store.transaction() as tx:
            for host in ("a", "b"):
                sessions.beat(tx, host, f"/data/{host}", "1", max_runs=4, lease_s=60)
    return dsn


def _telling(dsn: str) -> Iterator[Measured]:
    """Measure what a host with 10,000 sessions tells when it joins, and what a console reads."""
    with sample_root(_LISTINGS, _SESSIONS) as root:
        texts = [(one.key, 1, encode(one)) for one in _look(root).sessions]
    total = f"{len(texts):,} sessions"
    with Store(dsn) as store:
        began = time.perf_counter()
        with store.transaction() as tx:
            sessions.join(tx, [key for key, *_ in texts], "b")
        for first in range(0, len(texts), _AT_ONCE):
            with store.transaction() as tx:
                shown.publish_many(tx, "b", texts[first : first + _AT_ONCE])
        yield _seconds(f"{total} told by a host that joins", time.perf_counter() - began, 5.0)
        yield _seconds(f"{total} elsewhere, first look", best(lambda: _first_look(store), 3), 0.3)
        horizon = _first_look(store)
        poll = 1000 * best(lambda: _poll(store, horizon), 50)
        yield {"name": "... a look when nothing changed", "value": poll, "unit": "ms", "goal": 2.0}


def _look(root: Path) -> Catalog:
    return CatalogScanner(context_of(root)).look()


def _first_look(store: Store) -> Horizon:
    with store.transaction() as tx:
        rows, horizon = shown.look(tx, None)
    for one in rows:
        decode(one.shown, (one.listing, one.session_id), one.host, Path("/mirror"))
    return horizon


def _poll(store: Store, since: Horizon) -> None:
    with store.transaction() as tx:
        shown.look(tx, since)
        hosts.beats(tx)


def _shipping(dsn: str) -> Measured:
    line = b'{"type": "assistant", "text": "' + os.urandom(300).hex().encode() + b'"}\n'
    with tempfile.TemporaryDirectory(prefix="session-console-bench-") as name, Store(dsn) as store:
        path = Path(name) / f"{FIRST}.jsonl"
        content = line * (_SHIPPED // len(line))
        floor = best(lambda: _written(path, content), 3)
        with store.transaction() as tx:
            sessions.add(tx, _KEY, "a")
        home = residence(store, _KEY)
        assert home is not None
        shipper = Shipper(store, _KEY, home)
        began = time.perf_counter()
        shipped = shipper.ship([LocalFile(path.name.encode(), path)])
        taken = time.perf_counter() - began
        assert shipped == len(content)
    return ratio("100 MB shipped, against written to a disk", taken, floor, None)


def _written(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _words(cluster: Cluster, dsn: str) -> Iterator[Measured]:
    """Have fifty agents write, and as many consoles read, at the pace of both.

    A word waits for the writer's turn, then for the reader's; the time of either counts, too.
    """
    keys = [("hollis_park", f"session-{one}") for one in range(_AGENTS)]
    with Store(dsn) as member, _opened(dsn, _CONSOLES) as consoles:
        with member.transaction() as tx:
            sessions.join(tx, keys, "b")
        seen: list[dict[Key, int]] = [
            dict.fromkeys((keys[(number + one) % _AGENTS] for one in range(_SEEN_BY_EACH)), -1)
            for number in range(_CONSOLES)
        ]
        late = list[float]()
        began, spent = time.monotonic(), cluster.cpu_s
        at = began
        while (at := at + _WRITTEN_S) < began + _FOR_S:
            written = time.monotonic()
            with member.transaction() as tx:
                live.write(tx, "b", dict.fromkeys(keys, _BODY))
            for console, wanted in zip(consoles, seen, strict=True):
                with console.transaction() as tx:
                    news, _ = live.read(tx, wanted)
                wanted |= {(one.listing, one.session_id): one.seq for one in news}
                late.append(1000 * (_WRITTEN_S + _READ_S + time.monotonic() - written))
            time.sleep(max(0.0, at - time.monotonic()))
        share = 100 * (cluster.cpu_s - spent) / (time.monotonic() - began)
    p95 = sorted(late)[int(0.95 * len(late))]
    name = f"a word of {_AGENTS} agents to {_CONSOLES} consoles elsewhere, at the latest"
    yield {"name": f"{name}, p95", "value": p95, "unit": "ms", "goal": 400.0}
    yield {"name": "... PostgreSQL, of a core", "value": share, "unit": "%", "goal": 25.0}


@contextmanager
def _opened(dsn: str, number: int) -> Iterator[list[Store]]:
    stores = [Store(dsn) for _ in range(number)]
    try:
        yield stores
    finally:
        for one in stores:
            one.close()


def _members(cluster: Cluster, dsn: str) -> Iterator[Measured]:
    """Measure the verb `move` until a session is on its new home, and what two members cost."""
    with tempfile.TemporaryDirectory(prefix="session-console-bench-") as name:
        place = Path(name)
        listing = SampleListing(place / "outputs")
        listing.add(FIRST)
        line = b'{"type": "user", "message": {"role": "user", "content": "pumps"}}\n'
        with listing.transcript_path(FIRST).open("ab") as file:
            file.write(line * (_MOVED // len(line)))
        size = listing.transcript_path(FIRST).stat().st_size
        here = FleetHost("c", place / "c", listing.root, dsn)
        there = FleetHost("d", place / "d", place / "d" / "outputs", dsn)
        with here, there, Store(dsn) as store:
            wait(lambda: _stored(store) == size)
            time.sleep(2)
            began, spent = time.perf_counter(), cluster.cpu_s
            time.sleep(_FOR_S)
            share = 50 * (cluster.cpu_s - spent) / (time.perf_counter() - began)
            started = best(lambda: here.verb("hosts"), 3)
            began = time.perf_counter()
            moved = here.verb("move", FIRST, "d")
            taken = time.perf_counter() - began
        assert moved.returncode == 0, moved.stderr
    yield _seconds("a session of 10 MB moved, without a bare start", taken - started, None)
    name = "PostgreSQL, of a core, for a member that has nothing to do"
    yield {"name": name, "value": share, "unit": "%", "goal": None}


def _stored(store: Store) -> int:
    with store.transaction() as tx:
        row = tx.run("SELECT coalesce(sum(size), 0)::bigint FROM file").fetchone()
    return int(row[0]) if row else 0


def _seconds(name: str, seconds: float, goal: float | None) -> Measured:
    return {"name": name, "value": seconds, "unit": "s", "goal": goal}
