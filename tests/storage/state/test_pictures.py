"""The files of pictures: private, bounded, and of no erasure but the last."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.programs import need_right
from tui.core.console.picture import Picture
from tui.core.limits import MOST_PICTURES, SMALL
from tui.storage.index.erasure_marks import generation_of, mark_erased
from tui.storage.state.pictures import PictureFiles, erase_pictures

SIZE = (3, 2)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "outputs"
    root.mkdir()
    return root


def files_of(root: Path, operator: str = "anna", drawn_for: str = "256") -> PictureFiles:
    folder = root.parent / "cache" / "session-console"
    return PictureFiles(folder=folder, root=root, operator=operator, drawn_for=drawn_for)


def picture(root: Path, size: tuple[int, int] = SIZE) -> Picture:
    rows = ((("a", "1"),) * size[0],) * size[1]
    at = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)
    return Picture(rows=rows, at=at, erasure=generation_of(root), drawn_for="256")


def left(files: PictureFiles) -> list[Path]:
    return sorted(files.folder.iterdir())


def test_a_picture_is_kept_for_its_login_alone(root: Path) -> None:
    files = files_of(root)
    assert files.read(SIZE) is None
    files.write(picture(root))
    assert files.read(SIZE) == picture(root)
    assert [one.stat().st_mode & 0o777 for one in left(files)] == [0o600]
    assert files.folder.stat().st_mode & 0o777 == 0o700


def test_it_is_for_one_root_operator_size_and_way_of_drawing(root: Path) -> None:
    files_of(root).write(picture(root))
    other = root.with_name("other")
    other.mkdir()
    assert files_of(other).read(SIZE) is None
    assert files_of(root, "bert").read(SIZE) is None
    assert files_of(root).read((2, 3)) is None
    assert files_of(root, drawn_for="16").read(SIZE) is None
    assert files_of(root).read(SIZE) is not None


def _link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _second_name(path: Path) -> None:
    os.link(path, path.with_name("other"))


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _large(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" " * SMALL)


def _readable(path: Path) -> None:
    path.chmod(0o644)


def _not_text(path: Path) -> None:
    path.write_bytes(b"\xff" + path.read_bytes())


def _folder_of_others(path: Path) -> None:
    path.parent.chmod(0o777)


def _folder_elsewhere(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.symlink_to("moved")


@pytest.mark.parametrize(
    "plant",
    [
        *(_link, _second_name, _pipe, _large, _readable, _not_text),
        *(_folder_of_others, _folder_elsewhere),
    ],
)
def test_a_file_that_is_not_as_we_write_it_is_not_shown(
    root: Path, plant: Callable[[Path], None]
) -> None:
    files = files_of(root)
    files.write(picture(root))
    plant(left(files)[0])
    assert files.read(SIZE) is None


def test_a_file_of_another_login_is_not_shown(root: Path) -> None:
    need_right(os.geteuid() == 0, "give a file away")
    files = files_of(root)
    files.write(picture(root))
    os.chown(left(files)[0], 12345, -1)
    assert files.read(SIZE) is None


def test_an_erasure_ends_all_pictures_from_before_it(root: Path) -> None:
    files, sizes = files_of(root), [(3, 2), (4, 2)]
    for size in sizes:
        files.write(picture(root, size))
    mark_erased(root)
    assert [files.read(size) for size in sizes] == [None, None]
    assert left(files) == []


def test_a_picture_that_an_erasure_overtook_is_not_written(root: Path) -> None:
    files = files_of(root)
    files.write(picture(root))
    before = picture(root)
    mark_erased(root)
    files.write(before)
    assert left(files) == []


def test_a_root_whose_mark_cannot_be_read_has_no_picture(root: Path) -> None:
    files = files_of(root)
    files.write(picture(root))
    (root / ".session_console").symlink_to(root.parent)
    assert generation_of(root) == ""
    assert files.read(SIZE) is None
    files.write(picture(root))
    assert left(files) == []  # perhaps something was erased


def test_a_root_that_took_the_place_of_another_has_no_picture(root: Path) -> None:
    files = files_of(root)
    files.write(picture(root))
    root.rename(root.with_name("former"))
    assert files.read(SIZE) is None
    root.mkdir()
    assert files.read(SIZE) is None


def test_erasing_removes_every_size_and_operator_of_that_root_and_of_no_other(root: Path) -> None:
    other = root.with_name("other")
    other.mkdir()
    files = files_of(root)
    files.write(picture(root))
    (half,) = left(files)
    shutil.copy(half, half.with_name(f".{half.name}.0f0f"))
    for one in (root, other):
        for size in (SIZE, (4, 2)):
            files_of(one).write(picture(one, size))
            files_of(one, "bert").write(picture(one, size))
    erase_pictures(files.folder, root)
    assert len(left(files)) == 4
    assert files_of(other).read(SIZE) is not None
    erase_pictures(files.folder, other)
    assert [one for one in left(files) if one.name.startswith("picture-")] == []


def test_few_pictures_are_kept(root: Path) -> None:
    files = files_of(root)
    for width in range(1, MOST_PICTURES + 5):
        files.write(picture(root, (width, 2)))
    assert len(left(files)) == MOST_PICTURES
    assert files.read((MOST_PICTURES + 4, 2)) is not None
    assert files.read((1, 2)) is None
