"""Counts what a real console sends down its line for each key, at 80x24 as over SSH."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from tests.support.listings.sample_listing import SampleListing
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

MANY = 26


def session_id(number: int) -> str:
    return f"{number:04x}0000-1111-4222-8333-444455556666"


def listing_of(root: Path, days: timedelta, left: timedelta) -> SampleListing:
    """Make many sessions that all end when so much time has passed."""
    listing = SampleListing(root / "outputs")
    for number in range(MANY):
        listing.track(session_id(number), days=days / timedelta(days=1), age=days - left)
        said = (f"Line {line} of what buyer {number} said on pumps." for line in range(30))
        listing.write_transcript(session_id(number), *said, prompt=f"Buyer {number}, pumps")
    return listing


def console(listing: SampleListing, rows: int = 24) -> Terminal:
    command = (sys.executable, "-m", "tui", "--root", str(listing.root), "--ssh")
    return Terminal(command, size=(80, rows))


def quiet(screen: Terminal) -> int:
    """Wait until nothing more comes and return how much has come so far."""
    while True:
        before = screen.received
        time.sleep(0.4)
        if screen.received == before:
            return before


def sent(screen: Terminal, keys: str, words: str) -> int:
    """Return how many bytes came after some keys, until the words were there and all was still."""
    before = screen.received
    screen.send(keys)
    wait(lambda: screen.received != before)
    screen.wait_for(words)
    return quiet(screen) - before
