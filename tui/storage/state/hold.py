"""The hold of a root: while its file is there, no new run and no clean-up of ours begins."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tui.core.bounded_json import parse_json
from tui.core.models.catalog import Hold
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.safe_io.folders import (
    OURS,
    console_folder,
    is_link,
    our_folder,
    read_small,
)
from tui.safe_io.replacing import unlink_at, write_atomically

_FILE = "hold.json"


def read_hold(root: Path) -> Hold | None:
    """Return who holds the root, `None` when nobody does.

    What is there and cannot be read holds it too, and what may lie behind a link: only a hold
    that is not there is none.
    """
    folder = our_folder(root)
    if folder is None:
        link = root / OURS
        return _unread(link, f"{link} is a link, and links are not followed: remove it")
    path = folder / _FILE
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
    """Hold the root, or lift its hold; raises `OSError`."""
    path = console_folder(root) / _FILE
    if hold is None:
        unlink_at(path)
        return
    at = hold.at.isoformat() if hold.at else None
    facts = {"by": hold.by, "at": at, "reason": hold.reason}
    write_atomically(path, json.dumps(facts))


def _unread(path: Path, why: str) -> Hold:
    return Hold("somebody", _modified(path), why, is_unread=True)


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None
