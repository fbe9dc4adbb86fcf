"""Every verb that reads a transcript answers soon, in little memory, whatever it contains."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.support.hostile.odd_transcripts import ODD
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.forked_cli import run_verb
from tui.operations.stream.final_answer import final_answer
from tui.operations.stream.follow import StreamFollower
from tui.operations.stream.last_entries import last_entries

_MOST_MB = 135  # a hundred over what a verb takes by itself
_LONGEST_S = 120.0  # where a second is enough; without the bounds it is minutes


def run(listing: SampleListing, *words: str) -> tuple[int, str, str]:
    """Run a verb in its own process, in bounded time and memory."""
    kept = {"HOME": str(listing.root.parent), "SESSION_CONSOLE_CONFIG": "/dev/null"}
    began = time.monotonic()
    done = run_verb(["--root", str(listing.root), *words], {"PATH": os.environ["PATH"]} | kept)
    assert time.monotonic() - began < _LONGEST_S
    assert 0 < done.peak_kb < _MOST_MB << 10
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("kind", ODD)
def test_every_verb_that_reads_it_answers(listing: SampleListing, kind: str) -> None:
    """Without the bounds, `tail` takes 5.2 GB and minutes, and `export` reads every byte twice."""
    ODD[kind](listing.transcript_path(FIRST))
    told = ""
    for words in ("ls --json", "show ID", "tail ID", "tail ID -n 100000", "export ID", "grep ."):
        code, shown, said = run(listing, *words.replace("ID", FIRST).split())
        assert (code if words != "grep ." else 0, "Traceback" in said) == (0, False)
        told += shown + said
    assert any(word in told for word in ("left out", "never written", "cannot be read", "not read"))


def test_what_can_be_read_of_a_huge_one_is_shown(listing: SampleListing) -> None:
    ODD["1 TB sparse with a last line"](listing.transcript_path(FIRST))
    code, shown, _ = run(listing, "tail", FIRST, "--json")
    entries = [json.loads(line) for line in shown.splitlines()]
    assert (code, entries[-1]["text"]) == (0, "Let me look.")
    assert final_answer(listing.config_dir, FIRST) == "Let me look."
    _, shown, said = run(listing, "grep", "strategic")
    assert "Strategic buyers" in shown
    assert "1.0T in it were never written" in said


def test_a_transcript_that_grows_by_very_much_at_once_is_shown_from_its_end(
    listing: SampleListing,
) -> None:
    """Without the bound, a console can be made to read for ever what nobody looks at."""
    session = listing.session(FIRST)
    follow = last_entries(session, 50).follow
    path = listing.transcript_path(FIRST)
    line = path.read_bytes()
    os.truncate(path, 1 << 40)
    with path.open("ab") as file:
        file.write(b"\n" + line)
    polls = 0
    update = follow.poll(session)
    assert update.was_reset
    assert update.notices == ("1.0T came at once: only their end is shown",)
    while update.has_more:
        update, polls = follow.poll(session), polls + 1
    assert polls < 200
    assert update.entries[-1].text == "Let me look."


def test_going_back_for_entries_ends_at_a_bound(listing: SampleListing) -> None:
    """Without the bound, the whole file is in memory before the first entry is shown."""
    path = listing.transcript_path(FIRST)
    line = path.read_bytes()
    ODD["all newlines"](path)
    filler = b"\n" * (1 << 20)
    with path.open("ab") as file:
        for _ in range(100):
            file.write(filler)
        file.write(line)
    entries = last_entries(listing.session(FIRST), 50).entries
    assert "M before were not read" in entries[0].text
    assert entries[-1].text == "Let me look."
    assert StreamFollower(listing.session(FIRST)).poll(listing.session(FIRST)).entries
