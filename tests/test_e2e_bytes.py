"""What the console sends down the line, counted in a real terminal at 80x24."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sample_listing import FIRST, SECOND, SampleListing
from tests.terminal import Terminal


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Terminal]:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST, days=9)
    listing.add(SECOND, days=8)
    command = (sys.executable, "-m", "tui", "--root", str(listing.root), "--ssh")
    with Terminal(command) as screen:
        screen.wait_for("hollis_park", "Strategic buyers")
        time.sleep(1.5)
        yield screen


def sent(screen: Terminal, keys: str, words: str) -> int:
    """Return how many bytes came after some keys, up to a moment after the words were there."""
    before = screen.received
    screen.send(keys)
    screen.wait_for(words)
    time.sleep(0.4)
    return screen.received - before


def test_a_question_and_its_answer_repaint_their_lines_alone(screen: Terminal) -> None:
    assert sent(screen, "e", "extend hollis_park") < 800
    assert sent(screen, "\x03", "? help") < 800


def test_a_clean_up_s_question_and_its_preview_repaint_their_lines_alone(screen: Terminal) -> None:
    assert sent(screen, "c", "clean up: expired") < 800
    assert sent(screen, "\r", "nothing to clean up") < 800


def test_a_page_costs_what_it_shows(screen: Terminal) -> None:
    assert sent(screen, ":doctor --help\r", "Esc back") < 6500
    assert sent(screen, "q", "? help q quit") < 6500


def test_a_still_screen_costs_nothing(screen: Terminal) -> None:
    before = screen.received
    time.sleep(3)
    assert screen.received - before <= 300
