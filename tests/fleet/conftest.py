"""A PostgreSQL for the tests of one file, with a fresh database for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import SampleListing
from tests.support.postgres import Cluster
from tui.fleet.member import member as members
from tui.fleet.member.member import Member
from tui.fleet.store import sessions
from tui.fleet.store.connection import Store
from tui.fleet_settings import FleetSettings

LEASE = timedelta(hours=1)  # no host is silent because the machine is slow


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
                sessions.beat(
                    tx, host, f"/data/{host}", "1", max_runs=4, lease_s=LEASE.total_seconds()
                )
    return made


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    with Store(dsn) as one:
        yield one


@pytest.fixture
def member(
    dsn: str, listing: SampleListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Member, list[str]]]:
    """The member of the host `a`, which has the test's `listing`, and what it has said."""
    file, said = tmp_path / "dsn", list[str]()
    file.write_text(dsn)
    file.chmod(0o600)
    fleet = FleetSettings(dsn_file=file, host="a", lease=LEASE)
    with ExitStack() as opened:
        monkeypatch.setattr(members, "open_store", lambda _: opened.enter_context(Store(dsn)))
        context = listing.context(fleet=fleet, state_dir=tmp_path / "state")
        yield Member(context, said.append), said
