"""The hold of a root: what is there and cannot be read holds it, what is not there never does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tui.core.models.catalog import Hold
from tui.safe_io.folders import OURS
from tui.storage.state.hold import read_hold, write_hold

HOLD = Hold("anna", datetime(2026, 11, 20, 12, tzinfo=UTC), "moving disks")


def place(root: Path) -> Path:
    folder = root / OURS
    folder.mkdir(exist_ok=True)
    return folder / "hold.json"


def test_a_hold_is_read_as_it_was_written_until_it_is_lifted(tmp_path: Path) -> None:
    assert read_hold(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    write_hold(tmp_path, HOLD)
    assert read_hold(tmp_path) == HOLD
    write_hold(tmp_path, None)
    write_hold(tmp_path, None)
    assert read_hold(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"at": "2026-11-20T12:00:00+00:00"}',
        b"[" * 100_000,
        b" " * (1024 * 1024 + 1),
        b"\xff",
    ],
)
def test_garbage_holds_too_and_can_be_lifted(tmp_path: Path, content: bytes) -> None:
    """Read as no hold it would let a clean-up begin that somebody stopped."""
    place(tmp_path).write_bytes(content)
    hold = read_hold(tmp_path)
    assert hold is not None
    assert (hold.by, hold.reason) == ("somebody", f"{place(tmp_path)} cannot be read")
    assert hold.at is not None
    assert hold.at.year >= 2026
    write_hold(tmp_path, None)
    assert read_hold(tmp_path) is None


def linked(path: Path) -> None:
    path.symlink_to("/nonexistent")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, linked])
def test_whatever_stands_there_holds(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(place(tmp_path))
    hold = read_hold(tmp_path)
    assert hold is not None
    assert hold.by == "somebody"


def test_a_file_in_the_place_of_our_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / OURS).write_text("")
    assert read_hold(tmp_path) is None


def test_a_linked_folder_of_ours_leads_nowhere_and_may_hold(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / OURS).symlink_to(outside)
    with pytest.raises(OSError, match="not a folder of ours"):
        write_hold(root, HOLD)
    assert list(outside.iterdir()) == []
    (outside / "hold.json").write_text("{}")
    hold = read_hold(root)
    assert hold is not None
    assert "is a link" in hold.reason
    assert hold.is_unreadable


def test_a_hold_without_a_sound_moment_counts_from_its_file(tmp_path: Path) -> None:
    path = place(tmp_path)
    path.write_text(json.dumps({"by": "", "at": "soon", "reason": None}))
    os.utime(path, (1_800_000_000, 1_800_000_000))
    assert read_hold(tmp_path) == Hold("somebody", datetime.fromtimestamp(1_800_000_000, UTC), "")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_cleaned(tmp_path: Path, payload: str) -> None:
    write_hold(tmp_path, Hold(payload, HOLD.at, payload))
    hold = read_hold(tmp_path)
    assert hold is not None
    assert is_cleaned(hold.by)
    assert is_cleaned(hold.reason)
