"""Files that another process wrote: read within bounds, and parsed into what is safe to show."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import Any

from tui.core.limits import RUN_FILE
from tui.core.text.bounded_json import parse_json
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import safe_text
from tui.safe_io.folders import NONE_OF_OURS, our_folder
from tui.safe_io.opening import regular

MAX_FILE = RUN_FILE

_RUN_ID = late_pattern(r"\d{8}T\d{6}Z-[0-9a-f]{4,16}")
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def run_folders(listing_path: Path) -> tuple[Path, ...]:
    """Return the run folders of a listing, oldest first; links are ignored. Raises `OSError`."""
    runs = our_folder(listing_path, "runs")
    if runs is None:
        return ()
    try:
        with os.scandir(runs) as entries:
            named = [one for one in entries if _RUN_ID.fullmatch(one.name)]
            return tuple(sorted(Path(one) for one in named if one.is_dir(follow_symlinks=False)))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def read_end(path: Path, limit: int = MAX_FILE) -> bytes:
    """Return the last `limit` bytes of a regular file; empty for anything else, or a gap.

    Follows no link, neither to the file nor to a folder of ours.
    """
    try:
        with regular(path) as (fd, found):
            return _end(fd, found, limit)
    except OSError:
        return b""


def read_from(path: Path, offset: int, limit: int = MAX_FILE) -> bytes | None:
    """Return a regular file's content from `offset` on, at most the last `limit` bytes.

    `None` when it is shorter, or cannot be read; see `read_end`.
    """
    try:
        with regular(path) as (fd, found):
            grown = found.st_size - offset
            return _end(fd, found, min(grown, limit)) if grown >= 0 else None
    except OSError:
        return None


def read_inside(folder: int, name: str, limit: int = MAX_FILE) -> bytes:
    """Return the last `limit` bytes of a regular file in an open folder, as `read_end` does.

    A pipe in its place does not block.
    """
    try:
        fd = os.open(name, _FILE, dir_fd=folder)
    except OSError:
        return b""
    try:
        found = os.fstat(fd)
        return _end(fd, found, limit) if stat.S_ISREG(found.st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(fd)


def _end(fd: int, found: os.stat_result, limit: int) -> bytes:
    size = min(limit, found.st_size)
    return os.pread(fd, size, found.st_size - size)


def parse(raw: bytes) -> dict[str, Any]:
    """Return a JSON object, safe to show; an empty one for anything else.

    Numbers that JSON cannot hold (`NaN`, `1e999`) become `None`.
    """
    try:
        text = raw.decode("utf-8", "replace")
        value = _safe(parse_json(text, parse_float=_finite, parse_constant=_finite))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a small file, safe to show; an empty one when there is none."""
    return parse(read_end(path))


def read_surely(path: Path) -> dict[str, Any]:
    """Do as `read_json`, but raise `OSError` when nobody can tell what it holds."""
    try:
        with regular(path) as (fd, found):
            return parse(_end(fd, found, MAX_FILE))
    except OSError as error:
        if error.errno in NONE_OF_OURS:
            return {}
        raise


def require_readable(path: Path) -> None:
    """Raise `OSError` when nobody can tell what a file holds; one that is not there has nothing."""
    try:
        with regular(path) as (fd, _):
            os.pread(fd, 1, 0)
    except OSError as error:
        if error.errno not in NONE_OF_OURS:
            raise


def amount(value: object, limit: float = 1e9) -> float | None:
    """Return a number from 0 up to `limit`, such as a cost; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < limit:
        return None
    return float(value)


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _safe(value: Any) -> Any:
    """Return parsed JSON with every string, keys included, made safe to show."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, dict):
        return {safe_text(key): _safe(one) for key, one in value.items()}
    return [_safe(one) for one in value] if isinstance(value, list) else value
