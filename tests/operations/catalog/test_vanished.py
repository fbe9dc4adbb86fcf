"""A listing whose folder vanished stays visible until somebody acknowledges it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tui.core.models.session import Liveness
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.vanished import ack_event
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import purge
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook, write_event
from tui.storage.state.seen_listings import read_known


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    replace(listing, listing_id="other").add(SECOND)
    return listing


def test_what_vanishes_stays_with_its_last_sessions_until_it_is_forgotten(
    listing: SampleListing,
) -> None:
    watch = CatalogScanner(listing.context())
    with SessionLock.take(listing.folder, FIRST):
        assert watch.look().sessions[0].liveness is Liveness.BUSY
    shutil.rmtree(listing.folder)
    for _ in range(2):
        gone, there = watch.look().listings
        assert (gone.listing_id, gone.is_vanished, gone.is_stale) == ("hollis_park", True, True)
        assert gone.problem == "its folder vanished: the last known state"
        assert [(one.session_id, one.liveness) for one in gone.sessions] == [(FIRST, Liveness.NONE)]
        assert (there.listing_id, there.is_vanished) == ("other", False)
    watch.forget("hollis_park")
    assert [one.listing_id for one in watch.look().listings] == ["other"]


def test_what_was_erased_of_what_vanished_is_shown_no_more(listing: SampleListing) -> None:
    """It was in the root's trash, and its title would stay on every screen."""
    listing.add(SECOND)
    watch = CatalogScanner(listing.context())
    watch.look()
    delete(listing.context(), listing.session(FIRST))
    listing.write_transcript(FIRST)
    watch.look()
    shutil.rmtree(listing.folder)
    assert len(watch.look().listings[0].sessions) == 2
    purge(listing.context(), FIRST)
    (gone, _) = watch.look().listings
    assert (gone.is_vanished, [one.session_id for one in gone.sessions]) == (True, [SECOND])


def test_what_comes_back_is_a_listing_again(listing: SampleListing, tmp_path: Path) -> None:
    watch = CatalogScanner(listing.context())
    watch.look()
    listing.folder.rename(tmp_path / "away")
    assert watch.look().listings[0].is_vanished
    (tmp_path / "away").rename(listing.folder)
    (back, _) = watch.look().listings
    assert (back.is_vanished, back.problem, len(back.sessions)) == (False, "", 1)


def test_another_console_knows_what_vanished_before_it_began(
    listing: SampleListing, tmp_path: Path
) -> None:
    context = listing.context(state_dir=tmp_path / "state")
    CatalogScanner(context).look()
    assert {name: one.sessions for name, one in read_known(tmp_path / "state", listing.root).items()
            } == {"hollis_park": 1, "other": 1}  # fmt: skip
    shutil.rmtree(listing.folder)
    before = snapshot(listing.root)
    watch = CatalogScanner(context)
    (gone, _) = watch.look().listings
    assert (gone.is_vanished, gone.sessions) == (True, ())
    assert gone.problem.startswith("its folder vanished: 1 session when last seen, 20")
    assert CatalogScanner(context).look(only="hollis_park").listings == (gone,)
    assert snapshot(listing.root) == before
    watch.forget("hollis_park")
    assert len(CatalogScanner(context).look().listings) == 1


def test_what_a_colleague_acknowledged_is_gone_from_every_console(
    listing: SampleListing, tmp_path: Path
) -> None:
    states = [tmp_path / name for name in ("anna", "bert", "carl")]
    anna, bert, carl = (listing.context(operator=one.name, state_dir=one) for one in states)
    for context in (bert, carl):
        CatalogScanner(context).look()
    console, open_one = CatalogScanner(anna), CatalogScanner(bert)
    console.look()
    open_one.look()
    shutil.rmtree(listing.folder)
    assert len(console.look().listings) == len(open_one.look().listings) == 2
    console.forget("hollis_park")
    (told,) = read_logbook(listing.root)
    assert (told.operator, told.action, told.listing, told.session_id) == (
        "anna", "ack", "hollis_park", "",
    )  # fmt: skip
    catalog = open_one.look()
    assert [one.listing_id for one in catalog.listings] == ["other"]
    assert catalog.log == (told,)
    assert CatalogScanner(carl).look(only="hollis_park").listings == ()
    assert "hollis_park" not in read_known(states[1], listing.root)


def test_an_ack_of_an_earlier_vanishing_hides_no_later_one(listing: SampleListing) -> None:
    write_event(listing.root, ack_event("hollis_park", "bert", datetime.now(UTC)))
    watch = CatalogScanner(listing.context())
    watch.look()
    shutil.rmtree(listing.folder)
    write_event(listing.root, ack_event("other", "bert", datetime.now(UTC)))
    assert [one.is_vanished for one in watch.look().listings] == [True, False]


def test_who_may_only_look_forgets_for_himself_alone(listing: SampleListing) -> None:
    watch = CatalogScanner(listing.context(read_only=True))
    watch.look()
    shutil.rmtree(listing.folder)
    watch.look()
    before = snapshot(listing.root)
    watch.forget("hollis_park")
    assert len(watch.look().listings) == 1
    assert snapshot(listing.root) == before


def test_what_is_remembered_of_one_root_is_never_said_of_another(
    listing: SampleListing, tmp_path: Path
) -> None:
    """The name of a root's state file is short: two roots may share one."""
    state = tmp_path / "state"
    elsewhere = SampleListing(tmp_path / "elsewhere" / "outputs")
    elsewhere.add(FIRST)
    CatalogScanner(elsewhere.context(state_dir=state)).look()
    (theirs,) = state.glob("*.json")
    CatalogScanner(listing.context(state_dir=state)).look()
    (ours,) = set(state.glob("*.json")) - {theirs}
    ours.replace(theirs)
    found = CatalogScanner(elsewhere.context(state_dir=state)).look().listings
    assert [one.listing_id for one in found] == ["hollis_park"]


@pytest.mark.parametrize(
    "content",
    ['{"root": "%s", "listings": {}}',
     '{"root": "%s", "listings": {"../x": {"sessions": 1, "at": "2026-11-20T12:00:00"}}}',
     '{"root": "%s", "listings": {"x": {"sessions": "many", "at": 7}, "y": null}}'],
)  # fmt: skip
def test_garbage_that_was_remembered_is_nothing(
    listing: SampleListing, tmp_path: Path, content: str
) -> None:
    context = listing.context(state_dir=tmp_path / "state")
    CatalogScanner(context).look()
    (path,) = (tmp_path / "state").glob("*.json")
    path.write_text(content.replace("%s", str(listing.root)))
    assert [one.is_vanished for one in CatalogScanner(context).look().listings] == [False, False]


def test_a_root_that_goes_keeps_its_last_picture(listing: SampleListing, tmp_path: Path) -> None:
    watch = CatalogScanner(listing.context())
    watch.look()
    listing.root.rename(tmp_path / "away")
    catalog = watch.look()
    assert catalog.problem.startswith("there is no folder")
    assert [(one.is_stale, one.problem) for one in catalog.listings] == [
        (True, catalog.problem)
    ] * 2
    assert len(catalog.sessions) == 2


def test_ls_names_a_listing_that_vanished(listing: SampleListing) -> None:
    run_cli(listing.root, "ls")
    shutil.rmtree(listing.folder)
    found = run_cli(listing.root, "ls", "--json")
    assert "hollis_park: its folder vanished: 1 session when last seen" in found.stderr
    assert [one["session_id"] for one in json.loads(found.stdout)] == [SECOND]
