"""Files of an operator's own, outside every root: what one console tells the next of its own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from tui.safe_io.replacing import write_atomically


def own_path(state_dir: Path, kind: str, root: Path, operator: str) -> Path:
    """Return the file of one operator's own, of that kind, about one root."""
    who = f"{os.path.realpath(root)}\n{operator}".encode("utf-8", "surrogatepass")
    return state_dir / f"{kind}-{hashlib.sha256(who).hexdigest()[:16]}.json"


def write_privately(path: Path, text: str) -> None:
    """Replace `path`, its folder made if need be, by what nobody else reads; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(path, text, mode=0o600)
