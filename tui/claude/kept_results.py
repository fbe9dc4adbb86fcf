"""Tool results that the CLI keeps beside a transcript, since they are too long for a line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.core.limits import MOST_KEPT
from tui.safe_io.opening import regular
from tui.safe_io.walking import names_in

_FOLDER = "tool-results"
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The beginning of such a result, of `size` bytes in all, and when it was written."""

    content: bytes
    size: int
    at: datetime


def read_kept_result(folder: Path, name: str, most: int) -> KeptResult:
    """Return at most so many bytes of a result kept in a session's own folder; raises `OSError`.

    No link is followed, and a pipe is no file.
    """
    with regular(folder / _FOLDER / Path(name).name) as (fd, status):
        parts, left = list[bytes](), min(most, status.st_size)
        while left > 0 and (part := os.read(fd, left)):
            parts.append(part)
            left -= len(part)
        at = datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), UTC)
        return KeptResult(b"".join(parts), status.st_size, at)


def names_of_kept(folder: Path) -> tuple[list[str], bool]:
    """Return the names of all files that such results lie in, and whether these are all.

    There are none where nobody can look.
    """
    try:
        return names_in(folder / _FOLDER, MOST_KEPT)
    except (FileNotFoundError, NotADirectoryError):
        return [], True
    except OSError:
        return [], False
