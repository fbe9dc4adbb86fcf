"""A session has one home: it moves whole, its old home refuses it, and a zombie is put aside."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.test_member import LISTING, session_of, stored
from tests.fleet.test_residence import silence
from tests.support.fleet_host import FleetHost
from tests.support.listings.sample_listing import SampleListing
from tests.support.processes.runs_site import Site, over, wait
from tui.core.errors import Reason, Refused
from tui.core.models.session import Key, Liveness
from tui.fleet.member.moving import take_in
from tui.fleet.residence import hand_over, residence
from tui.fleet.store import sessions
from tui.fleet.store.connection import FleetAway, Store
from tui.operations.target import Target, hold_lock, require_here
from tui.runs.folder import protocol
from tui.runs.folder.protocol import read_run


@pytest.fixture
def here(dsn: str, site: Site, tmp_path: Path) -> Iterator[FleetHost]:
    settings = f'env_file = "{site.env_file}"'
    with FleetHost("c", tmp_path / "c", site.listing.parent, dsn, settings) as one:
        yield one


@pytest.fixture
def there(dsn: str, site: Site, tmp_path: Path) -> Iterator[FleetHost]:
    settings = f'env_file = "{site.env_file}"'
    with FleetHost("d", tmp_path / "d", tmp_path / "d" / "outputs", dsn, settings) as one:
        yield one


def home_of(store: Store, key: Key) -> str:
    found = residence(store, key)
    assert found is not None
    return found.host


def finished(site: Site, store: Store, prompt: str = "ECHO one") -> Key:
    """Run a session on the first host, and wait until the fleet has all of it."""
    run = site.start(prompt)
    over(run)
    key = (LISTING, protocol.session_of(run))
    wait(lambda: (one := session_of(store, key[1])) and one.liveness is Liveness.NONE)
    wait(lambda: stored(store, key[1]).decode() == site.transcript(key[1]))
    return key


def files_in(listing: Path, where: str) -> dict[str, bytes]:
    found = (listing / ".session_console" / where).rglob("*")
    return {one.name: one.read_bytes() for one in found if one.is_file()}


def test_a_session_moves_goes_on_there_and_comes_back(
    here: FleetHost, there: FleetHost, store: Store, site: Site
) -> None:
    key = finished(site, store)
    session_id, row = key[1], site.row(key[1])
    before = site.transcript(session_id)
    moved = here.verb("move", session_id, "d")
    assert moved.returncode == 0, moved.stderr
    assert home_of(store, key) == "d"
    arrived = SampleListing(there.root)
    assert arrived.session(session_id).row == row
    assert arrived.session(session_id).transcript is not None
    assert site.transcript(session_id) == ""
    assert files_in(site.listing, "moved") == {f"{session_id}.jsonl": before.encode()}

    refusing = Target(session_id, site.listing)
    with pytest.raises(Refused, match="lives on d now") as caught, hold_lock(refusing):
        pass
    assert caught.value.reason is Reason.ELSEWHERE

    resumed = there.verb("resume", session_id, "ECHO two", "--cwd", ".", "--wait")
    assert resumed.returncode == 0, resumed.stderr
    (path,) = there.root.glob(f"*/.claude_sessions/projects/*/{session_id}.jsonl")
    assert "ECHO one" in path.read_text()
    assert "ECHO two" in path.read_text()
    wait(lambda: stored(store, session_id) == path.read_bytes())
    back = there.verb("move", session_id, "c")
    assert back.returncode == 0, back.stderr
    assert "ECHO two" in site.transcript(session_id)
    require_here(Target(session_id, site.listing))


def test_nobody_goes_on_with_what_has_come_in_part(
    here: FleetHost, store: Store, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arrival that was cut off is repeated, and replaces what is there by then."""
    key = finished(site, store)
    before, home = site.transcript(key[1]), residence(store, key)
    assert home is not None
    coming = hand_over(store, key, home, "a")
    arrived = SampleListing(tmp_path / "a", LISTING)
    target = Target(key[1], arrived.folder)
    with monkeypatch.context() as cut:
        cut.setattr(sessions, "note_arrival", _away)
        with pytest.raises(FleetAway):
            take_in(arrived.context(), store, key, coming)
    with pytest.raises(Refused, match="lives on a"), hold_lock(target):
        pass
    take_in(arrived.context(), store, key, coming)
    require_here(target)
    (path,) = arrived.folder.glob(f".claude_sessions/projects/*/{key[1]}.jsonl")
    assert path.read_text() == before


def _away(*_: object) -> None:
    raise FleetAway("it is away")


def test_what_runs_is_not_handed_over(
    here: FleetHost, there: FleetHost, store: Store, site: Site
) -> None:
    run = site.start("LONG one")
    key = (LISTING, protocol.session_of(run))
    wait(lambda: session_of(store, key[1]))
    wait(lambda: site.transcript(key[1]))
    refused = here.verb("move", key[1], "d")
    assert refused.returncode != 0
    assert "running" in refused.stderr
    assert home_of(store, key) == "c"
    site.hurry()
    over(run)
    assert here.verb("move", key[1], "nowhere").returncode == 3
    assert here.verb("move", key[1], "c").returncode == 4


def test_a_zombie_is_stopped_and_its_bytes_are_put_aside(
    here: FleetHost, there: FleetHost, store: Store, site: Site
) -> None:
    run = site.start("LONG one")
    key = (LISTING, protocol.session_of(run))
    wait(lambda: stored(store, key[1]))
    early = there.verb("move", key[1], "d", "--take-over")
    assert early.returncode != 0
    here.end(signal.SIGKILL)
    silence(store, "c")
    took = there.verb("move", key[1], "d", "--take-over")
    assert took.returncode == 0, took.stderr
    assert "was taken over from c by d" in took.stdout
    assert read_run(run).state == "busy"
    here.start()
    wait(lambda: read_run(run).is_over)
    wait(lambda: not site.transcript(key[1]))
    aside = files_in(site.listing, "diverged")[f"{key[1]}.jsonl"]
    arrived = SampleListing(there.root).session(key[1])
    assert arrived.transcript is not None
    assert aside.startswith(arrived.transcript.path.read_bytes())
    with pytest.raises(Refused, match="lives on d now"), hold_lock(Target(key[1], site.listing)):
        pass
