"""What the tests of the first picture share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with two sessions."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    return listing.root
