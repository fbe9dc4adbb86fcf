"""A console whose fleet is not set up as it should be: it says why at once, and goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import OtherHost
from tests.support.listings.sample_listing import FIRST, THIRD, SampleListing
from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.core.models.catalog import Catalog
from tui.fleet.console import mirror
from tui.fleet.console.fleet import Fleet
from tui.fleet.dsn import read_dsn
from tui.fleet.fetching import NotFetched
from tui.fleet.store.connection import Store
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session

PATIENCE_S = 60.0
TROUBLES = {
    "no file": "cannot be read",
    "not for all": "has mode 644",
    "malformed": "does not say how to connect",
    "no tables": "run `session-console fleet join`",
    "no database": "does not exist",
}


@pytest.fixture
def here(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "here")
    listing.add(THIRD)
    return listing


@pytest.fixture
def dsn_file(tmp_path: Path) -> Path:
    return tmp_path / "dsn"


@pytest.fixture
def fleet(dsn_file: Path, tmp_path: Path) -> Iterator[Fleet]:
    mirrors = tmp_path / "mirrors"
    with Fleet(lambda: Store(read_dsn(dsn_file)), "b", mirrors, patience_s=PATIENCE_S) as one:
        yield one


def put(dsn_file: Path, text: str, mode: int = 0o600) -> None:
    dsn_file.write_text(text)
    dsn_file.chmod(mode)


def look(fleet: Fleet, here: SampleListing) -> Catalog:
    return fleet.joined(CatalogScanner(here.context()).look())


@pytest.mark.parametrize("name", TROUBLES)
def test_no_look_waits_for_a_fleet_that_is_not_set_up_and_its_mending_is_noticed(
    cluster: Cluster,
    dsn: str,
    dsn_file: Path,
    other: OtherHost,
    here: SampleListing,
    fleet: Fleet,
    name: str,
) -> None:
    if name == "not for all":
        put(dsn_file, dsn, 0o644)
    elif name == "malformed":
        put(dsn_file, "password hunter2 and more")
    elif name == "no tables":
        put(dsn_file, cluster.dsn())
    elif name == "no database":
        put(dsn_file, cluster.dsn("nowhere"))
    began = time.monotonic()
    catalog = look(fleet, here)
    assert time.monotonic() - began < PATIENCE_S
    assert TROUBLES[name] in catalog.unheard
    assert "hunter2" not in catalog.unheard
    assert [one.session_id for one in catalog.sessions] == [THIRD]
    put(dsn_file, dsn)
    wait(lambda: look(fleet, here).unheard == "")
    assert {one.session_id for one in look(fleet, here).sessions} == {THIRD, FIRST}


@pytest.fixture
def other(store: Store, tmp_path: Path) -> OtherHost:
    """The host `a`, with the session `FIRST`."""
    listing = SampleListing(tmp_path / "there")
    listing.add(FIRST)
    host = OtherHost(store, listing)
    host.tell()
    return host


def test_why_files_cannot_be_fetched_is_said_at_once_and_they_are_once_they_can(
    dsn: str, dsn_file: Path, other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    put(dsn_file, dsn)
    found = find_session(look(fleet, here), FIRST)
    dsn_file.unlink()
    with pytest.raises(NotFetched, match=r"the dsn_file .* cannot be read"):
        fleet.fetch(found)
    put(dsn_file, dsn)
    wait(lambda: fleet.bring(found) == "" and found.transcript is not None)
    fleet.fetch(found)


def test_a_copy_that_cannot_be_erased_keeps_no_other_from_saying_so(
    dsn: str,
    dsn_file: Path,
    other: OtherHost,
    here: SampleListing,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    put(dsn_file, dsn)
    found = find_session(look(fleet, here), FIRST)
    monkeypatch.setattr(mirror.Mirror, "_make_room", full)
    with pytest.raises(NotFetched, match="cannot be copied: Permission denied"):
        fleet.fetch(found)
