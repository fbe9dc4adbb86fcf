"""What a member takes for new, coming, or purged, while others act on the same sessions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    THIRD,
    SampleListing,
    change_row,
    of_three,
)
from tui.core.models.catalog import Catalog
from tui.core.values import replace
from tui.fleet.member import publisher
from tui.fleet.member.carrier import Carrier
from tui.fleet.member.publisher import Publisher
from tui.fleet.residence import hand_over
from tui.fleet.store import erasures, hosts, sessions, shown
from tui.fleet.store.connection import FleetAway, Store, Transaction
from tui.fleet.store.shown import Horizon, ShownRow
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge
from tui.operations.trash.restore import restore

real_transaction = Store.transaction
KEY = ("hollis_park", FIRST)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return of_three(tmp_path / "outputs")


@pytest.fixture
def telling(store: Store, listing: SampleListing) -> Publisher:
    """The publisher of the host `a`, which has told of all there is."""
    one = Publisher(store, "a")
    one.publish(look(listing))
    return one


def look(listing: SampleListing) -> Catalog:
    return CatalogScanner(listing.context()).look()


def row(store: Store, session_id: str = FIRST) -> ShownRow:
    with store.transaction() as tx:
        return next(one for one in shown.look(tx, None)[0] if one.session_id == session_id)


def test_what_is_new_here_is_not_coming_from_elsewhere(
    store: Store, listing: SampleListing, telling: Publisher
) -> None:
    """What is coming replaces the files that are here."""
    new = "aaaa0000-1111-4222-8333-444455556666"
    listing.add(new)
    telling.publish(look(listing))
    telling.learn()
    assert not telling.coming
    assert telling.homes[listing.folder.name, new].is_fetched
    assert not Publisher(store, "a").learn()


def test_of_what_is_coming_nothing_that_is_here_is_told(
    store: Store, listing: SampleListing, telling: Publisher
) -> None:
    told = row(store).shown
    home = telling.homes[KEY]
    hand_over(store, KEY, hand_over(store, KEY, home, "b"), "a")
    telling.learn()
    assert KEY in telling.coming
    assert KEY not in telling.homes
    listing.transcript_path(FIRST).unlink()
    listing.add(SECOND, days=1)
    telling.publish(look(listing))
    assert row(store).shown == told
    assert not row(store).is_gone
    telling.note_arrival(KEY)
    assert KEY in telling.homes


@pytest.mark.parametrize("when", ["before the trash", "before the files"])
def test_what_is_moved_while_it_is_looked_for_is_not_purged(
    store: Store,
    listing: SampleListing,
    telling: Publisher,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """The catalog is older than the trash that it is compared with."""
    context = listing.context()
    delete(context, listing.session(FIRST))
    catalog = look(listing)
    if when == "before the trash":
        _first(monkeypatch, "read_trash", lambda: restore(context, FIRST))
    else:
        restore(context, FIRST)
        _first(monkeypatch, "footprints", lambda: delete(context, listing.session(FIRST)))
    telling.publish(catalog)
    assert not row(store).is_gone


def _first(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Have `act` done once, just before a function of the publisher is called."""
    real, due = getattr(publisher, name), [act]

    def called(*given: object) -> object:
        if due:
            due.pop()()
        return real(*given)

    monkeypatch.setattr(publisher, name, called)


