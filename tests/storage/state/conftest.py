"""What the tests of a listing's small shared files start from."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    folder = tmp_path / "hollis_park"
    folder.mkdir()
    return folder
