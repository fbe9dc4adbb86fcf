"""Makes reads fail with a system error, of one path or of everything below it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ERRORS = pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EIO, errno.EMFILE], ids=errno.errorcode.get
)

_READS = ("open", "stat", "lstat", "scandir", "listdir", "readlink", "access")


class Failing:
    """Makes every read of a path fail, by whatever name or descriptor it is reached."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._lstat = os.lstat

    def read_of(self, place: Path, number: int) -> None:
        """Make reads of this path and all below it fail; `lstat` of the path itself works."""
        for name in _READS:
            self._patch.setattr(os, name, self._failing(name, getattr(os, name), place, number))

    def _failing(
        self, name: str, real: Callable[..., Any], place: Path, number: int
    ) -> Callable[..., Any]:
        inside = f"{place}/"

        def call(path: Any = ".", *given: Any, **named: Any) -> Any:
            whole = self._whole(path, named.get("dir_fd"))
            is_look = name in ("stat", "lstat", "access") or given[:1] == (0,)
            if f"{whole}/".startswith(inside) and not (is_look and whole == str(place)):
                if name == "access":
                    return False
                raise OSError(number, os.strerror(number), os.fspath(path) if name else path)
            return real(path, *given, **named)

        return call

    def _whole(self, path: Any, folder: int | None) -> str:
        if isinstance(path, int):
            return _place_of(path)
        text = os.fsdecode(path)
        if folder is not None and not text.startswith("/"):
            return os.path.normpath(f"{_place_of(folder)}/{text}")
        return os.path.normpath(f"{_place_of_cwd()}/{text}" if not text.startswith("/") else text)


_readlink = os.readlink


def _place_of_cwd() -> str:
    return _readlink("/proc/self/cwd")


def _place_of(fd: int) -> str:
    try:
        return _readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


@contextmanager
def reads_fail(place: Path, number: int) -> Any:
    """Make reads of a path, and of everything below it, fail within this block."""
    with pytest.MonkeyPatch.context() as patch:
        Failing(patch).read_of(place, number)
        yield
