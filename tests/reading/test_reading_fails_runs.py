"""What could not be read of a run or of the trash is not absent: nothing is done on its strength.

A run whose spec cannot be read is nobody's by no means, one whose owner cannot be read is not dead,
and what lies in the trash is neither gone nor erased because nobody could look.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot, with_footprint
from tui.core.errors import ConsoleError, Refused
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.doctor.trash_findings import of_trash
from tui.operations.owner import require_silent
from tui.operations.running.restricted_console import (
    agent_folder,
    require_asking_agent,
    require_no_secret,
)
from tui.operations.target import Target
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.interrupted_moves import unfinished
from tui.operations.trash.purge import plan_purge, purge
from tui.operations.trash.undo import undo_last
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, OWNER, SPEC, describe
from tui.runs.folder.pruning import KEPT_RUNS, prune_runs
from tui.runs.folder.run_finder import RunFinder
from tui.safe_io.moving import conflict, move
from tui.storage.trash.erasing import erase, erase_words
from tui.storage.trash.manifest import MANIFEST
from tui.storage.trash.putting_back import put_back
from tui.storage.trash.trash import list_trash, read_trash


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = with_footprint(tmp_path / "root")
    run = run_of(listing)
    (run / OWNER).write_text(json.dumps(describe(os.getpid())))
    (run / EVENTS).write_text('{"type": "init", "at": "2026-11-20T14:30:00+00:00"}\n')
    (run / HEARTBEAT).touch()
    return listing


def run_of(listing: SampleListing) -> Path:
    (run,) = (listing.folder / ".session_console" / "runs").iterdir()
    return run


@ERRORS
@pytest.mark.parametrize("name", ["", SPEC])
def test_a_run_that_cannot_be_read_is_left_behind_by_no_act(
    listing: SampleListing, name: str, number: int
) -> None:
    context, session = listing.context(), listing.session(FIRST)
    plan_purge(context, FIRST)
    before = snapshot(listing.folder / ".claude_sessions")
    with reads_fail(run_of(listing) / name, number):
        with pytest.raises(Refused, match=os.strerror(number)):
            delete(context, session)
        with pytest.raises(Refused, match=os.strerror(number)):
            purge(context, FIRST)
    assert snapshot(listing.folder / ".claude_sessions") == before
    purge(context, FIRST)
    assert not run_path(listing).exists()


def run_path(listing: SampleListing) -> Path:
    return listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"


@ERRORS
@pytest.mark.parametrize("name", [SPEC, OWNER, EVENTS])
def test_a_run_stays_as_it_was_known_and_says_so(
    listing: SampleListing, name: str, number: int
) -> None:
    finder = RunFinder()
    (known,) = finder.find(listing.folder)
    assert (known.session_id, known.is_over, finder.cut) == (FIRST, False, "")
    os.utime(run_of(listing) / EVENTS)
    with reads_fail(run_of(listing) / name, number):
        cold = RunFinder()
        (warm,), (found,) = finder.find(listing.folder), cold.find(listing.folder)
        assert (warm, found.is_over) == (known, False)
        for one in (finder, cold) if name != SPEC else (cold,):
            assert os.strerror(number) in one.cut
            assert one.is_unread
    assert [one.find(listing.folder) for one in (finder, cold)] == [(known,), (known,)]
    assert [one.is_unread for one in (finder, cold)] == [False, False]


@ERRORS
def test_a_run_whose_owner_cannot_be_read_may_live_elsewhere(
    listing: SampleListing, number: int
) -> None:
    target, now = Target(FIRST, listing.folder), listing.context().clock()
    require_silent(target, now)
    with (
        reads_fail(run_of(listing) / OWNER, number),
        pytest.raises(Refused, match="is running elsewhere"),
    ):
        require_silent(target, now)


@ERRORS
@pytest.mark.parametrize("name", [SPEC, OWNER])
def test_a_restricted_console_prompts_no_agent_whose_limits_it_cannot_read(
    listing: SampleListing, name: str, number: int
) -> None:
    context, session = listing.context(restricted=True), listing.session(FIRST)
    run = session.run
    assert run is not None
    (run.folder / SPEC).write_text(
        json.dumps({"session_id": FIRST, "closed": [], "decides_itself": False})
    )
    require_asking_agent(context, session, run)
    require_no_secret(context, run, listing.folder, listing.config_dir)
    with reads_fail(run.folder / name, number):
        with pytest.raises(Refused, match=os.strerror(number)):
            require_asking_agent(context, session, run)
        with pytest.raises(Refused, match=os.strerror(number)):
            require_no_secret(context, run, listing.folder, listing.config_dir)
    with (
        reads_fail(run.folder / SPEC, number),
        pytest.raises(Refused, match="cannot tell what its agent may do"),
    ):
        agent_folder(run, session)


@ERRORS
def test_credentials_that_cannot_be_looked_at_may_be_in_the_agents_folder(
    listing: SampleListing, number: int
) -> None:
    context, session = listing.context(restricted=True), listing.session(FIRST)
    assert session.run is not None
    require_no_secret(context, session.run, listing.folder, listing.config_dir)
    with reads_fail(listing.config_dir, number), pytest.raises(Refused, match="credentials"):
        require_no_secret(context, session.run, listing.folder, listing.config_dir)


@ERRORS
def test_no_run_is_pruned_whose_session_cannot_be_read(listing: SampleListing, number: int) -> None:
    runs, now = run_of(listing).parent, listing.context().clock() + timedelta(days=60)
    for day in range(KEPT_RUNS):
        run = runs / f"202612{day + 1:02}T143000Z-0001"
        run.mkdir()
        (run / SPEC).write_text(json.dumps({"session_id": FIRST}))
    (run_path(listing) / EVENTS).write_text('{"type": "ended"}\n')
    before = sorted(runs.iterdir())
    for place in (runs, run_path(listing), run_path(listing) / EVENTS, run / SPEC):
        with reads_fail(place, number):
            assert prune_runs(listing.folder, now) == 0
        assert sorted(runs.iterdir()) == before
    assert prune_runs(listing.folder, now) == 1


def deleted(listing: SampleListing) -> Context:
    """Delete one session with a run's folder, and let nothing else of it be there."""
    context = listing.context()
    delete(context, listing.session(FIRST))
    return context


