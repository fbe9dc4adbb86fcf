"""`partial.json` is written as often as it is read, and seldom while it is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.support.hostile.full_disk import need_mounts, small_disk
from tui.runs.folder.open_folder import RunFolder
from tui.runs.folder.protocol import PARTIAL
from tui.runs.journal.partial_file import PartialFile


class Writing:
    """A message that grows by a letter with each `write`, 0.1 s apart."""

    def __init__(self, folder: Path) -> None:
        self.place, self.now, self.text = folder / PARTIAL, 0.0, ""
        self.file = PartialFile(RunFolder(folder), lambda: self.now)

    def write(self, times: int = 1) -> int:
        """Write that often, as a run does; return how often the file was replaced."""
        before = self._identity()
        replaced = 0
        for _ in range(times):
            self.now += 0.1
            self.text += "x"
            if self.file.is_due:
                self.file.write({"text": self.text})
            replaced += self._identity() != before
            before = self._identity()
        return replaced

    def _identity(self) -> object:
        if not self.place.exists():
            return None
        found = self.place.stat()
        return found.st_ino, found.st_mtime_ns


def test_unread_it_is_written_about_once_a_second(tmp_path: Path) -> None:
    assert 8 <= Writing(tmp_path).write(100) <= 12


def test_read_it_is_written_each_time_and_a_new_reader_is_noticed_soon(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.write(50)
    for _ in range(4):
        writing.place.read_bytes()
        writing.write()
    for _ in range(10):
        writing.place.read_bytes()
        assert writing.write() == 1
        assert json.loads(writing.place.read_text()) == {"text": writing.text}


def test_a_new_message_is_written_at_once(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.write(5)
    writing.file.remove()
    assert not writing.place.exists()
    assert writing.write() == 1


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.write()
    before = writing.place.stat()
    writing.place.read_bytes()
    writing.file.write({"text": writing.text})
    after = writing.place.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_file_that_somebody_removed_is_written_anew_and_may_be_removed(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.write(20)
    writing.place.unlink()
    assert writing.write(5)
    writing.place.unlink()
    writing.file.remove()


def test_a_link_is_not_asked_who_read_what_it_names(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    os.utime(kept, ns=(0, 0))
    (tmp_path / "run").mkdir()
    writing = Writing(tmp_path / "run")
    writing.write(5)
    while not writing.write():
        pass
    writing.place.unlink()
    writing.place.symlink_to(kept)
    assert writing.write(5)
    assert not writing.place.is_symlink()


def test_a_mount_without_times_of_access_counts_as_read(tmp_path: Path) -> None:
    need_mounts(tmp_path)
    with small_disk(tmp_path / "disk", "noatime") as disk:
        assert Writing(disk).write(10) == 10


def test_a_link_in_its_place_is_replaced_and_what_it_names_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    os.utime(kept, ns=(1, 1))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / PARTIAL).symlink_to(kept)
    writing = Writing(tmp_path / "run")

    assert writing.write(30)

    assert kept.read_text() == "kept"
    assert kept.stat().st_mtime_ns == 1
    assert not writing.place.is_symlink()
