"""A host that lost a session learns where it lives, however long it was away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, of_three
from tui.core.errors import Refused
from tui.core.models.session import Key, Liveness, Session
from tui.core.values import replace
from tui.fleet.member import member as members
from tui.fleet.member.member import Member
from tui.fleet.member.moving import take_in
from tui.fleet.member.publisher import Publisher
from tui.fleet.residence import hand_over, residence
from tui.fleet.store import erasures, sessions
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Residence
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.target import Target, hold_lock

KEY: Key = ("hollis_park", FIRST)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


@pytest.fixture
def home(store: Store, listing: SampleListing) -> Residence:
    """Where the session lives that the member of `a` has told of, which has ended since."""
    telling = Publisher(store, "a")
    telling.publish(CatalogScanner(listing.context()).look())
    with store.transaction() as tx:
        sessions.beat(tx, "c", "/data/c", "1", max_runs=4, lease_s=15)
    return telling.homes[KEY]


def aside(listing: SampleListing) -> list[str]:
    found = (listing.folder / ".session_console" / "diverged").rglob("*.jsonl")
    return [one.name for one in found]


def moved_on(store: Store, home: Residence) -> str:
    hand_over(store, KEY, hand_over(store, KEY, home, "b"), "c")
    return "c"


def moved_on_and_purged(store: Store, home: Residence) -> str:
    host = moved_on(store, home)
    with store.transaction() as tx:
        erasures.bury(tx, KEY)
    return host


def moved_round(store: Store, home: Residence) -> str:
    back = hand_over(store, KEY, hand_over(store, KEY, home, "b"), "a")
    hand_over(store, KEY, hand_over(store, KEY, back, "c"), "b")
    return "b"


@pytest.mark.parametrize("move", [moved_on, moved_on_and_purged, moved_round])
def test_a_host_that_was_down_meanwhile_puts_its_files_aside(
    store: Store,
    listing: SampleListing,
    home: Residence,
    member: tuple[Member, list[str]],
    move: Callable[[Store, Residence], str],
) -> None:
    host, teller = move(store, home), members.Teller(member[0])
    before = listing.transcript_path(FIRST).name
    for _ in range(2):
        teller.tell()
    assert not listing.transcript_path(FIRST).exists()
    assert aside(listing) == [before]
    with pytest.raises(Refused, match=f"lives on {host} now"), hold_lock(_target(listing)):
        pass


def _target(listing: SampleListing) -> Target:
    return Target(FIRST, listing.folder)


def test_a_host_without_files_of_it_learns_of_each_move(
    store: Store, listing: SampleListing, home: Residence, member: tuple[Member, list[str]]
) -> None:
    """Somebody may bring its files back, from the trash or from a backup."""
    listing.transcript_path(FIRST).unlink()
    there, teller = hand_over(store, KEY, home, "b"), members.Teller(member[0])
    teller.tell()
    hand_over(store, KEY, there, "c")
    teller.tell()
    with pytest.raises(Refused, match="lives on c now"), hold_lock(_target(listing)):
        pass
    listing.write_transcript(FIRST, "It was restored.")
    teller.tell()
    assert aside(listing) == [f"{FIRST}.jsonl"]


def test_what_runs_on_of_a_session_that_comes_back_is_stopped(
    store: Store,
    listing: SampleListing,
    home: Residence,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It began before the session went: nobody takes it in beside that."""
    hand_over(store, KEY, hand_over(store, KEY, home, "b"), "a")
    stopped, real = list[Key](), CatalogScanner.look

    def look(scanner: CatalogScanner) -> object:
        found = real(scanner)
        (one,) = found.listings
        live = tuple(_running(session) for session in one.sessions)
        return replace(found, listings=(replace(one, sessions=live),))

    monkeypatch.setattr(CatalogScanner, "look", look)
    monkeypatch.setattr(members, "stop", lambda _, session: stopped.append(session.key))
    monkeypatch.setattr(members, "take_in", _refuse)
    members.Teller(member[0]).tell()
    assert stopped == [KEY]
    found = residence(store, KEY)
    assert found is not None
    assert found.host == "a"


def _running(session: Session) -> Session:
    return replace(session, liveness=Liveness.BUSY) if session.key == KEY else session


def _refuse(*_: object) -> None:
    raise Refused("it is running")


def test_a_read_only_host_takes_nothing_in(
    store: Store, listing: SampleListing, home: Residence
) -> None:
    """It became that while a session was on its way."""
    there = hand_over(store, KEY, home, "b")
    other = SampleListing(listing.root.parent / "b")
    with pytest.raises(Refused, match="read-only"):
        take_in(other.context(read_only=True), store, KEY, there)
    assert not other.folder.exists()
