"""What somebody plants in a trash is never restored, and every restore is reported."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tui.core.errors import Refused
from tui.operations.trash.delete import delete
from tui.operations.trash.restore import restore
from tui.operations.trash.undo import undo_last
from tui.storage.trash.trash import list_trash

NEW = "aaaa0000-1111-4222-8333-444455556666"
PLACE = ".claude_sessions/projects/-data-outputs/{}.jsonl"


def plant(
    base: Path,
    places: list[str],
    *,
    at: datetime,
    session_id: str = NEW,
    row: object = None,
    listing_id: str = "hollis_park",
) -> Path:
    """Write a manifest into the trash of a root or listing, with the first of its files."""
    batch = base / ".session_console" / "trash" / "20260101T000000Z-abcdef"
    batch.mkdir(parents=True)
    one = {"session_id": session_id, "places": places, "row": row}
    one |= {"left": "deleted", "zone": "UTC", "title": "x"}
    head = {"listing": listing_id, "at": at.isoformat(), "operator": "anna", "action": "delete"}
    (batch / "manifest.json").write_text(json.dumps(head | {"sessions": {"0": one}}))
    (batch / "0-0").write_text("{}")
    return batch


@pytest.mark.parametrize(
    ("listing_id", "place"),
    [
        ("hollis_park", ".claude_sessions/settings.local.json"),
        ("hollis_park", "run_pipeline.py"),
        ("oak", PLACE.format(NEW)),
    ],
)
def test_what_is_planted_goes_nowhere(listing: SampleListing, listing_id: str, place: str) -> None:
    """An agent may write into its own listing, but not into another, and no hooks into any."""
    oak = SampleListing(listing.root, "oak")
    oak.add(SECOND)
    places = [place, ".claude_sessions/tasks/" + NEW]
    batch = plant(listing.folder, places, at=datetime.now(UTC), listing_id=listing_id)
    before = snapshot(batch), snapshot(oak.config_dir), snapshot(listing.config_dir)
    assert "unreadable_trash" in run_cli(listing.root, "doctor", "--fix", "--json").stdout
    assert run_cli(listing.root, "cleanup", "--expired", "--yes").stdout == "nothing to clean up\n"
    assert run_cli(listing.root, "undo", "--operator", "anna").returncode == 4
    assert (snapshot(batch), snapshot(oak.config_dir), snapshot(listing.config_dir)) == before


@pytest.mark.parametrize("as_json", [True, False])
def test_a_clean_up_says_what_it_put_back(listing: SampleListing, as_json: bool) -> None:
    places = [PLACE.format(NEW), ".claude_sessions/tasks/" + NEW]
    plant(listing.root, places, at=datetime.now(UTC))
    planned = run_cli(listing.root, "cleanup", "--dry-run", "--json").stdout
    assert [one["session_id"] for one in json.loads(planned)["unfinished"]] == [NEW]
    assert f"moved only halfway: hollis_park/{NEW}" in run_cli(listing.root, "cleanup").stdout
    said = run_cli(listing.root, "cleanup", "--yes", *(["--json"] if as_json else [])).stdout
    if as_json:
        done = json.loads(said)
        assert done["put_back"] == [{"session_id": NEW, "listing": "hollis_park"}]
        said = done["words"] + "\n"
    assert said.endswith("1 session moved only halfway put back: hollis_park/aaaa0000\n")


def test_an_undo_believes_no_manifest_that_the_audit_does_not_know(
    listing: SampleListing,
) -> None:
    """It would be undone instead of the real last act."""
    delete(listing.context(), listing.session(FIRST))
    (real,) = list_trash(listing.root)
    assert real.row is not None
    row = {**asdict(real.row), "session_id": NEW}
    batch = plant(listing.folder, [PLACE.format(NEW)], at=datetime.now(UTC), row=row)
    assert [act.session_id for act in undo_last(listing.context())] == [FIRST]
    with pytest.raises(Refused, match="can be undone"):
        undo_last(listing.context())
    assert (batch / "0-0").exists()
    restore(listing.context(), NEW)


def test_an_undo_names_a_manifest_from_the_future_and_waits_until_it_is_gone(
    listing: SampleListing,
) -> None:
    """Nobody can tell whether a clock was set back or a stranger wrote it."""
    delete(listing.context(), listing.session(FIRST))
    later = datetime.now(UTC) + timedelta(days=900)
    batch = plant(listing.folder, [PLACE.format(NEW)], at=later)
    with pytest.raises(Refused, match=f"later than now.*restore {NEW[:8]}"):
        undo_last(listing.context())
    assert (batch / "0-0").exists()
    restore(listing.context(), NEW)
    assert [act.session_id for act in undo_last(listing.context())] == [FIRST]
