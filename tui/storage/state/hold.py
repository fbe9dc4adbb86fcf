"""The hold of a root: while its file exists, no new run and no clean-up starts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tui.core.models.catalog import Hold
from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.safe_io.folders import OURS, console_folder, is_link, our_folder, read_small
from tui.safe_io.replacing import unlink_at
from tui.storage.state.json_file import SharedFile

_FILE = SharedFile("hold.json")


def read_hold(root: Path) -> Hold | None:
    """Return the hold, `None` only when there is no file.

    A file that cannot be read counts as a hold, and so does a link.
    """
    folder = our_folder(root)
    if folder is None:
        link = root / OURS
        return _unread(link, f"{link} is a link, which is not followed: remove it")
    path = folder / _FILE.name
    try:
        if is_link(path):
            raise ValueError("a link")
        value = parse_json(read_small(path))
        at = read_time(value["at"], UTC) or _modified(path)
        by, reason = one_line(value["by"])[:64], one_line(value.get("reason") or "")[:200]
        return Hold(by or "somebody", at, reason)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _unread(path, f"{path} cannot be read")


def write_hold(root: Path, hold: Hold | None) -> None:
    """Set the hold of a root, or lift it; raises `OSError`."""
    if hold is None:
        unlink_at(console_folder(root) / _FILE.name)
        return
    at = hold.at.isoformat() if hold.at else None
    _FILE.write(root, {"by": hold.by, "at": at, "reason": hold.reason})


def _unread(path: Path, why: str) -> Hold:
    return Hold("somebody", _modified(path), why, is_unreadable=True)


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None
