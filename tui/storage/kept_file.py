"""A file of ours that keeps, for the next start, what was read before: nothing in it is trusted."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

from tui.storage.folders import read_object
from tui.storage.private_file import write_privately

FACTS, TABLES = "facts", "tables"

_NAMES = {FACTS: "transcripts", TABLES: "tables"}
_FORM = 1
_MOST_BYTES = 32 * 1024 * 1024

Stored = list[Any]


def kept_path(cache_dir: Path | None, root: Path, kind: str) -> Path | None:
    """Return the file of a root for one kind of thing, `None` when nothing is to be kept."""
    if cache_dir is None:
        return None
    return cache_dir / f"{_NAMES[kind]}-{crc32(os.fsencode(root.absolute())):08x}.json"


def read_kept(path: Path, kind: str) -> dict[str, Stored]:
    """Return what the file keeps, by inode; nothing when there is none that can be read."""
    value = read_object(path, _MOST_BYTES)
    kept = value.get(kind) if value.get("form") == _FORM else None
    return kept if isinstance(kept, dict) else {}


def write_kept(path: Path, kind: str, kept: Mapping[str, Stored]) -> None:
    """Replace the file by one that nobody else may read; what cannot be written is no loss."""
    text = json.dumps({"form": _FORM, kind: kept})
    if len(text) > _MOST_BYTES:
        return
    with suppress(OSError):
        write_privately(path, text)


def erase_kept(cache_dir: Path | None, root: Path) -> None:
    """Take away all that was kept of a root; raises `OSError`."""
    for kind in _NAMES:
        if (path := kept_path(cache_dir, root, kind)) is not None:
            path.unlink(missing_ok=True)
