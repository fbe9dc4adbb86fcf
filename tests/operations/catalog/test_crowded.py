"""Very large listings: they work, or the bound that was reached is named."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.safe_io.test_walking import nest
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.claude import live_registry
from tui.core.errors import Inconclusive, Refused, UnknownId
from tui.core.limits import DEEPEST
from tui.core.models.session import Liveness, State
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.target import Target, require_not_live
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import plan_purge
from tui.operations.trash.restore import restore
from tui.operations.trash.trash_list import trash_and_problems
from tui.runs.folder import run_finder
from tui.safe_io.walking import erase_tree
from tui.storage import session_locks
from tui.storage.transcripts import transcript_files
from tui.storage.trash import trash
from tui.storage.trash.trash import list_trash

_MANY_RUNS = 5_000
OTHER = "{:08x}-1111-4222-8333-444455556666"


@pytest.fixture(autouse=True)
def _cleared(tmp_path: Path) -> Iterator[None]:
    """Remove deep folders here: pytest's own clean-up recurses."""
    yield
    subprocess.run(["rm", "-rf", *tmp_path.iterdir()], check=True)


def add_runs(listing: SampleListing, count: int, session_id: str = FIRST) -> None:
    for number in range(count):
        run = listing.folder / ".session_console" / "runs" / f"20261120T143000Z-{number:06x}"
        (run / "inbox").mkdir(parents=True)
        at = "2026-11-20T14:30:00+00:00"
        spec = {"session_id": session_id, "created_at": at, "operator": f"anna {number}"}
        (run / "spec.json").write_text(json.dumps(spec))
        events = ({"type": "done", "at": at}, {"type": "ended", "at": at})
        (run / "events.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in events))


def add_transcripts(listing: SampleListing, count: int) -> None:
    folder = listing.transcript_path(FIRST).parent
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{OTHER.format(number)}.jsonl").touch()


def test_very_many_runs_are_just_many_runs(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless only a session's last run is read, a look takes many times as long."""
    monkeypatch.setattr(run_finder, "RUNS_S", 60.0)  # however busy the machine is
    add_runs(listing, _MANY_RUNS)
    catalog = CatalogScanner(listing.context()).look()
    assert [one.problem for one in catalog.listings] == [""]
    run = find_session(catalog, FIRST).run
    assert run is not None
    assert run.operator == f"anna {_MANY_RUNS - 1}"


def test_runs_beyond_the_bound_are_named_and_read_the_next_time(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bound, whoever can make folders decides how long a look takes."""
    add_runs(listing, 6)
    monkeypatch.setattr(run_finder, "MOST_RUNS", 4)
    finder = run_finder.RunFinder()
    (run,) = finder.find(listing.folder)
    assert run.operator == "anna 5"
    assert finder.cut == "2 of its 6 runs were not read: there are over 4"
    monkeypatch.setattr(run_finder, "RUNS_S", -1.0)
    assert finder.find(listing.folder) == (run,)
    assert finder.cut == "6 of its 6 runs were not read: reading them took over -1 s"
    monkeypatch.setattr(run_finder, "MOST_RUNS", 6)
    monkeypatch.setattr(run_finder, "RUNS_S", 60.0)
    assert finder.find(listing.folder) == (run,)
    assert finder.cut == ""


def test_no_transcript_is_denied_for_a_bound(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard the session is a ghost, and the id beside it belongs to no session."""
    add_transcripts(listing, 30)
    monkeypatch.setattr(transcript_files, "MOST_TRANSCRIPTS", 5)
    catalog = CatalogScanner(listing.context()).look()
    (one,) = catalog.listings
    assert one.is_cut
    assert one.problem == "not everything in it was read: transcripts: there are over 5"
    assert find_session(catalog, FIRST).state is State.OK
    with pytest.raises(
        Inconclusive, match="but not everything could be read: hollis_park: not every"
    ):
        find_session(catalog, OTHER.format(29))
    assert Inconclusive.exit_code == 1


@pytest.mark.parametrize("bound", ["MOST_TRANSCRIPTS", "MOST_ENTRIES"])
def test_what_is_asked_for_is_found_among_very_many(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    add_transcripts(listing, 30)
    monkeypatch.setattr(transcript_files, bound, 5)
    for wanted in (FIRST, FIRST[:6], OTHER.format(29)):
        catalog = CatalogScanner(listing.context(), wanted).look()
        session = find_session(catalog, wanted)
        assert session.transcript is not None
        assert catalog.listings[0].is_cut


def test_a_neighbour_changes_nothing_for_whom_a_listing_is_named(listing: SampleListing) -> None:
    neighbour = replace(listing, listing_id="a_neighbour")
    neighbour.folder.mkdir()
    (neighbour.folder / "buyers.db").write_bytes(b"x" * 100)
    done = run_cli(listing.root, "show", f"hollis_park/{FIRST}")
    assert (done.returncode, done.stderr) == (0, "")
    done = run_cli(listing.root, "show", f"hollis_park/{SECOND}")
    assert done.returncode == 3
    done = run_cli(listing.root, "show", SECOND, "--json")
    assert done.returncode == 1
    error = json.loads(done.stderr)["error"]
    assert error["code"] == "unsure"
    assert "a_neighbour: buyers.db is not a SQLite database" in error["message"]


def test_more_registry_entries_than_are_read_prove_nobody_dead(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard a session counts as free although its entry was never read."""
    sessions = listing.config_dir / "sessions"
    sessions.mkdir()
    for pid in range(4_100_000, 4_100_010):
        (sessions / f"{pid}.json").write_text("{}")
    assert live_registry.read_registry(listing.config_dir) == ()
    monkeypatch.setattr(live_registry, "MOST_LIVE", 5)
    (one,) = live_registry.read_registry(listing.config_dir)
    assert (one.pid, one.session_id, one.liveness) == (0, "", Liveness.UNKNOWN)
    with pytest.raises(Refused, match="or has over"):
        require_not_live(Target(FIRST, listing.folder))


def test_more_locks_than_are_looked_at_are_named(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = listing.folder / ".session_console" / "locks"
    folder.mkdir(parents=True)
    for number in range(10):
        (folder / OTHER.format(number)).touch()
    monkeypatch.setattr(session_locks, "MOST_LOCKS", 5)
    (one,) = CatalogScanner(listing.context()).look().listings
    assert one.problem == "it has over 5 locks"


@pytest.fixture
def nested(listing: SampleListing) -> SampleListing:
    """Nested folders beside a healthy transcript, and file names that are not text."""
    folder = listing.transcript_path(FIRST).with_suffix("")
    nest(folder, 1_850)
    nest(folder / "long", 60, "n" * 255)
    (folder / os.fsdecode(b"\xff\xfe\x80")).write_text("1")
    return listing


def test_a_session_with_nested_folders_goes_and_comes_back_whole(nested: SampleListing) -> None:
    """Without the guard its transcript vanishes, and these acts end in a `RecursionError`."""
    (shown,) = json.loads(run_cli(nested.root, "ls", "--json").stdout)
    assert (shown["state"], shown["session_id"]) == ("ok", FIRST)
    for words in ("delete ID --yes", "trash", "trash ID", "stats", "undo", "stats", "export ID"):
        done = run_cli(nested.root, *words.replace("ID", FIRST).split())
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert nested.session(FIRST).transcript is not None
    assert run_cli(nested.root, "delete", FIRST, "--yes").returncode == 0
    assert run_cli(nested.root, "purge", FIRST, "--yes").returncode == 0
    assert not nested.transcript_path(FIRST).with_suffix("").exists()
    assert list((nested.root / ".session_console" / "trash").iterdir()) == []


def test_what_is_not_counted_is_said(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the note a partial size looks like the whole."""
    folder = listing.transcript_path(FIRST).with_suffix("")
    nest(folder, DEEPEST + 10)
    done = run_cli(listing.root, "show", FIRST)
    assert f"at least: its folders are nested over {DEEPEST} deep" in done.stdout
    plan = plan_purge(listing.context(), FIRST)
    assert "at least" in plan.words
    erase_tree(folder)


def test_a_trash_too_full_to_be_read_denies_nothing(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard, sessions in a batch that was not read seem not to be in the trash."""
    delete(listing.context(), listing.session(FIRST))
    monkeypatch.setattr(trash, "MOST_BATCHES", 2)
    for number in range(3):
        (listing.root / ".session_console" / "trash" / f"3{number}").mkdir()
    with pytest.raises(
        Inconclusive, match="not all of the trash of outputs was read: it has more than 2 b"
    ):
        restore(listing.context(), FIRST)
    _, unread = trash_and_problems(listing.context())
    assert unread == ("not all of the trash of outputs was read: it has more than 2 batches",)
    monkeypatch.setattr(trash, "TRASH_S", -1.0)
    (words,) = trash_and_problems(listing.context())[1]
    assert words.endswith("was read: reading them took over -1 s")


def test_a_manifest_too_large_to_be_believed_is_none(listing: SampleListing) -> None:
    """Without the bound, parsing a few megabytes takes very much memory."""
    delete(listing.context(), listing.session(FIRST))
    (one,) = list_trash(listing.root)
    text = (one.batch / "manifest.json").read_text()
    (one.batch / "manifest.json").write_text(text[:-1] + ', "x": [' + "[]," * 600_000 + "[]]}")
    assert list_trash(listing.root) == ()
    with pytest.raises(UnknownId, match="no manifest there can be read"):
        restore(listing.context(), FIRST)
