"""Where the locale lacks a letter, the command line shows what would be granted as escapes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.operations.running.test_steer import add_run
from tests.support.hostile.planted_request import plant_request
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.storage.session_locks import SessionLock


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "command: echo é"), ("ascii", r"command: echo \xe9"), ("latin-1", r"echo \xe9")],
)
def test_nothing_is_replaced(tmp_path: Path, encoding: str, shown: str) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    plant_request(add_run(listing), datetime.now(UTC), given={"command": "echo é"})
    command = [sys.executable, "-m", "tui", "--root", str(listing.root), "show", FIRST[:8]]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    with SessionLock.take(listing.folder, FIRST):
        said = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert shown in said.stdout.decode(encoding)
