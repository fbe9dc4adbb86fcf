"""The CLI's history of prompts, one line each for all sessions of a config dir."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from tui.claude.layout import HISTORY
from tui.core.text.bounded_json import parse_json
from tui.core.text.sizes import size_text
from tui.safe_io.folders import is_link
from tui.safe_io.opening import open_to_change

_LONGEST_HISTORY = 64 * 1024 * 1024
_TRIES = 20
_PIECE = 1024 * 1024


def scrub_history(config_dir: Path, session_id: str) -> None:
    """Blank the prompts of a session in the CLI's own history; raises `OSError`.

    Each is overwritten in place, so that no line is lost that a CLI appends meanwhile, and the
    words are gone from the disk too. The CLI skips a line that is no entry.
    """
    path = config_dir / HISTORY
    if is_link(config_dir) or is_link(path):
        return
    with suppress(FileNotFoundError):
        if not any(_is_scrubbed(path, session_id) for _ in range(_TRIES)):
            raise OSError(errno.EBUSY, "a CLI replaces it all the time", str(path))


def _is_scrubbed(path: Path, session_id: str) -> bool:
    """Blank the session's lines; whether the file is still the one of its name."""
    fd = open_to_change(path)
    try:
        at = 0
        for line in _history(fd, path).split(b"\n"):
            if _is_of(session_id, line):
                os.pwrite(fd, b" " * len(line), at)
            at += len(line) + 1
        os.fsync(fd)
        return os.path.samestat(path.lstat(), os.fstat(fd))
    finally:
        os.close(fd)


def _history(fd: int, path: Path) -> bytes:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST_HISTORY:
        words = f"no file, or over {size_text(_LONGEST_HISTORY)}: it is not read"
        raise OSError(errno.EFBIG, words, str(path))
    pieces, at = [], 0
    while piece := os.pread(fd, _PIECE, at):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _is_of(session_id: str, line: bytes) -> bool:
    if session_id.encode() not in line:
        return False
    try:
        entry = parse_json(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and entry.get("sessionId") == session_id
