"""The verbs ack and rename: what they print, and a listing that vanished."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A ghost, which needs attention, and a session that needs none."""
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    listing.add(SECOND)
    return listing


def test_ack_settles_what_needs_somebody(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ack", "9f2c", "--operator", "anna")
    assert (done.returncode, done.stdout) == (0, "acknowledged that 9f2c0000 has no transcript\n")
    done = run_cli(listing.root, "ack", "hollis_park/9f2c", "--json")
    facts = json.loads(done.stdout)
    assert facts["words"].startswith("anna already acknowledged")
    assert (facts["session_id"], facts["listing"]) == (FIRST, "hollis_park")


def test_ack_refuses_what_needs_nobody(listing: SampleListing) -> None:
    done = run_cli(listing.root, "ack", "9f2d")
    assert (done.returncode, done.stdout) == (4, "")
    assert "needs no attention" in done.stderr
    assert run_cli(listing.root, "ack", "9f2c", "--read-only").returncode == 4
    assert run_cli(listing.root, "ack", "missing").returncode == 3
    assert run_cli(listing.root, "ack", "9f2").returncode == 2


def test_a_listing_that_vanished_is_forgotten_once_it_is_acknowledged(
    listing: SampleListing,
) -> None:
    other = SampleListing(listing.root, "dunwell")
    other.add(FIRST)
    run_cli(listing.root, "ls")
    shutil.rmtree(other.folder)
    shown = run_cli(listing.root, "ls")
    assert "dunwell" in shown.stdout + shown.stderr
    done = run_cli(listing.root, "ack", "dunwell")
    assert (done.returncode, done.stderr) == (0, "")
    assert "forgotten" in done.stdout
    shown = run_cli(listing.root, "ls")
    assert "dunwell" not in shown.stdout + shown.stderr
    assert run_cli(listing.root, "ack", "hollis_park").returncode == 3
