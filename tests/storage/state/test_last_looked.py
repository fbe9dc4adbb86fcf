"""What an operator looked at is kept between consoles, for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.core.sessions.catalog_changes import LastLooked
from tui.storage.state.last_looked import read_looks, write_looks

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ROOT = Path("/data/outputs")


def test_what_was_looked_at_is_there_again_for_that_operator_and_root(tmp_path: Path) -> None:
    looks = LastLooked(
        NOW - timedelta(days=1), {("hollis_park", "9f2c"): NOW, ("a/b", "\ud800"): NOW}
    )
    write_looks(tmp_path / "state", ROOT, "anna", looks)
    assert read_looks(tmp_path / "state", ROOT, "anna", NOW) == looks
    assert read_looks(tmp_path / "state", ROOT, "bert", NOW) == LastLooked(NOW)
    assert read_looks(tmp_path / "state", ROOT / "other", "anna", NOW) == LastLooked(NOW)
    (file,) = (tmp_path / "state").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "nonsense", '{"since": 1, "at": []}', '{"since": null, "at": {"a": 3}}',
        '{"at": {"a": {"b": 7}}}', "[" * 5000,
    ],
)  # fmt: skip
def test_a_file_of_garbage_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    write_looks(tmp_path, ROOT, "anna", LastLooked(NOW))
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    assert read_looks(tmp_path, ROOT, "anna", NOW) == LastLooked(NOW)


def test_a_moment_that_cannot_be_read_is_forgotten(tmp_path: Path) -> None:
    write_looks(tmp_path, ROOT, "anna", LastLooked(NOW))
    (file,) = tmp_path.iterdir()
    file.write_text('{"since": "soon", "at": {"a": {"b": "2026-11-20T14:30:00+00:00", "c": 1}}}')
    assert read_looks(tmp_path, ROOT, "anna", NOW) == LastLooked(NOW, {("a", "b"): NOW})