@ERRORS
@pytest.mark.parametrize("name", ["", MANIFEST])
def test_what_lies_in_the_trash_is_neither_gone_nor_erased(
    listing: SampleListing, name: str, number: int
) -> None:
    context = deleted(listing)
    (trashed,) = list_trash(listing.root)
    catalog, before = (
        CatalogScanner(context).look(),
        snapshot(listing.root / ".session_console" / "trash"),
    )
    with reads_fail(trashed.batch / name, number):
        found, unread = read_trash(listing.root)
        assert found == ()
        assert os.strerror(number) in unread[0]
        for one in of_trash(catalog, unfinished(context.root, catalog.listings)):
            assert os.strerror(number) in one.words
            assert "no manifest" not in one.words
        for act in (
            lambda: purge(context, FIRST),
            lambda: undo_last(context),
            lambda: erase_words(trashed),
        ):
            with pytest.raises((ConsoleError, OSError), match=os.strerror(number)):
                act()
    assert snapshot(listing.root / ".session_console" / "trash") == before
    assert [act.session_id for act in undo_last(context)] == [FIRST]


@ERRORS
def test_no_row_is_deleted_while_nobody_knows_whether_its_files_are_in_the_trash(
    listing: SampleListing, number: int
) -> None:
    context = listing.context()
    clean_up(
        context, plan_cleanup(context, CatalogScanner(context).look(), older_than=timedelta(0))
    )
    with (
        reads_fail(list_trash(listing.root)[0].batch, number),
        pytest.raises(Refused, match=os.strerror(number)),
    ):
        delete(context, listing.session(FIRST))


@ERRORS
def test_nothing_is_said_to_be_erased_or_restored_that_nobody_could_look_at(
    listing: SampleListing, number: int
) -> None:
    deleted(listing)
    (trashed,) = list_trash(listing.root)
    before = snapshot(trashed.batch)
    with reads_fail(trashed.batch, number):
        with pytest.raises(ConsoleError, match=os.strerror(number)):
            put_back(trashed, listing.folder)
        with pytest.raises(ConsoleError, match=os.strerror(number)):
            erase(trashed)
    assert snapshot(trashed.batch) == before
    erase(trashed)
    assert list_trash(listing.root) == ()


@ERRORS
def test_nothing_is_undone_while_nobody_knows_what_was_undone_before(
    listing: SampleListing, number: int
) -> None:
    context = deleted(listing)
    (listing.root / ".session_console" / "log.jsonl").touch()
    with (
        reads_fail(listing.root / ".session_console" / "log.jsonl", number),
        pytest.raises(Refused, match=os.strerror(number)),
    ):
        undo_last(context)
    assert [act.session_id for act in undo_last(context)] == [FIRST]


@ERRORS
def test_nothing_is_moved_over_what_could_not_be_looked_at(tmp_path: Path, number: int) -> None:
    source, target = tmp_path / "a" / "one", tmp_path / "b" / "one"
    for path in (source, target):
        path.parent.mkdir()
        path.write_text(path.parent.name)
    with reads_fail(target.parent, number):
        for act in (conflict, move):
            with pytest.raises(OSError, match=os.strerror(number)):
                act(source, target)
    assert (source.read_text(), target.read_text()) == ("a", "b")
