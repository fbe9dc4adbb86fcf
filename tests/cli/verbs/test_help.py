"""The verb help: topics, a guide in a pager or the console, and unknown topics."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.support.listings.sample_listing import SampleListing, run_cli
from tests.support.processes.terminal import Terminal
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.text.safe_text import cell_width
from tui.guides import read_guide, topic_names, topics
from tui.operations.context import VerbOutput
from tui.ui.actions.verb_line.verbs import complete
from tui.view.panes.page import numbered_lines


def drawn(said: VerbOutput, width: int) -> list[str]:
    """Return a verb's output as a page of this width shows it."""
    lines = numbered_lines(said.lines, width, said.markdown)
    return ["".join(cell.text for cell in line) for _, line in lines]


def test_every_topic_is_listed_with_one_sentence(listing: SampleListing) -> None:
    lines = say_verb(listing.context(), ["help"], 80).lines
    assert [line.split()[0] for line in lines[: len(topics())]] == list(topic_names())
    assert [line for line in lines if len(line) > 80] == []
    (listed,) = say_verb(listing.context(), ["help", "--json"]).lines
    assert {one["topic"]: one["title"] for one in json.loads(listed)} == topics()


@pytest.mark.parametrize("topic", topic_names())
def test_a_guide_fits_the_page_and_shows_no_marks(listing: SampleListing, topic: str) -> None:
    for width in (60, 80, 200):
        said = say_verb(listing.context(), ["help", topic], width)
        lines = drawn(said, width)
        assert topics()[topic].replace("`", "").startswith(lines[0].partition(": ")[2])
        assert [line for line in lines if cell_width(line) > width] == []
        assert [line for line in lines if line.startswith((" #", " |", " ```"))] == []
    (printed,) = say_verb(listing.context(), ["help", topic, "--json"]).lines
    assert json.loads(printed) == {"topic": topic, "text": read_guide(topic)}


def test_code_keeps_its_backticks_and_a_comment_is_left_out(listing: SampleListing) -> None:
    lines = run_cli(listing.root, "help", "first-night-shift").stdout.splitlines()
    assert "│ session-console --demo" in lines
    assert any(line.startswith("1. `!` goes to the session") for line in lines)
    assert [line for line in lines if cell_width(line) > 80] == []
    assert "<!--" not in run_cli(listing.root, "help", "settings").stdout


def test_a_guide_is_ascii_when_asked(listing: SampleListing) -> None:
    done = run_cli(listing.root, "help", "security", LC_ALL="C")
    assert done.stdout.isascii()
    assert "-----" in done.stdout


@pytest.mark.parametrize("topic", ["nope", "../security", "security.md", "\x1b[2J"])
def test_what_is_no_topic_is_answered_with_those_that_are(
    listing: SampleListing, topic: str
) -> None:
    done = run_cli(listing.root, "help", topic)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(one in done.stderr for one in topic_names())
    assert "\x1b" not in done.stderr


def test_the_line_of_verbs_completes_a_topic() -> None:
    assert complete("help sec", verb_infos(), ("security_fund",)) == "help security "
    assert complete("ls sec", verb_infos(), ("security_fund",)) == "ls security_fund "


def test_the_console_opens_a_guide_as_a_page(listing: SampleListing) -> None:
    words = [sys.executable, "-m", "tui", "--root", str(listing.root)]
    own = {"HOME": str(listing.root.parent), "PATH": os.environ["PATH"]}
    with Terminal(words, environment=own | {"SESSION_CONSOLE_CONFIG": "/dev/null"}) as screen:
        screen.wait_for("hollis_park")
        screen.send(":help security\r")
        screen.wait_for(":help security", "Security: who is trusted with what")
