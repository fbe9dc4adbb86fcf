"""Watching folders: what happens in one names its owner, within bounds and through no link."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.open_files import open_files
from tui.safe_io.folder_watch import FolderWatch, local_device

_NOBODY: frozenset[str] = frozenset()
_ANNA = frozenset({"anna"})


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder with a file and a folder, on a file system that is surely local."""
    with TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name) / "watched"
        (folder / "below").mkdir(parents=True)
        (folder / "file").write_text("1")
        yield folder


def watching(*folders: Path, most: int = 100) -> FolderWatch:
    watch = FolderWatch(most)
    assert watch.put("anna", map(str, folders))
    assert watch.changed() == _NOBODY
    return watch


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda folder: (folder / "file").write_text("2"),
    "touched": lambda folder: os.utime(folder / "file"),
    "mode": lambda folder: (folder / "file").chmod(0o600),
    "made": lambda folder: (folder / "new").touch(),
    "gone": lambda folder: (folder / "file").unlink(),
    "renamed": lambda folder: (folder / "file").rename(folder.parent / "file"),
    "replaced": lambda folder: (folder.parent / "other").rename(folder / "file"),
    "made a folder": lambda folder: (folder / "new").mkdir(),
    "moved": lambda folder: folder.rename(folder.parent / "elsewhere"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_in_a_folder_names_its_owner_once(
    folder: Path, change: Callable[[Path], object]
) -> None:
    (folder.parent / "other").touch()
    watch = watching(folder)
    change(folder)
    assert watch.changed() == _ANNA
    assert watch.changed() == _NOBODY


def test_reading_is_no_change(folder: Path) -> None:
    """If it were, each look would cause the next."""
    watch = watching(folder)
    (folder / "file").read_text()
    list(folder.iterdir())
    assert watch.changed() == _NOBODY


def test_nothing_is_watched_through_a_link(folder: Path) -> None:
    link = folder / "link"
    link.symlink_to(folder.parent)
    (folder.parent / "inside").mkdir()
    watch = FolderWatch()
    assert not watch.put("anna", map(str, (folder, link, link / "inside")))
    (folder.parent / "inside" / "new").touch()
    (folder / "new").touch()
    assert watch.changed() == _NOBODY


def test_a_folder_has_one_owner(folder: Path) -> None:
    watch = watching(folder)
    assert not watch.put("ben", [str(folder)])
    (folder / "new").touch()
    assert watch.changed() == _ANNA


def test_only_so_many_are_watched_and_what_is_dropped_makes_room(folder: Path) -> None:
    watch = watching(folder, most=2)
    both = [str(folder.parent), str(folder / "below")]
    assert not watch.put("ben", both)
    (folder.parent / "new").touch()
    assert watch.changed() == _NOBODY
    watch.drop("anna")
    assert watch.put("ben", both)


def test_a_folder_that_is_gone_makes_room_too(folder: Path) -> None:
    watch = watching(folder / "below", most=1)
    (folder / "below").rmdir()
    assert watch.changed() == _ANNA
    assert watch.put("ben", [str(folder)])


def test_what_replaced_a_folder_is_watched_once_it_is_put_again(folder: Path) -> None:
    watch = watching(folder, folder / "below")
    (folder / "below").rename(folder.parent / "away")
    (folder / "below").mkdir()
    assert watch.changed() == _ANNA
    assert watch.put("anna", map(str, (folder, folder / "below")))
    (folder.parent / "away" / "new").touch()
    assert watch.changed() == _NOBODY
    (folder / "below" / "new").touch()
    assert watch.changed() == _ANNA


def test_lost_events_are_told(folder: Path) -> None:
    """The kernel keeps so many, and drops those that follow."""
    watch = watching(folder)
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(most // 2 + 1):
        os.utime(folder / "file")
        os.utime(folder / "below")  # another name, or the kernel would join the two
    assert watch.changed() is None


def test_a_watch_that_nobody_has_any_more_keeps_no_descriptor(folder: Path) -> None:
    gc.collect()  # of what other tests have left
    before = open_files()
    watch = watching(folder)
    assert open_files() <= before + 1
    del watch
    gc.collect()
    assert open_files() <= before


def test_only_file_systems_of_this_machine_are_local(folder: Path) -> None:
    assert local_device(folder) == folder.stat().st_dev
    assert local_device(Path("/proc/self")) is None
    assert local_device(folder / "missing") is None