def test_what_is_purged_is_erased_once_the_trash_can_be_read(
    store: Store, listing: SampleListing, telling: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    purge(listing.context(), FIRST)
    catalog = look(listing)
    with monkeypatch.context() as unread:
        unread.setattr(publisher, "read_trash", lambda *_: ((), ("not all was read",)))
        telling.publish(catalog)
        assert not row(store).is_gone
    telling.publish(catalog)
    assert row(store).is_gone
    assert not row(store, SECOND).is_gone


def unmount(listing: SampleListing) -> None:
    shutil.rmtree(listing.folder)
    listing.folder.mkdir()


def link(listing: SampleListing) -> None:
    elsewhere = listing.root.parent / "elsewhere"
    listing.config_dir.rename(elsewhere)
    listing.config_dir.symlink_to(elsewhere)


def take_the_files_away(listing: SampleListing) -> None:
    shutil.rmtree(listing.config_dir)


def sweep(listing: SampleListing) -> None:
    listing.transcript_path(FIRST).unlink()


def untrack_and_sweep(listing: SampleListing) -> None:
    change_row(listing, "DELETE FROM claude_sessions WHERE session_id LIKE '9f2c%'")
    sweep(listing)


def delete_and_link(listing: SampleListing) -> None:
    change_row(listing, "UPDATE claude_sessions SET status = 'deleted'")
    link(listing)


def delete_and_take_away(listing: SampleListing) -> None:
    change_row(listing, "UPDATE claude_sessions SET status = 'deleted'")
    take_the_files_away(listing)


BECOMES = (
    *(unmount, link, take_the_files_away, sweep, untrack_and_sweep),
    *(delete_and_link, delete_and_take_away),
)


@pytest.mark.parametrize("become", BECOMES)
def test_what_is_not_here_is_not_purged(
    store: Store, listing: SampleListing, become: Callable[[SampleListing], None]
) -> None:
    """A disk is not mounted, or the CLI swept its files: the fleet has the last copy."""
    telling, scanner = Publisher(store, "a"), CatalogScanner(listing.context())
    telling.publish(scanner.look())
    become(listing)
    for publisher_ in (telling, Publisher(store, "a")):
        publisher_.publish(scanner.look(is_asked=True))
        assert not any(row(store, one).is_gone for one in (FIRST, SECOND, THIRD))


def test_nothing_is_purged_that_may_be_behind_a_link_by_now(
    store: Store, listing: SampleListing, telling: Publisher
) -> None:
    change_row(listing, "UPDATE claude_sessions SET status = 'deleted'")
    take_the_files_away(listing)
    catalog = look(listing)
    listing.config_dir.mkdir()
    link(listing)
    telling.publish(catalog)
    assert not row(store).is_gone


def test_what_was_swept_is_erased_by_a_purge(
    store: Store, listing: SampleListing, telling: Publisher
) -> None:
    untrack_and_sweep(listing)
    telling.publish(look(listing))
    write_transcript_and_purge(listing)
    Publisher(store, "a").publish(replace(look(listing), log=()))  # it is far back in it
    assert row(store).is_gone
    assert not row(store, SECOND).is_gone


def write_transcript_and_purge(listing: SampleListing) -> None:
    listing.write_transcript(FIRST, "It was adopted again.")
    purge(listing.context(), FIRST)


def test_a_purge_that_is_logged_after_its_files_went_is_noticed(
    store: Store, listing: SampleListing, telling: Publisher
) -> None:
    untrack_and_sweep(listing)
    catalog = look(listing)
    telling.publish(catalog)
    write_transcript_and_purge(listing)
    telling.publish(replace(catalog, log=look(listing).log))
    assert row(store).is_gone


def test_the_trash_is_that_of_the_folder_whatever_its_name_looks_like(
    store: Store, tmp_path: Path
) -> None:
    """A folder may have a name that is shown in another way."""
    listing = SampleListing(tmp_path / "outputs", "hollis\u200bpark")
    listing.add(FIRST)
    catalog = look(listing)
    (shown_as,) = (one.listing_id for one in catalog.listings)
    telling = Publisher(store, "a")
    telling.publish(catalog)
    delete(listing.context(), listing.session(FIRST))
    telling.publish(look(listing))
    assert not row(store).is_gone, shown_as


def test_what_was_revived_is_shipped_again(
    store: Store, listing: SampleListing, telling: Publisher
) -> None:
    """Files that left the fleet, and came back as they were, are not stored any more."""
    carrier, catalog = Carrier(store), look(listing)
    assert carrier.ship(catalog.sessions, telling.homes, within_s=60).bytes
    with store.transaction() as tx:
        hosts.leave(tx, "a")
        assert erasures.bury_some(tx, "a") == 3
        sessions.beat(tx, "a", "/data/a", "1", max_runs=4, lease_s=15)
    telling.learn()
    telling.publish(catalog)
    again = carrier.ship(catalog.sessions, telling.homes, within_s=60)
    assert again.bytes == sum(one.bytes for one in catalog.sessions)


def test_what_a_look_found_is_not_lost_when_it_breaks_off(
    store: Store, telling: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling.learn()
    hand_over(store, KEY, telling.homes[KEY], "b")
    with monkeypatch.context() as broken:
        broken.setattr(Store, "transaction", breaking_off)
        with pytest.raises(FleetAway):
            telling.learn()
    assert telling.learn() == {KEY}
    assert KEY in telling.away


@contextmanager
def breaking_off(store: Store) -> Iterator[Transaction]:
    """Do all of a transaction, and then lose the server before it says so."""
    with real_transaction(store) as tx:
        yield tx
    raise FleetAway("it is away")


def test_all_is_told_and_shipped_again_to_another_incarnation(
    store: Store, listing: SampleListing, telling: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failover may lose the last words of a host, which it thinks are there."""
    carrier, catalog = Carrier(store), look(listing)
    carrier.note(telling.incarnation)
    carrier.ship(catalog.sessions, telling.homes, within_s=60)
    told = row(store).shown
    telling.publish(catalog)
    with store.transaction() as tx:
        tx.run("DELETE FROM file")
        tx.run("DELETE FROM session WHERE session_id = %s", SECOND)
        tx.run("UPDATE session SET shown = '{}'")
    real = shown.look
    monkeypatch.setattr(shown, "look", lambda tx, _, **__: _after_a_failover(real, tx))
    assert telling.learn() == {("hollis_park", SECOND)}
    telling.publish(catalog)
    carrier.note(telling.incarnation)
    again = carrier.ship(catalog.sessions, telling.homes, within_s=60)
    assert again.bytes == sum(one.bytes for one in catalog.sessions)
    assert row(store).shown == told
    assert row(store, SECOND).shown != "{}"


def _after_a_failover(
    real: Callable[..., tuple[tuple[ShownRow, ...], Horizon]],
    tx: Transaction,
) -> tuple[tuple[ShownRow, ...], Horizon]:
    rows, now = real(tx, None)
    return rows, replace(now, incarnation="another")
