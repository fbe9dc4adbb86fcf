"""Renames that lose nothing: never over an existing file, or an exchange of two names."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from functools import cache

_NO_REPLACE, _EXCHANGE = 1, 2
_UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
_Call = Callable[[int, bytes, int, bytes, int], int]


def rename_new(source: int, name: str, target: int, new: str) -> None:
    """Rename `name` in one open folder to `new` in another, without replacing anything.

    Raises `FileExistsError` when `new` exists, even if it has just been made.
    """
    if _renamed(source, name, target, new, _NO_REPLACE):
        return
    if stat.S_ISDIR(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode):
        _require_nothing(target, new)
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)  # no folder replaces a full one
        return
    try:
        os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _require_nothing(target, new)
        os.rename(name, new, src_dir_fd=source, dst_dir_fd=target)
    else:
        os.unlink(name, dir_fd=source)


def exchange(folder: int, one: str, other: str) -> bool:
    """Exchange two names in an open folder; false where the file system cannot do so.

    Raises `FileNotFoundError` when one of them is gone.
    """
    return _renamed(folder, one, folder, other, _EXCHANGE)


def _require_nothing(folder: int, name: str) -> None:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)


def _renamed(source: int, name: str, target: int, new: str, flags: int) -> bool:
    call = _renameat2()
    if call is None:
        return False
    if call(source, os.fsencode(name), target, os.fsencode(new), flags) == 0:
        return True
    number = _errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), name, None, new)


def _errno() -> int:
    import ctypes

    return ctypes.get_errno()


@cache
def _renameat2() -> _Call | None:
    """Return the C library's `renameat2`; `None` where it has none."""
    import ctypes  # few processes rename, and each would wait for this

    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    found: _Call = call
    return found
