"""Anything that the cell diff cannot paint hands painting back to Textual for good."""

from __future__ import annotations

import sys
import time

from tests.support.place import REPOSITORY
from tests.support.processes.terminal import Terminal


def cost(screen: Terminal, key: str) -> int:
    """Return how many bytes a key cost, once its result was there and nothing more came."""
    before = screen.received
    screen.send(key)
    screen.wait_for(f"pressed {key} and painted")
    for _ in range(30):
        last = screen.received
        time.sleep(0.3)
        if screen.received == last:
            return last - before
    raise AssertionError("it paints on and on")


def test_a_strip_that_the_cell_diff_cannot_take_is_painted_by_textual_and_all_after_it() -> None:
    """Without the fallback the app would crash; if the diff went on, it would stay cheap."""
    place = REPOSITORY
    with Terminal(
        (sys.executable, "-m", "tests.support.console.uncacheable_style"), cwd=place
    ) as screen:
        screen.wait_for("pressed - and painted")
        assert cost(screen, "a") < 60
        assert cost(screen, "o") >= 80
        assert cost(screen, "b") >= 80
        screen.send("q")
        assert screen.process.wait(60) == 0
