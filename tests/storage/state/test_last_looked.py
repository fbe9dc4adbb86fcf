"""What an operator looked at is kept between consoles, for nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.sessions.catalog_changes import LastLooked
from tui.storage.state.last_looked import read_looks, write_looks

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ROOT = Path("/data/outputs")


def test_what_was_looked_at_is_there_again_for_that_operator_and_root(tmp_path: Path) -> None:
    looks = LastLooked(
        NOW - timedelta(days=1), {("hollis_park", "9f2c"): NOW, ("a/b", "\ud800"): NOW}
    )
    write_looks(tmp_path / "state", ROOT, "anna", looks, [*looks.at, ("never", "seen")])
    assert read_looks(tmp_path / "state", ROOT, "anna", NOW) == looks
    assert read_looks(tmp_path / "state", ROOT, "bert", NOW) == LastLooked(NOW)
    assert read_looks(tmp_path / "state", ROOT / "other", "anna", NOW) == LastLooked(NOW)
    (file,) = (tmp_path / "state").glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_consoles_of_one_operator_keep_what_each_has_seen(tmp_path: Path) -> None:
    """Fails if a console writes only what it has seen itself."""
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    first = LastLooked(early, {("a", "1"): late, ("a", "2"): early})
    second = LastLooked(late, {("a", "2"): late, ("b", "3"): NOW})
    write_looks(tmp_path, ROOT, "anna", first, [("a", "1"), ("a", "2")])
    write_looks(tmp_path, ROOT, "anna", second, [("a", "1"), ("a", "2")])
    both = LastLooked(early, {("a", "1"): late, ("a", "2"): late})
    assert read_looks(tmp_path, ROOT, "anna", NOW) == both


def test_a_moment_that_cannot_be_read_is_forgotten(tmp_path: Path) -> None:
    """The session counts as unseen then, as far as it was written to after all that was seen."""
    write_looks(tmp_path, ROOT, "anna", LastLooked(NOW), [])
    (file,) = tmp_path.glob("*.json")
    at = NOW.isoformat()
    file.write_text(json.dumps({"since": at, "at": {"a": {"b": at, "c": 1, "d": "soon"}}}))
    assert read_looks(tmp_path, ROOT, "anna", NOW) == LastLooked(NOW, {("a", "b"): NOW})
