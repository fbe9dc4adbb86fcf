"""A PostgreSQL for the tests of one file, with a fresh database for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.postgres import Cluster
from tui.fleet.store import sessions
from tui.fleet.store.connection import Store


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as one:
        yield one


@pytest.fixture
def dsn(cluster: Cluster) -> str:
    """A database with the fleet's tables, and the hosts `a` and `b`."""
    made = cluster.create(f"fleet_{uuid.uuid4().hex}")
    with Store(made) as store:
        store.migrate()
        for host in ("a", "b"):
            with store.transaction() as tx:
                sessions.beat(tx, host, f"/data/{host}", "1", max_runs=4, lease_s=15)
    return made


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    with Store(dsn) as one:
        yield one
