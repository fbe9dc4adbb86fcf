"""A root that was restored from a backup does not cut what the fleet has of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fleet.test_joining import context_of
from tests.fleet.test_residence import silence
from tests.fleet.test_shipping import KEY, append, stored
from tests.support.listings.sample_listing import FIRST, SampleListing, of_three
from tui.core.errors import Refused
from tui.fleet.fetching import fetch
from tui.fleet.joining import join
from tui.fleet.member.carrier import Carrier
from tui.fleet.member.member import Member, Teller
from tui.fleet.presence import status
from tui.fleet.residence import residence, take_over
from tui.fleet.shipping import Shipper, session_files
from tui.fleet.store import files, hosts, sessions
from tui.fleet.store.connection import Store
from tui.fleet.store.sessions import Key, Residence

HERE: Key = ("hollis_park", FIRST)


@pytest.fixture
def home(store: Store) -> Residence:
    with store.transaction() as tx:
        sessions.add(tx, KEY, "a")
    return Residence(host="a", fence=1)


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "project" / f"{KEY[1]}.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"".join(b'{"line": %d}\n' % number for number in range(40_000)))
    return path


@pytest.mark.parametrize("size", [0, 1000, 300_000])
def test_what_a_restored_root_has_no_more_is_kept(
    store: Store, home: Residence, transcript: Path, size: int
) -> None:
    """It is shorter, with the same beginning; also once somebody has worked on with it."""
    beside = transcript.with_suffix("") / "notes"
    beside.parent.mkdir()
    whole = transcript.read_bytes()
    Shipper(store, KEY, home).ship(session_files(transcript))
    os.truncate(transcript, size)
    beside.write_bytes(b"new\n")
    shipper = Shipper(store, KEY, home)
    assert shipper.ship(session_files(transcript)) == 4
    assert shipper.has_kept
    append(transcript)
    for one in (shipper, Shipper(store, KEY, home)):
        one.ship(session_files(transcript), is_whole=True)
        assert one.has_kept
        assert stored(store) == whole
    right = Shipper(store, KEY, home, is_right=True)
    right.ship(session_files(transcript))
    assert not right.has_kept
    for one in (shipper, Shipper(store, KEY, home)):
        append(transcript)
        one.ship(session_files(transcript))
        assert not one.has_kept
        assert stored(store) == transcript.read_bytes()


def test_what_is_whole_again_is_shipped_again(
    store: Store, home: Residence, transcript: Path
) -> None:
    whole = transcript.read_bytes()
    Shipper(store, KEY, home).ship(session_files(transcript))
    os.truncate(transcript, 1000)
    shipper = Shipper(store, KEY, home)
    shipper.ship(session_files(transcript))
    assert shipper.has_kept
    transcript.write_bytes(whole)
    append(transcript)
    shipper.ship(session_files(transcript))
    assert not shipper.has_kept
    os.truncate(transcript, 1000)
    shipper.forget()  # as when the connection broke
    shipper.ship(session_files(transcript))
    assert stored(store) == transcript.read_bytes()


def test_what_was_seen_here_is_cut_again_when_a_failover_has_lost_that_it_was(
    store: Store, home: Residence, transcript: Path
) -> None:
    whole = transcript.read_bytes()
    shipper = Shipper(store, KEY, home)
    shipper.ship(session_files(transcript))
    os.truncate(transcript, 1000)
    shipper.ship(session_files(transcript))
    transcript.write_bytes(whole)
    Shipper(store, KEY, home).ship(session_files(transcript))  # the fleet is as before the cut
    os.truncate(transcript, 1000)
    shipper.forget()
    shipper.ship(session_files(transcript))
    assert not shipper.has_kept
    assert stored(store) == transcript.read_bytes()


def test_a_file_beside_the_transcript_may_become_shorter(
    store: Store, home: Residence, transcript: Path
) -> None:
    beside = transcript.with_suffix("") / "notes"
    beside.parent.mkdir()
    beside.write_bytes(b"of yesterday\n")
    Shipper(store, KEY, home).ship(session_files(transcript))
    beside.write_bytes(b"")
    shipper = Shipper(store, KEY, home)
    shipper.ship(session_files(transcript))
    assert not shipper.has_kept


def restored(listing: SampleListing) -> bytes:
    """Cut the first transcript of a root, and return what it was."""
    path = listing.transcript_path(FIRST)
    whole = path.read_bytes()
    os.truncate(path, len(whole) // 2)
    return whole


def stored_here(store: Store) -> bytes:
    with store.transaction() as tx:
        (file,) = (one for one in files.files(tx, HERE) if one.path == f"{FIRST}.jsonl".encode())
        return b"".join(files.bodies(tx, file, 0))


def test_a_join_says_that_the_fleet_has_more_and_replacing_cuts_it(
    dsn: str, store: Store, tmp_path: Path
) -> None:
    listing = of_three(tmp_path / "outputs")
    context = context_of(listing, dsn, "c")
    assert join(context, lambda _: None).kept == 0
    whole = restored(listing)
    for _ in range(2):
        done = join(context, lambda _: None)
        assert "the fleet has more of 1 session than this root" in done.words
        assert stored_here(store) == whole
    own = next(one for one in status(context).hosts if one.host == "c")
    assert (own.kept, own.behind_bytes) == (1, 0)
    assert join(context, lambda _: None, replaces=True).kept == 0
    assert stored_here(store) == listing.transcript_path(FIRST).read_bytes()
    assert [one.kept for one in status(context).hosts] == [0, 0, 0]


def test_replacing_also_settles_what_is_not_there_any_more(
    dsn: str, store: Store, tmp_path: Path
) -> None:
    """The CLI sweeps transcripts: nobody ships that one again."""
    listing = of_three(tmp_path / "outputs")
    context = context_of(listing, dsn, "c")
    join(context, lambda _: None)
    whole = restored(listing)
    assert join(context, lambda _: None).kept == 1
    listing.transcript_path(FIRST).unlink()
    join(context, lambda _: None, replaces=True)
    assert [one.kept for one in status(context).hosts] == [0, 0, 0]
    assert stored_here(store) == whole


def test_what_the_fleet_has_more_of_is_not_handed_over_and_can_be_taken_over(
    store: Store, tmp_path: Path
) -> None:
    listing = of_three(tmp_path / "outputs")
    with store.transaction() as tx:
        sessions.add(tx, HERE, "a")
    home = Residence(host="a", fence=1)
    Carrier(store).ship_all(listing.session(FIRST), home)
    whole = restored(listing)
    with pytest.raises(Refused, match="the fleet has more of 9f2c") as caught:
        Carrier(store).ship_all(listing.session(FIRST), home)
    assert caught.value.remedy == "fleet join --replace"
    silence(store, "a")
    there = take_over(store, HERE, home, "b")
    fetch(store, HERE, tmp_path / "b", most_bytes=1_000_000)
    path = tmp_path / "b" / f"{FIRST}.jsonl"
    assert path.read_bytes() == whole
    shipper = Shipper(store, HERE, there)
    shipper.ship(session_files(path))
    assert not shipper.has_kept
    assert residence(store, HERE) == there
    with store.transaction() as tx:
        assert [one.kept for one in hosts.beats(tx)] == [0, 0]
        assert files.kept(tx, "b") == ()


def test_a_member_goes_on_with_the_others(
    member: tuple[Member, list[str]], store: Store, listing: SampleListing
) -> None:
    Teller(member[0]).tell()
    whole = restored(listing)
    Teller(member[0]).tell()
    with store.transaction() as tx:
        assert files.kept(tx, "a") == (HERE,)
    assert stored_here(store) == whole
    assert member[0].behind == 0
