"""What a member takes for new, coming, or purged, while others act on the same sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, of_three
from tui.core.models.catalog import Catalog
from tui.fleet.member import publisher
from tui.fleet.member.publisher import Publisher
from tui.fleet.residence import hand_over
from tui.fleet.store import shown
from tui.fleet.store.connection import Store
from tui.fleet.store.shown import ShownRow
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge
from tui.operations.trash.restore import restore

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
