"""How to connect may change while programs run: each next connection is made as the file says."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import OtherHost
from tests.support.listings.sample_listing import FIRST, THIRD, SampleListing
from tests.support.processes.runs_site import wait
from tui.core.errors import Refused
from tui.fleet.console.wiring import fleet_of_console
from tui.fleet.dsn import read_dsn
from tui.fleet.store.connection import FleetAway, Store
from tui.fleet_settings import FleetSettings
from tui.operations.catalog.scanner import CatalogScanner


@pytest.fixture
def old(store: Store) -> str:
    """A role that will be locked out."""
    name = f"old_{uuid.uuid4().hex}"
    with store.transaction() as tx:
        tx.run("SELECT set_config('fleet.old', %s, true)", name)
        tx.run(
            "DO $$ BEGIN EXECUTE format('CREATE ROLE %%I SUPERUSER LOGIN', "
            "current_setting('fleet.old')); END $$"
        )
    return name


def lock_out(store: Store, role: str) -> None:
    """Refuse a role from now on, and end its connections."""
    with store.transaction() as tx:
        tx.run("SELECT set_config('fleet.old', %s, true)", role)
        tx.run(
            "DO $$ BEGIN EXECUTE format('ALTER ROLE %%I NOLOGIN', "
            "current_setting('fleet.old')); END $$"
        )
    with store.transaction() as tx:
        tx.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", role)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_console_that_runs_connects_as_the_file_says_now(
    dsn: str, store: Store, old: str, tmp_path: Path
) -> None:
    there, here = SampleListing(tmp_path / "there"), SampleListing(tmp_path / "here")
    there.add(FIRST)
    here.add(THIRD)
    other = OtherHost(store, there)
    other.tell()
    file = written(tmp_path / "dsn", dsn.replace("user=postgres", f"user={old}"))
    settings = FleetSettings(dsn_file=file, host="b")
    context = here.context(fleet=settings, state_dir=tmp_path / "state")
    with fleet_of_console(context.settings, is_patient=True) as fleet:
        catalog = fleet.joined(CatalogScanner(context).look())
        found = next(one for one in catalog.sessions if one.session_id == FIRST)
        fleet.fetch(found)
        lock_out(store, old)
        wait(lambda: fleet.bring(found) and fleet.joined(catalog).unheard)
        written(file, dsn)
        wait(lambda: not (fleet.bring(found) or fleet.joined(catalog).unheard))


def test_whoever_was_connected_waits_for_a_file_that_cannot_be_read(
    dsn: str, tmp_path: Path
) -> None:
    """A member went on after that; one that never could connect ends, and says why."""
    file = written(tmp_path / "dsn", dsn)
    with Store(lambda: read_dsn(file)) as store:
        store.check()
        store.close()
        file.chmod(0o644)
        with pytest.raises(FleetAway, match="has mode 644"):
            store.check()
        with Store(lambda: read_dsn(file)) as another, pytest.raises(Refused, match="mode 644"):
            another.check()
        file.chmod(0o600)
        store.check()
