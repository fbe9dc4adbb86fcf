"""Tool results that are too long for a transcript and have a file of their own."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.layout import TOOL_RESULTS
from tui.core.limits import MOST_KEPT
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass
from tui.safe_io.opening import regular
from tui.safe_io.walking import names_in

# What the line of a result that is kept beside holds, in lower case.
KEPT_IN = f"/{TOOL_RESULTS}/".encode()
_BEGINS, _ENDS = "<persisted-output>", "</persisted-output>"
_PART = late_pattern(r"only the (first [\w. ]{1,20}) (?:was|were) saved")
_HEAD = 4000
_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class KeptResult:
    """The first bytes of a result of `size` bytes, and when it was written."""

    content: bytes
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptNote:
    """What stands in a transcript in the place of a kept result, apart from its beginning.

    `part` says how much of it was kept, empty for all; `before` and `after` surround it.
    """

    before: str
    part: str
    after: str


def note_of(detail: str) -> KeptNote:
    """Return what the words of a kept result say beside its beginning."""
    before, _, inside = detail.partition(_BEGINS)
    found = _PART.search(inside[:_HEAD])
    return KeptNote(
        before if inside else "",
        f"only the {found[1]} of it was kept" if found else "",
        inside.rpartition(_ENDS)[2] if _ENDS in inside else "",
    )


def read_kept_result(folder: Path, name: str, most: int) -> KeptResult:
    """Return the first `most` bytes of a result in a session's own folder; raises `OSError`.

    Links and pipes are not opened.
    """
    with regular(folder / TOOL_RESULTS / Path(name).name) as (fd, status):
        parts, left = list[bytes](), min(most, status.st_size)
        while left > 0 and (part := os.read(fd, left)):
            parts.append(part)
            left -= len(part)
        at = datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), UTC)
        return KeptResult(b"".join(parts), status.st_size, at)


def names_of_kept(folder: Path) -> tuple[list[str], bool]:
    """Return the file names of the results, and whether these are all.

    A folder that cannot be read has no names.
    """
    try:
        return names_in(folder / TOOL_RESULTS, MOST_KEPT)
    except (FileNotFoundError, NotADirectoryError):
        return [], True
    except OSError:
        return [], False
