"""What the tests of transcripts share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A listing that tracks one session; each test writes the transcript."""
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    return listing
