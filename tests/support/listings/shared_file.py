"""A listing's small files that several operators write: where they are, and writers at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.place import REPOSITORY
from tui.safe_io.folders import OURS


def shared_file(listing: Path, name: str) -> Path:
    """Return the path of such a file, in a folder that exists."""
    folder = listing / OURS
    folder.mkdir(exist_ok=True)
    return folder / name


def write_at_once(code: str, calls: Sequence[Sequence[str]]) -> None:
    """Run the code in a process for each of the calls, all at the same moment."""
    writers = [
        subprocess.Popen([sys.executable, "-c", code, *call], cwd=REPOSITORY) for call in calls
    ]
    assert [one.wait(timeout=60) for one in writers] == [0] * len(calls)
