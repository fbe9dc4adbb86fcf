"""Moving between trees: what cannot be taken along is left, and said."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.safe_io.test_walking import nest
from tui.core.limits import DEEPEST_MOVED
from tui.safe_io.moving import conflict, move, require_movable
from tui.safe_io.replacing import make_folders


def other_disk(source: Path, target: Path) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))


def test_the_same_file_is_never_removed_as_its_own_copy(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    (tmp_path / "linked").hardlink_to(tmp_path / "one")
    for target in ("one", "linked"):
        with pytest.raises(OSError, match="the same file"):
            move(tmp_path / "one", tmp_path / target)
    assert (tmp_path / "one").read_text() == "1"


def test_a_pipe_is_left_where_it_is(tmp_path: Path) -> None:
    source = tmp_path / "from"
    source.mkdir()
    (source / "a").write_text("1")
    os.mkfifo(source / "pipe")
    with pytest.raises(OSError, match="neither a file nor a folder"):
        move(source, tmp_path / "to", rename=other_disk)
    assert (tmp_path / "to" / "a").read_text() == "1"
    assert (source / "pipe").exists()
    assert not list((tmp_path / "to").glob(".*"))


def test_modes_and_times_go_along_to_another_disk(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_text("1")
    path.chmod(0o640)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    move(path, tmp_path / "two", rename=other_disk)
    status = (tmp_path / "two").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, 1_700_000_000)
    assert not path.exists()


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [("1", "1", True), ("1", "2", False), ("1", "link", False), ("link", "link", True)],
)
def test_what_is_there_already_must_be_the_same(
    tmp_path: Path, ours: str, theirs: str, is_same: bool
) -> None:
    for name, kind in (("from", ours), ("to", theirs)):
        (tmp_path / name / "deep").mkdir(parents=True)
        path = tmp_path / name / "deep" / "one"
        path.symlink_to("/etc/passwd") if kind == "link" else path.write_text(kind)
    clash = conflict(tmp_path / "from", tmp_path / "to")
    assert clash == (None if is_same else tmp_path / "to" / "deep" / "one")


def test_no_folder_is_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "base" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(NotADirectoryError):
        make_folders(tmp_path / "base", "link", "deep")
    assert not list((tmp_path / "outside").iterdir())


def test_what_is_too_deep_to_be_moved_step_by_step_is_refused(tmp_path: Path) -> None:
    """Without the guard the move stops half way in a `RecursionError`."""
    nest(tmp_path / "deep", DEEPEST_MOVED + 5)
    with pytest.raises(OSError, match=f"nested over {DEEPEST_MOVED} deep"):
        require_movable(tmp_path / "deep")
    nest(tmp_path / "flat", DEEPEST_MOVED - 5)
    require_movable(tmp_path / "flat")
    move(tmp_path / "flat", tmp_path / "to", rename=other_disk)
    assert not (tmp_path / "flat").exists()


def test_what_came_to_be_there_since_it_was_compared_is_not_moved_over(tmp_path: Path) -> None:
    """Somebody else may write a file between the comparison and its turn to be moved."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("a whole transcript")
    assert conflict(source, target) is None
    target.write_text("begun blank elsewhere")
    with pytest.raises(FileExistsError, match="something else is there now"):
        move(source, target)
    assert source.read_text() == "a whole transcript"
    assert target.read_text() == "begun blank elsewhere"


def test_what_is_written_to_while_it_is_copied_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of what it was a moment ago is not all of it."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("a line\n")
    copy = shutil.copyfileobj

    def copied(read: Any, write: Any) -> None:
        copy(read, write)
        with source.open("a") as file:
            file.write("another\n")

    monkeypatch.setattr(shutil, "copyfileobj", copied)
    with pytest.raises(OSError, match="written to meanwhile"):
        move(source, target, rename=other_disk)
    assert source.read_text() == "a line\nanother\n"
    assert not target.exists()
