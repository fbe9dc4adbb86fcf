"""Folders of any depth and size, gone through and erased within bounds."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tui.core import limits
from tui.safe_io import walking
from tui.safe_io.walking import Walk, erase_tree, measure, names_in

_LONG = "n" * 255


@pytest.fixture(autouse=True)
def _cleared(tmp_path: Path) -> Iterator[None]:
    """Nothing so deep is left to pytest's own clean-up, which goes down by calling itself."""
    yield
    subprocess.run(["rm", "-rf", *tmp_path.iterdir()], check=True)


def nest(folder: Path, depth: int, name: str = "d") -> None:
    """Make folders in one another, far beyond what a path may name, and a file in each tenth."""
    folder.mkdir(exist_ok=True)
    fd = os.open(folder, os.O_RDONLY)
    for number in range(depth):
        os.mkdir(name, dir_fd=fd)
        if number % 10 == 0:
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)


@contextmanager
def few_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("depth", "name"), [(1_850, "d"), (100, _LONG)])
def test_nested_folders_are_measured_and_erased(tmp_path: Path, depth: int, name: str) -> None:
    """Without the guard this ends in a `RecursionError`, or no path is short enough."""
    assert depth > sys.getrecursionlimit() or len(name) * depth > 4096
    nest(tmp_path / "top", depth, name)
    with few_descriptors():
        found = measure(tmp_path / "top")
        assert (found.files, found.cut) == (-(-depth // 10), "")
        erase_tree(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_what_is_deeper_than_the_bound_is_named_and_still_erased(tmp_path: Path) -> None:
    """Without the bound a walk takes as long as somebody likes."""
    nest(tmp_path / "top", limits.DEEPEST + 200)
    found = measure(tmp_path / "top")
    assert found.files == limits.DEEPEST // 10 + 1
    assert found.cut == f"its folders are nested over {limits.DEEPEST} deep"
    erase_tree(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_a_walk_stops_at_its_bound_and_says_so(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}").touch()
    walk = Walk(tmp_path, most=20)
    assert len(list(walk)) == 20
    assert walk.cut == "it has more than 20 files and folders"
    walk = Walk(tmp_path, most=30)
    assert len(list(walk)) == 30
    assert walk.cut == ""
    assert names_in(tmp_path, 20)[1] is False
    assert len(names_in(tmp_path, 30)[0]) == 30


def test_a_walk_takes_its_time_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(600):
        (tmp_path / f"{number}").touch()
    monkeypatch.setattr(walking, "WALK_S", -1.0)
    walk = Walk(tmp_path)
    assert len(list(walk)) < 600
    assert walk.cut == "reading it took over -1 s"


def test_no_link_is_followed_nor_erased_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    top = tmp_path / "top"
    (top / "inside").mkdir(parents=True)
    (top / "link").symlink_to(outside)
    (top / "inside" / "link").symlink_to(outside)
    os.mkfifo(top / "pipe")
    assert {one.place for one in Walk(top)} == {"inside", "inside/link", "link", "pipe"}
    assert measure(top).files == 3
    (tmp_path / "to_top").symlink_to(top)
    assert list(Walk(tmp_path / "to_top")) == []
    erase_tree(top)
    assert not top.exists()
    assert (outside / "kept").read_text() == "kept"


def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff\xfe")
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / name).write_text("12")
    assert [one.place for one in Walk(tmp_path / "top")] == [name]
    erase_tree(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_some_tool_locked_are_erased(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "one" / "two").mkdir(parents=True)
    (top / "one" / "two" / "file").touch()
    for folder, mode in ((top / "one" / "two", 0o500), (top / "one", 0o000), (top, 0o500)):
        folder.chmod(mode)
    erase_tree(top)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_measures_nothing(tmp_path: Path) -> None:
    assert measure(tmp_path / "none") == walking.FolderSize()
    walk = Walk(tmp_path / "none")
    assert list(walk) == []
    assert walk.cut == "its folder cannot be opened: No such file or directory"
