"""Whatever is shown is found, however the transcript encodes it."""

from __future__ import annotations

import json
import re
import sys

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.subagent_files import add_agent, call, prompt, text, write
from tui.claude.transcript.hidden_words import HiddenWordFinder
from tui.core.text.safe_text import safe_text
from tui.operations.search.grep import search
from tui.operations.stream.follow import StreamFollower


def hides(raw: bytes) -> bool:
    return HiddenWordFinder(bytearray(raw)).find(0) >= 0


def test_all_that_is_not_shown_and_all_that_is_the_same_letter_may_hide_a_word() -> None:
    folds = re.compile("[a-z]", re.IGNORECASE)
    shown = "\t\n\r"  # a new line also separates words on the screen
    found = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if char not in shown and (not safe_text(char) or (not char.isascii() and folds.match(char)))
    ]
    assert len(found) > 4000
    for char in found:
        for words in (f"pu{char}mps", f"PU{char}MPS"):
            assert hides(words.encode("utf-8", "surrogatepass")), hex(ord(char))
            escaped = json.dumps(words)
            assert hides(escaped.encode()), hex(ord(char))
            assert hides(
                re.sub(r"u[0-9a-f]{4}", lambda one: f"u{one[0][1:].upper()}", escaped).encode()
            )


@pytest.mark.parametrize("words", ["plain pumps", 'a "quote"\nand “that” — costs 5 €', "é è ü ñ"])
def test_what_all_write_hides_nothing(words: str) -> None:
    assert not hides(json.dumps(words, ensure_ascii=False).encode())


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize(
    ("said", "sought"),
    [
        ("the pu\u200bmps", "pumps"),
        ("the va\x1b[31mlves", "valves"),
        ("\u212aelvin", "kelvin"),
        ("the pu\bmps", "pumps"),
        ("the pu\u00admps", "pumps"),
        ("\u017feals", "seals"),
    ],
)
def test_a_search_finds_what_the_stream_shows(
    listing: SampleListing, said: str, sought: str, is_ascii: bool
) -> None:
    path = listing.transcript_path(FIRST)
    agent = add_agent(path.with_suffix(""), "a1", text(said), toolUseId="t1")
    write(path, prompt("Begin."), call("t1", 1), text("nothing", 2), text(said, 3))
    if not is_ascii:
        for one in (path, agent):
            lines = map(json.loads, one.read_text().splitlines())
            one.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
    session = listing.session(FIRST)
    assert len([*search([session], sought)]) == 2
    follow = StreamFollower(session)
    while follow.poll(session).has_more:
        pass
    assert len(follow.seek(sought, lambda _: None, lambda: False).places) == 2


def test_a_call_is_found_as_it_is_shown_and_told_once(listing: SampleListing) -> None:
    given = {"command": 'echo "hi" && ls', "description": "greet"}
    block = {"type": "tool_use", "id": "t1", "name": "Bash", "input": given}
    message = {"id": "m1", "model": "claude-sonnet-5", "content": [block]}
    line = {"type": "assistant", "timestamp": "2026-11-20T12:00:00Z", "message": message}
    write(listing.transcript_path(FIRST), prompt("Begin."), line)
    session = listing.session(FIRST)
    for words in ('echo "hi"', "&& ls", "Bash", "greet"):
        assert len([*search([session], words)]) == 1


@pytest.fixture
def listing(tmp_path_factory: pytest.TempPathFactory) -> SampleListing:
    listing = SampleListing(tmp_path_factory.mktemp("root") / "outputs")
    listing.track(FIRST)
    return listing
