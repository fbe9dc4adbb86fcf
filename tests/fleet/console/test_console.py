"""What a console shows of sessions that live elsewhere, beside those of its own root."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fleet.console.elsewhere import OtherHost
from tests.fleet.test_shown_session import RUN
from tests.support.listings.sample_listing import FIRST, SECOND, THIRD, SampleListing, text_line
from tests.support.postgres import Cluster
from tests.support.processes.runs_site import wait
from tui.core.errors import Inconclusive, UnknownId
from tui.core.models.catalog import Catalog
from tui.core.models.session import Liveness, Session
from tui.core.values import replace
from tui.fleet.console import known_sessions
from tui.fleet.console.fleet import Fleet
from tui.fleet.residence import hand_over
from tui.fleet.shown_session import decode, encode
from tui.fleet.store import erasures, live, sessions, shown
from tui.fleet.store.connection import Store
from tui.fleet.store.shown import Horizon
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.stream.brought import BroughtStream
from tui.operations.stream.last_entries import last_entries


@pytest.fixture
def other(store: Store, tmp_path: Path) -> OtherHost:
    """The host `a`, with the sessions `FIRST` and `SECOND`."""
    listing = SampleListing(tmp_path / "there")
    listing.add(FIRST)
    listing.add(SECOND)
    return OtherHost(store, listing)


@pytest.fixture
def here(tmp_path: Path) -> SampleListing:
    """The root of this host, `b`, with the session `THIRD` in a listing of the same name."""
    listing = SampleListing(tmp_path / "here")
    listing.add(THIRD)
    return listing


@pytest.fixture
def fleet(dsn: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(lambda: Store(dsn), "b", tmp_path / "mirrors", patience_s=60) as one:
        yield one


def hosts_of(catalog: Catalog) -> dict[str, str]:
    return {one.session_id: one.host for one in catalog.sessions}


def test_sessions_elsewhere_are_in_the_catalog_and_are_found(
    other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    other.tell()
    catalog = fleet.joined(CatalogScanner(here.context()).look())
    assert hosts_of(catalog) == {THIRD: "", FIRST: "a", SECOND: "a"}
    assert [one.listing_id for one in catalog.listings] == ["hollis_park"]
    found = find_session(catalog, FIRST[:4])
    assert (found.host, found.stage) == ("a", "stage_3")
    assert not found.folder.is_relative_to(here.root)
    assert (catalog.hosts, catalog.unheard) == ({"a": ""}, "")


def test_a_listing_that_is_elsewhere_alone_is_shown_and_only_one_that_is_named(
    other: OtherHost, tmp_path: Path, fleet: Fleet
) -> None:
    other.tell()
    here = SampleListing(tmp_path / "here", "acme")
    here.add(THIRD)
    scanner = CatalogScanner(here.context())
    catalog = fleet.joined(scanner.look())
    assert [one.listing_id for one in catalog.listings] == ["acme", "hollis_park"]
    assert hosts_of(fleet.joined(scanner.look("acme"), "acme")) == {THIRD: ""}


def test_what_did_not_change_is_the_same_object_in_the_next_catalog(
    other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    other.tell()
    scanner = CatalogScanner(here.context())
    scanner.look()
    first = fleet.joined(scanner.look())
    assert fleet.joined(scanner.look()).listings is first.listings


def test_a_session_that_moved_away_is_shown_as_its_home_tells_of_it(
    store: Store, here: SampleListing, fleet: Fleet
) -> None:
    """Its leavings here are not it, and one that came here is shown from its files."""
    mine = OtherHost(store, here, "b")
    mine.tell()
    scanner = CatalogScanner(here.context())
    assert hosts_of(fleet.joined(scanner.look())) == {THIRD: ""}
    there = hand_over(store, ("hollis_park", THIRD), mine.home, "a")
    wait(lambda: hosts_of(fleet.joined(scanner.look())) == {THIRD: "a"})
    hand_over(store, ("hollis_park", THIRD), there, "b")
    wait(lambda: hosts_of(fleet.joined(scanner.look())) == {THIRD: ""})


def test_what_runs_here_is_shown_as_here_though_another_host_claims_it(
    store: Store, here: SampleListing, fleet: Fleet
) -> None:
    """It was taken over while this host was cut off, or this root is a copy."""
    mine = OtherHost(store, here, "b")
    mine.tell()
    hand_over(store, ("hollis_park", THIRD), mine.home, "a")
    scanner = CatalogScanner(here.context())
    wait(lambda: hosts_of(fleet.joined(scanner.look())) == {THIRD: "a"})
    catalog = scanner.look()
    (listing,) = catalog.listings
    (resting,) = listing.sessions
    busy = replace(resting, liveness=Liveness.BUSY)
    running = replace(catalog, listings=(replace(listing, sessions=(busy,)),))
    assert fleet.joined(running).sessions == (busy,)
    assert hosts_of(fleet.joined(catalog)) == {THIRD: "a"}


def test_what_was_purged_goes_from_the_screen_and_from_the_disk(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:
    other.tell()
    scanner = CatalogScanner(here.context())
    found = find_session(fleet.joined(scanner.look()), FIRST)
    fleet.fetch(found)
    assert found.transcript is not None
    assert found.transcript.path.exists()
    with store.transaction() as tx:
        erasures.bury(tx, found.key)
    wait(lambda: FIRST not in hosts_of(fleet.joined(scanner.look())))
    path = found.transcript.path
    wait(lambda: not path.exists())


def test_a_change_elsewhere_is_shown(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:
    other.tell()
    scanner = CatalogScanner(here.context())
    first = fleet.joined(scanner.look())
    told = replace(other.listing.session(FIRST), title="Pumps of Peru")
    with store.transaction() as tx:
        shown.publish(tx, told.key, other.home, encode(told))

    def titles() -> set[str]:
        return {one.title for one in fleet.joined(scanner.look()).sessions}

    wait(lambda: "Pumps of Peru" in titles())
    assert "Pumps of Peru" not in {one.title for one in first.sessions}


def test_while_the_database_is_away_the_last_known_is_shown_as_stale(
    cluster: Cluster, other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    other.tell()
    scanner = CatalogScanner(here.context())
    fleet.joined(scanner.look())
    cluster.stop()
    try:
        wait(lambda: fleet.joined(scanner.look()).unheard != "")
        here.add("9f2f0000-1111-4222-8333-444455556666")
        catalog = fleet.joined(scanner.look())
    finally:
        cluster.start()
    assert len(catalog.sessions) == 4
    assert catalog.hosts["a"].startswith("stale")
    (listing,) = catalog.listings
    assert listing.is_whole
    with pytest.raises(Inconclusive, match="away"):
        find_session(catalog, "aaaa")
    wait(lambda: fleet.joined(scanner.look()).unheard == "")


def test_a_database_that_hangs_holds_up_no_look(
    cluster: Cluster, other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    other.tell()
    scanner = CatalogScanner(here.context())
    first = fleet.joined(scanner.look())
    cluster.freeze()
    try:
        for _ in range(3):
            catalog = fleet.joined(scanner.look())
            assert hosts_of(catalog) == hosts_of(first)
            assert catalog.unheard == ""  # nobody has waited until its connection was given up
    finally:
        cluster.thaw()


def test_without_an_answer_at_the_first_look_the_own_root_is_shown_and_that_is_said(
    cluster: Cluster, dsn: str, here: SampleListing, tmp_path: Path
) -> None:
    cluster.freeze()
    try:
        with Fleet(lambda: Store(dsn), "b", tmp_path / "mirrors", patience_s=0.2) as fleet:
            catalog = fleet.joined(CatalogScanner(here.context()).look())
            assert hosts_of(catalog) == {THIRD: ""}
            assert "not answered" in catalog.unheard
    finally:
        cluster.thaw()


def test_in_another_incarnation_of_the_database_all_is_looked_at_anew(
    other: OtherHost, here: SampleListing, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what it lost, no tombstone tells."""
    other.tell()
    scanner = CatalogScanner(here.context())
    assert FIRST in hosts_of(fleet.joined(scanner.look()))
    another = Horizon(incarnation="2/00000001", xmin=1)
    monkeypatch.setattr(shown, "look", lambda tx, since: ((), another))
    wait(lambda: hosts_of(fleet.joined(scanner.look())) == {THIRD: ""})


