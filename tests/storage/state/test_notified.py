"""What was told of already: garbage is no reason to be silent, and old news is forgotten."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tui.core.limits import NOTIFIED
from tui.storage.state.notified import claim, write_sent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / ".session_console").mkdir()
    return tmp_path / ".session_console" / "notified.json"


@pytest.mark.parametrize("garbage", ["{", "[]", '{"a": 7}', "\x00", "[" * 100_000])
def test_garbage_is_no_reason_to_be_silent(tmp_path: Path, path: Path, garbage: str) -> None:
    path.write_text(garbage)
    assert claim(tmp_path, ["a"], NOW) == {"a"}
    assert claim(tmp_path, ["a"], NOW) == frozenset()


@pytest.mark.parametrize(("hours", "is_kept"), [(1, True), (25, False)])
def test_what_is_over_is_forgotten_after_a_day(
    tmp_path: Path, path: Path, hours: int, is_kept: bool
) -> None:
    claim(tmp_path, ["a"], NOW)
    claim(tmp_path, ["b"], NOW + timedelta(hours=hours))
    kept = json.loads(path.read_text())
    assert len(kept) == 1 + is_kept


def test_what_was_not_told_to_the_end_is_due_again_a_while_later(tmp_path: Path) -> None:
    """Whatever became of its teller; and who still tells of others keeps them."""
    claim(tmp_path, ["a", "b", "c"], NOW)
    write_sent(tmp_path, "b", ["c"], NOW + timedelta(minutes=2))
    assert claim(tmp_path, ["a", "b", "c"], NOW + timedelta(minutes=4)) == frozenset()
    assert claim(tmp_path, ["a", "b", "c"], NOW + timedelta(minutes=5)) == {"a"}
    assert claim(tmp_path, ["a", "b", "c"], NOW + timedelta(minutes=7)) == {"c"}


def test_a_claim_of_a_clock_that_was_wrong_does_not_last(tmp_path: Path) -> None:
    claim(tmp_path, ["a"], NOW + timedelta(days=9))
    assert claim(tmp_path, ["a"], NOW) == {"a"}


def test_nothing_that_was_told_of_is_quoted(tmp_path: Path, path: Path) -> None:
    claim(tmp_path, ["hollis_park/9f2c|failed|a secret reason"], NOW)
    assert "secret" not in path.read_text()


def test_what_was_told_of_before_is_not_told_again_under_its_old_name(
    tmp_path: Path, path: Path
) -> None:
    path.write_text(json.dumps({"a|failed|why": NOW.isoformat()}))
    assert claim(tmp_path, ["a|failed|why", "b"], NOW) == {"b"}


def test_very_many_are_told_once(tmp_path: Path, path: Path) -> None:
    """11,000 keys took over 1 MiB, which read as nothing: all of them were due at every look."""
    keys = [f"listing_{number}/{'x' * 36}|failed|{'why ' * 30}" for number in range(40_000)]
    assert len(claim(tmp_path, keys, NOW)) == 40_000
    assert path.stat().st_size > 1024 * 1024
    assert claim(tmp_path, keys, NOW) == frozenset()


def test_what_cannot_be_read_lets_nothing_be_due(tmp_path: Path, path: Path) -> None:
    path.write_bytes(b" " * (NOTIFIED + 1))
    with pytest.raises(OSError, match="not a small file"):
        claim(tmp_path, ["a"], NOW)
    with pytest.raises(OSError, match="not a small file"):
        write_sent(tmp_path, "a", [], NOW)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / ".session_console").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="not a folder of ours"):
        claim(tmp_path, ["a"], NOW)
    assert not list((tmp_path / "outside").iterdir())
