"""A small disk that can be filled to the last byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.programs import need, need_right

_SIZE = 2 * 1024 * 1024


@contextmanager
def small_disk(path: Path, *options: str) -> Iterator[Path]:
    """Mount an in-memory file system of 2 MB; raises `OSError` where mounting is not allowed."""
    path.mkdir()
    done = subprocess.run(
        [need("mount"), "-t", "tmpfs", "-o", ",".join((f"size={_SIZE}", *options)), "t", str(path)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise OSError(done.stderr.decode("utf-8", "replace"))
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@contextmanager
def mounted_apart(folder: Path, aside: Path) -> Iterator[None]:
    """Make a folder a mount of its own, on the same disk; its content is kept aside."""
    folder.rename(aside)
    folder.mkdir()
    subprocess.run(["mount", "--bind", str(aside), str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def may_mount(folder: Path) -> bool:
    """Whether this user may mount a disk, as root usually may."""
    try:
        with small_disk(folder / "probe"):
            return True
    except OSError:
        return False


def need_mounts(folder: Path) -> None:
    """Skip the test where this user may not mount a disk."""
    need_right(may_mount(folder), "mount a disk")


def fill(folder: Path) -> Path:
    """Write a file until the disk of `folder` is full, and return it."""
    path = folder / "ballast"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while os.write(fd, bytes(size)):
                    pass
    finally:
        os.close(fd)
    return path