def test_a_host_that_is_silent_is_said_to_be_and_what_ran_there_may_still_run(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:
    other.tell()
    busy = replace(other.listing.session(FIRST), liveness=Liveness.BUSY)
    with store.transaction() as tx:
        shown.publish(tx, busy.key, other.home, encode(busy))
    scanner = CatalogScanner(here.context())

    def liveness() -> Liveness:
        return find_session(fleet.joined(scanner.look()), FIRST).liveness

    wait(lambda: liveness() is Liveness.BUSY)
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = clock_timestamp() - interval '3 h' WHERE host = 'a'")
    wait(lambda: liveness() is Liveness.UNKNOWN)
    assert fleet.joined(scanner.look()).hosts["a"] == "silent 3h"
    with store.transaction() as tx:
        tx.run("UPDATE host SET beat_at = clock_timestamp() WHERE host = 'a'")
    wait(lambda: liveness() is Liveness.BUSY)


def test_of_what_is_not_understood_it_is_said_that_it_is_there_and_all_else_is_as_it_was(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:
    other.tell()
    with store.transaction() as tx:
        shown.publish(tx, ("hollis_park", FIRST), other.home, '{"title": 7}')
    catalog = fleet.joined(CatalogScanner(here.context()).look())
    assert hosts_of(catalog) == {THIRD: "", SECOND: "a", FIRST: "a"}
    odd = find_session(catalog, FIRST)
    assert "not understood: title is not what" in odd.row_problem
    assert odd.liveness is Liveness.UNKNOWN
    assert (catalog.hosts, catalog.unheard) == ({"a": ""}, "")
    with pytest.raises(UnknownId):
        find_session(catalog, "aaaa")


def test_a_session_with_an_id_that_none_can_have_is_counted_at_its_host(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:
    other.tell()
    with store.transaction() as tx:
        sessions.add(tx, ("hollis_park", "../x"), "a")
        shown.publish(tx, ("hollis_park", "../x"), other.home, '{"title": ""}')
    catalog = fleet.joined(CatalogScanner(here.context()).look())
    assert hosts_of(catalog) == {THIRD: "", FIRST: "a", SECOND: "a"}
    assert (catalog.hosts, catalog.unheard) == ({"a": "1 not shown"}, "")


def test_a_row_that_was_touched_and_says_the_same_is_not_read_again(
    other: OtherHost,
    here: SampleListing,
    store: Store,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other.tell()
    scanner, read = CatalogScanner(here.context()), list[str]()
    fleet.joined(scanner.look())

    def decoded(text: str, key: tuple[str, str], host: str, folder: Path) -> Session:
        read.append(key[1])
        return decode(text, key, host, folder)

    monkeypatch.setattr(known_sessions, "decode", decoded)
    changed = replace(other.listing.session(SECOND), title="Pumps of Peru")
    with store.transaction() as tx:
        tx.run("UPDATE session SET is_fetched = is_fetched")
        shown.publish(tx, changed.key, other.home, encode(changed))
    wait(lambda: find_session(fleet.joined(scanner.look()), SECOND).title == "Pumps of Peru")
    assert read == [SECOND]


def test_a_stream_elsewhere_is_followed_as_one_here(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:
    other.tell()
    found = find_session(fleet.joined(CatalogScanner(here.context()).look()), FIRST)
    stream, texts = BroughtStream(fleet, found), list[str]()

    def poll() -> list[str]:
        update = stream.poll(found)
        assert not update.notices
        texts.extend(one.text for one in update.entries)
        return texts

    wait(lambda: "Let me look." in poll())
    with other.listing.transcript_path(FIRST).open("a") as file:
        file.write(f"{json.dumps(text_line('It is in Peru.', datetime.now(UTC)))}\n")
    other.tell()
    wait(lambda: "It is in Peru." in poll())
    assert texts.count("Let me look.") == 1


def test_a_transcript_that_was_written_anew_elsewhere_begins_again(
    other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    other.tell()
    found = find_session(fleet.joined(CatalogScanner(here.context()).look()), FIRST)
    stream = BroughtStream(fleet, found)
    wait(lambda: any(one.text == "Let me look." for one in stream.poll(found).entries))
    other.listing.write_transcript(FIRST, "It was rewritten.", prompt="Another prompt")
    other.tell()
    seen = list[tuple[bool, list[str]]]()

    def is_reset() -> bool:
        update = stream.poll(found)
        seen.append((update.was_reset, [one.text for one in update.entries]))
        return update.was_reset

    wait(is_reset)
    assert "It was rewritten." in seen[-1][1]


def test_the_message_that_is_being_written_elsewhere_is_shown(
    other: OtherHost, here: SampleListing, store: Store, fleet: Fleet
) -> None:

    other.tell()
    session = other.listing.session(FIRST)
    run = replace(RUN, session_id=FIRST, state="busy", request=None)
    busy = replace(session, liveness=Liveness.BUSY, run=run)
    with store.transaction() as tx:
        shown.publish(tx, busy.key, other.home, encode(busy))
        body = b'{"kind": "text", "text": "Let me ex", "message_id": "m9"}'
        live.write(tx, "a", {busy.key: body})
    found = find_session(fleet.joined(CatalogScanner(here.context()).look()), FIRST)
    stream = BroughtStream(fleet, found)

    def written() -> str:
        partial = stream.poll(found).partial
        return partial.text if partial is not None else ""

    wait(lambda: written() == "Let me ex")


def test_the_files_of_a_session_elsewhere_are_read_as_those_of_one_here(
    other: OtherHost, here: SampleListing, fleet: Fleet
) -> None:
    other.tell()
    found = find_session(fleet.joined(CatalogScanner(here.context()).look()), FIRST)
    fleet.fetch(found)
    shown_here = [one.text for one in last_entries(found, 10).entries]
    at_home = [one.text for one in last_entries(other.listing.session(FIRST), 10).entries]
    assert shown_here == at_home
    assert "Let me look." in shown_here
