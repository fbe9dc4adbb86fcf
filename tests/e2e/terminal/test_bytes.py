"""What the console sends down the line, counted in a real terminal at 80x24, as over SSH."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

from tests.support.line_costs import console, listing_of, quiet, sent
from tests.support.processes.growing_session import shown
from tests.support.processes.runs_site import wait
from tests.support.processes.terminal import Terminal

STEPS = [
    ("a cursor key, and what Live then shows", "j", "buyer 1 said on", 1500),
    ("four of them at once", "jjjj", "buyer 5 said on", 2000),
    ("another pane", "3", "EXPIRES", 3500),
    ("a cursor key in a pane of full height", "j", "", 250),
    ("a pane of two rows", "1", "LISTING N", 800),
    ("back", "2", "TITLE", 2500),
    ("the full Live", "\r", "Line 10 of", 2500),
    ("out of it", "q", "TITLE", 2500),
    ("the help", "?", "Keys and verbs", 2500),
    ("a page of the help", " ", "", 2000),
    ("out of the help", "q", "TITLE", 2500),
    ("a question", "e", "extend hollis_park", 200),
    ("a letter of its answer", "9", "> 9", 100),
    ("no answer", "\x03", "? help", 300),
    ("a question again", "e", "extend hollis_park", 200),
    ("its answer, and what that changes", "9\r", "extended 0005", 2500),
    ("a question of two lines", "c", "clean up the one listing", 400),
    ("its answer too", "\r", "nothing to clean up", 400),
    ("the line of a filter", "/", "of 26", 250),
    ("a letter that hides no row", "b", "> b", 250),
    ("letters that leave three rows, and a stream", "uyer 7", "3 of 26", 2500),
    ("the rows as before", "\x03", "Buyer 4", 2500),
    ("everything painted again", "\x0c", "", 2500),
]


def test_a_key_costs_what_it_changes_and_a_still_screen_nothing(tmp_path: Path) -> None:
    week = timedelta(days=7)
    with console(listing_of(tmp_path, week, week - timedelta(hours=3))) as screen:
        screen.wait_for("Buyer 0", "Line 29")
        costs = {"the first paint": (quiet(screen), 6000)}
        time.sleep(1.5)
        costs["nothing"] = (screen.received - costs["the first paint"][0], 100)
        for name, keys, words, budget in STEPS:
            costs[name] = (sent(screen, keys, words), budget)
    assert {name: one for name, one in costs.items() if one[0] > one[1]} == {}


def test_what_live_shows_next_replaces_what_it_showed(tmp_path: Path) -> None:
    """Nothing is erased in between; a machine that is busy may be slow for one key, not for six."""
    week = timedelta(days=7)
    with console(listing_of(tmp_path, week, week - timedelta(hours=3))) as screen:
        screen.wait_for("Buyer 0", "Line 29")
        quiet(screen)
        costs = [sent(screen, "j", f"buyer {number} said on") for number in range(1, 7)]
    assert min(costs) <= 350


def seconds_left(screen: Terminal) -> int:
    """Return what the first countdown says, in seconds."""
    found = re.search(r"  (\d\d)s ", screen.text)
    return int(found[1]) if found else 60


def test_a_tick_of_every_countdown_costs_a_few_digits(tmp_path: Path) -> None:
    left = timedelta(seconds=58)
    with console(listing_of(tmp_path, timedelta(days=7), left), rows=30) as screen:
        screen.wait_for("Buyer 0", "Line 29")
        sent(screen, "3", "EXPIRES")
        before, began = screen.received, seconds_left(screen)
        wait(lambda: seconds_left(screen) <= began - 3)
        each = (screen.received - before) / (began - seconds_left(screen))
        assert len(re.findall(r"  \d\ds ", screen.text)) >= 20
        assert 20 <= each <= 300  # a machine that is busy skips a second now and then


def test_an_agent_that_writes_leaves_room_on_the_line(tmp_path: Path) -> None:
    with shown(tmp_path) as (screen, _, agent):
        screen.send("\r")
        agent.write(100, 1.5)
        before, began = screen.received, time.monotonic()
        agent.write(100, 2.5)
        each = (screen.received - before) / (time.monotonic() - began)
        assert 20 <= each <= 6 * 1024
