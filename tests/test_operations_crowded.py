"""A listing with very much in it: it works, or says at which bound it was left unlooked at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui.core.errors import Refused, Unsure
from tui.core.models import Liveness, State
from tui.operations.find import find_session
from tui.operations.refresh import Watch
from tui.operations.target import Target, require_not_live
from tui.runs import found
from tui.storage import locks, registry, transcripts

_MANY_RUNS = 5_000
OTHER = "{:08x}-1111-4222-8333-444455556666"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    return listing


def add_runs(listing: SampleListing, count: int, session_id: str = FIRST) -> None:
    for number in range(count):
        run = listing.folder / ".session_console" / "runs" / f"20261120T143000Z-{number:06x}"
        (run / "inbox").mkdir(parents=True)
        at = "2026-11-20T14:30:00+00:00"
        spec = {"session_id": session_id, "created_at": at, "operator": f"anna {number}"}
        (run / "spec.json").write_text(json.dumps(spec))
        event = {"type": "done", "at": at}
        (run / "events.jsonl").write_text(f"{json.dumps(event)}\n")


def add_transcripts(listing: SampleListing, count: int) -> None:
    folder = listing.transcript_path(FIRST).parent
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{OTHER.format(number)}.jsonl").touch()


def test_very_many_runs_are_just_many_runs(listing: SampleListing) -> None:
    """Without reading only the last run of a session a look takes many times as long."""
    add_runs(listing, _MANY_RUNS)
    catalog = Watch(listing.context()).look()
    assert [one.problem for one in catalog.listings] == [""]
    run = find_session(catalog, FIRST).run
    assert run is not None
    assert run.operator == f"anna {_MANY_RUNS - 1}"


def test_runs_beyond_the_bound_are_named_and_read_the_next_time(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the bound whoever can make folders decides how long a look takes."""
    add_runs(listing, 6)
    monkeypatch.setattr(found, "MOST_RUNS", 4)
    finder = found.RunFinder()
    (run,) = finder.find(listing.folder)
    assert run.operator == "anna 5"
    assert finder.cut == "2 of its 6 runs are not read: there are over 4"
    monkeypatch.setattr(found, "RUNS_S", -1.0)
    assert finder.find(listing.folder) == (run,)
    assert finder.cut == "6 of its 6 runs are not read: reading them took over -1 s"
    monkeypatch.setattr(found, "MOST_RUNS", 6)
    monkeypatch.setattr(found, "RUNS_S", 60.0)
    assert finder.find(listing.folder) == (run,)
    assert finder.cut == ""


def test_no_transcript_is_denied_for_a_bound(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard the session is a ghost, and the id beside it is of no session."""
    add_transcripts(listing, 30)
    monkeypatch.setattr(transcripts, "MOST_TRANSCRIPTS", 5)
    catalog = Watch(listing.context()).look()
    (one,) = catalog.listings
    assert one.is_cut
    assert one.problem == "not everything in it was looked at: transcripts: there are over 5"
    assert find_session(catalog, FIRST).state is State.OK
    with pytest.raises(Unsure, match="may be where nobody could look now: hollis_park: not every"):
        find_session(catalog, OTHER.format(29))
    assert Unsure.exit_code == 1


@pytest.mark.parametrize("bound", ["MOST_TRANSCRIPTS", "MOST_ENTRIES"])
def test_what_is_asked_for_is_found_among_very_many(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    add_transcripts(listing, 30)
    monkeypatch.setattr(transcripts, bound, 5)
    for wanted in (FIRST, FIRST[:6], OTHER.format(29)):
        catalog = Watch(listing.context(), wanted).look()
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
    """Without the guard a session counts as free whose entry was never read."""
    sessions = listing.config_dir / "sessions"
    sessions.mkdir()
    for pid in range(4_100_000, 4_100_010):
        (sessions / f"{pid}.json").write_text("{}")
    assert registry.read_registry(listing.config_dir) == ()
    monkeypatch.setattr(registry, "MOST_LIVE", 5)
    (one,) = registry.read_registry(listing.config_dir)
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
    monkeypatch.setattr(locks, "MOST_LOCKS", 5)
    (one,) = Watch(listing.context()).look().listings
    assert one.problem == "it has over 5 locks"
