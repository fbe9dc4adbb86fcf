"""What a home hands over is what it has then, and what it could not hand over stays its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, change_row, of_three
from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key, Session
from tui.fleet import bus
from tui.fleet.member import member as members
from tui.fleet.member import moving
from tui.fleet.member.carrier import Carrier
from tui.fleet.member.member import Member
from tui.fleet.member.publisher import Publisher
from tui.fleet.residence import residence
from tui.fleet.shown_session import decode
from tui.fleet.store import commands, sessions, shown
from tui.fleet.store.connection import FleetAway, FleetBusy, Store
from tui.fleet.store.sessions import Residence
from tui.operations.catalog.scanner import CatalogScanner
from tui.storage.state.elsewhere import read_elsewhere

KEY: Key = ("hollis_park", FIRST)
_RENAME = "UPDATE claude_sessions SET stage = 'stage_9' WHERE session_id LIKE '9f2c%'"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


@pytest.fixture
def home(store: Store, listing: SampleListing) -> Residence:
    telling = Publisher(store, "a")
    telling.publish(CatalogScanner(listing.context()).look())
    return telling.homes[KEY]


def release(
    store: Store,
    listing: SampleListing,
    home: Residence,
    look: Callable[[], Session] | None = None,
) -> str:
    look = look or (lambda: listing.session(FIRST))
    return moving.release(listing.context(), store, Carrier(store), look, home=home, to="b")


def host_of(store: Store) -> str:
    found = residence(store, KEY)
    assert found is not None
    return found.host


def test_what_changed_before_its_lock_was_got_goes_with_it(
    store: Store, listing: SampleListing, home: Residence
) -> None:
    looks = list[Session]()

    def look() -> Session:
        if looks:
            change_row(listing, _RENAME)
        looks.append(listing.session(FIRST))
        return looks[-1]

    release(store, listing, home, look)
    with store.transaction() as tx:
        told = decode(shown.told(tx, KEY), KEY, "b", Path("/mirror"))
    assert told.stage == "stage_9"
    assert not told.is_live


CHANGES: dict[Reason, Callable[[SampleListing], object]] = {
    Reason.CHANGED: lambda listing: change_row(listing, _RENAME),
    Reason.NO_TRANSCRIPT: lambda listing: listing.transcript_path(FIRST).unlink(),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_what_changes_while_it_is_shipped_stays(
    store: Store,
    listing: SampleListing,
    home: Residence,
    monkeypatch: pytest.MonkeyPatch,
    reason: Reason,
) -> None:
    """The pipeline and the CLI know nothing of its lock."""
    monkeypatch.setattr(Carrier, "ship_all", lambda *_: CHANGES[reason](listing))
    with pytest.raises(Refused) as caught:
        release(store, listing, home)
    assert caught.value.reason is reason
    assert host_of(store) == "a"
    assert read_elsewhere(listing.folder) == {}


def test_what_was_added_to_the_table_meanwhile_stays(
    store: Store, listing: SampleListing, home: Residence, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_row(listing, "DELETE FROM claude_sessions WHERE session_id LIKE '9f2c%'")
    monkeypatch.setattr(Carrier, "ship_all", lambda *_: listing.track(FIRST))
    with pytest.raises(Refused) as caught:
        release(store, listing, home)
    assert caught.value.reason is Reason.CHANGED
    assert host_of(store) == "a"


@pytest.mark.parametrize(("error", "is_known"), [(FleetBusy, True), (FleetAway, False)])
def test_what_was_not_handed_over_is_unlocked_once_that_is_known(
    store: Store,
    listing: SampleListing,
    home: Residence,
    monkeypatch: pytest.MonkeyPatch,
    error: type[ConsoleError],
    *,
    is_known: bool,
) -> None:
    _fail(monkeypatch, error)
    with pytest.raises(error):
        release(store, listing, home)
    assert bool(read_elsewhere(listing.folder)) is not is_known


def _fail(monkeypatch: pytest.MonkeyPatch, error: type[ConsoleError]) -> None:
    def failing(*_: object) -> None:
        raise error("it is not to be had")

    monkeypatch.setattr(moving, "hand_over", failing)


def test_a_member_unlocks_what_it_could_not_hand_over_before_all_else(
    store: Store,
    listing: SampleListing,
    member: tuple[Member, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, _ = member
    teller = members.Teller(one)
    teller.tell()
    asked = bus.encode(bus.Release(host="b"))
    with store.transaction() as tx:
        number = commands.post(tx, KEY, asked.kind, asked.payload, "ann")
        (taken,) = commands.take(tx, "a")
    one.releases.put(taken)
    with monkeypatch.context() as away:
        _fail(away, FleetAway)
        with pytest.raises(FleetAway):
            teller.tell()
    assert read_elsewhere(listing.folder)
    real = CatalogScanner.look

    def look(scanner: CatalogScanner) -> Catalog:
        assert read_elsewhere(listing.folder) == {}
        return real(scanner)

    monkeypatch.setattr(CatalogScanner, "look", look)
    teller.tell()
    with store.transaction() as tx:
        state = commands.state(tx, number)
    assert state is not None
    assert "lost touch" in (state.outcome or "")
    assert host_of(store) == "a"


def test_a_listing_that_cannot_be_unlocked_is_said_once_and_stops_nobody(
    store: Store, listing: SampleListing, member: tuple[Member, list[str]]
) -> None:
    one, said = member
    broken = SampleListing(listing.root, "abbey")
    broken.add("9f2f0000-1111-4222-8333-444455556666")
    file = broken.folder / ".session_console" / "elsewhere.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{")
    teller = members.Teller(one)
    for _ in range(3):
        teller.tell()
    assert host_of(store) == "a"
    assert len(said) == 1
    assert "abbey" in said[0]
    file.write_text("{}")
    for _ in range(3):
        teller.tell()
    assert len(said) == 1


def test_a_session_that_the_fleet_refuses_does_not_keep_the_others_from_it(
    store: Store, listing: SampleListing, home: Residence, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sessions.hold

    def refusing(tx: object, key: Key, home: Residence) -> None:
        if key == KEY:
            raise ConsoleError("the fleet's database takes no such thing")
        real(tx, key, home)  # type: ignore[arg-type]

    monkeypatch.setattr(sessions, "hold", refusing)
    found = CatalogScanner(listing.context()).look().sessions
    homes = {one.key: home for one in found}
    shipped = Carrier(store).ship(found, homes, within_s=60)
    assert shipped.bytes == sum(one.bytes for one in found if one.key != KEY)
    assert shipped.behind
