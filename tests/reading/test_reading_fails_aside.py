"""What sub-agents said and results kept beside are not absent when they cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.subagent_files import (
    add_agent,
    call,
    launched,
    notified,
    prompt,
    result,
    text,
    write,
)
from tui.__main__ import main
from tui.operations.search.transcript_search import SearchHits
from tui.operations.stream.follow import StreamFollower

KEPT = "<persisted-output>\nOutput too large (165KB). Full output saved to: {}\n\nPreview\n"
Place = Callable[[Path], Path]
PLACES: dict[str, tuple[Place, str, str]] = {
    "a transcript": (lambda own: own / "subagents" / "agent-a1.jsonl", "Valves", "Survey"),
    "what started it": (lambda own: own / "subagents" / "agent-a1.meta.json", "absent", "1 sub-a"),
    "their folder": (lambda own: own / "subagents", "Valves", "sub-agents"),
    "a result": (lambda own: own / "tool-results" / "b1.txt", "Gaskets", "b1.txt"),
    "all results": (lambda own: own / "tool-results", "Gaskets", "b1.txt"),
}
WHERE = pytest.mark.parametrize(("place", "words", "named"), PLACES.values(), ids=PLACES)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    own = listing.transcript_path(FIRST).with_suffix("")
    kept = own / "tool-results" / "b1.txt"
    write(
        listing.transcript_path(FIRST),
        prompt("Begin."),
        call("t1", 1),
        launched("t1", "a1", 2),
        call("t2", 3, name="Bash"),
        result("t2", KEPT.format(kept), 4),
        notified("t1", 5),
    )
    add_agent(own, "a1", text("Valves."), toolUseId="t1", description="Survey")
    kept.parent.mkdir()
    kept.write_text("Gaskets.\n")
    return listing


@ERRORS
@WHERE
def test_a_stream_names_what_is_missing_in_it(
    listing: SampleListing,
    capsys: pytest.CaptureFixture[str],
    place: Place,
    words: str,
    named: str,
    number: int,
) -> None:
    assert main(["--root", str(listing.root), "tail", FIRST, "--json"]) == 0
    assert words == "absent" or words in capsys.readouterr().out
    with reads_fail(place(listing.transcript_path(FIRST).with_suffix("")), number):
        assert main(["--root", str(listing.root), "tail", FIRST, "--json"]) == 1
    said = capsys.readouterr()
    assert words not in said.out
    assert "Begin." in said.out
    (told,) = [line for line in said.err.splitlines() if os.strerror(number) in line]
    assert named in told


@ERRORS
@WHERE
def test_a_search_names_what_it_did_not_search(
    listing: SampleListing,
    capsys: pytest.CaptureFixture[str],
    place: Place,
    words: str,
    named: str,
    number: int,
) -> None:
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    while follow.poll(session).has_more:
        pass

    def sought(known: SearchHits | None = None) -> SearchHits:
        return follow.seek(words, lambda _: None, lambda: False, known)

    with reads_fail(place(listing.transcript_path(FIRST).with_suffix("")), number):
        assert main(["--root", str(listing.root), "grep", words]) == 1
        hits = sought()
    said = capsys.readouterr().err
    assert "nothing matches in what could be read" in said
    assert os.strerror(number) in said
    assert not hits.places
    assert os.strerror(number) in hits.not_searched[0]
    if "sub" in named or named == "Survey":
        again = sought(hits)
        assert len(again.places) == (words != "absent")
        assert again.not_searched == ()


@ERRORS
def test_a_stream_that_is_followed_says_so_once_and_goes_on_once_it_can(
    listing: SampleListing, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.operations.transcripts.subagent_tails._LOOK_S", 0.0)
    session = listing.session(FIRST)
    follow, told = StreamFollower(session), list[str]()
    with reads_fail(listing.transcript_path(FIRST).with_suffix("") / "subagents", number):
        for _ in range(4):
            told += follow.poll(session).notices
    assert len(told) == 1
    said = follow.poll(session)
    assert (said.notices, [one.text for one in said.asides["t1"]]) == ((), ["Valves."])
    agent = listing.transcript_path(FIRST).with_suffix("") / "subagents" / "agent-a1.jsonl"
    with reads_fail(agent, number):
        write(agent, text("More.", 1))
        polls = [follow.poll(session) for _ in range(4)]
    assert [len(one.notices) for one in polls] == [1, 0, 0, 0]
    assert [one.text for one in polls[0].asides["t1"]] == list(polls[0].notices[0].split(": ", 1))[
        1:
    ]
    assert [one.text for one in follow.poll(session).asides["t1"]] == ["More."]
