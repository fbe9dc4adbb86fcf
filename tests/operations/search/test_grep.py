"""Searching finds everything that was said, once; hostile files do no harm."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, acts
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.listings.transcript_lines import (
    answer,
    call,
    prompt,
    result,
    text,
    thinking,
    write_lines,
)
from tui.core.errors import UsageError
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.search.grep import GrepHit, search
from tui.operations.search.pattern import Pattern


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(SECOND)
    write_lines(
        listing.transcript_path(FIRST),
        prompt("Find industrial pumps"),
        answer(thinking("Pumps, hm."), text("First line.\nThe PUMPS of Dunwell.\nLast line.")),
        answer(call("WebSearch", query="pumps acquirer")),
        result("1 pump\n2 pumps and pumps\n"),
        {"type": "last-prompt", "lastPrompt": "pumps"},
        {"type": "api-request-blob", "message": {"content": "pumps"}},
        {"type": "system", "subtype": "api_error", "error": "no pumps"},
    )
    return listing


def hits(listing: SampleListing, pattern: str, limit: int = 0) -> list[GrepHit]:
    return list(search(CatalogScanner(listing.context()).look().sessions, pattern, limit=limit))


def found(listing: SampleListing, pattern: str) -> list[str]:
    return [f"{hit.kind} {hit.text}" for hit in hits(listing, pattern)]


def test_all_that_was_said_is_searched_and_each_line_found_once(listing: SampleListing) -> None:
    assert sorted(found(listing, "pumps"), key=lambda hit: "Strategic" in hit) == [
        "prompt Find industrial pumps",
        "thinking Pumps, hm.",
        "text The PUMPS of Dunwell.",
        'tool "query": "pumps acquirer"',
        "result 2 pumps and pumps",
        "error API error: no pumps",
        "prompt Strategic buyers, pumps",
    ]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("p.mps", 7),
        ("^the pumps", 1),
        ("pumps$", 4),
        ("WEBSEARCH", 1),
        ('"query"', 1),
        ("dunwell|acquirer", 2),
        (r"\d pumps?\b", 2),
        ("nothing like it", 0),
        ("(dun)(well)", 1),
    ],
)
def test_patterns_match_with_and_without_a_literal(
    listing: SampleListing, pattern: str, count: int
) -> None:
    assert len(hits(listing, pattern)) == count


def test_a_hit_names_its_session_its_moment_and_its_surroundings(listing: SampleListing) -> None:
    hit = hits(listing, "of dunwell")[0]
    assert (hit.listing, hit.session_id, hit.kind) == ("hollis_park", FIRST, "text")
    assert hit.at is not None
    assert hit.at.isoformat() == "2026-11-20T12:00:00+00:00"
    assert (hit.before, hit.match, hit.after) == ("The PUMPS ", "of Dunwell", ".")


def test_a_limit_ends_it(listing: SampleListing) -> None:
    assert len(hits(listing, "pumps", limit=3)) == 3


def test_sub_agents_are_searched_too(listing: SampleListing) -> None:
    folder = listing.transcript_path(FIRST).with_suffix("")
    write_lines(
        folder / "subagents" / "agent-1.jsonl",
        answer(text("Valves of Ohio."), isSidechain=True),
    )
    (hit,) = hits(listing, "ohio")
    assert (hit.session_id, hit.is_sidechain) == (FIRST, True)


def test_what_a_sub_agent_said_is_at_the_place_of_its_call(listing: SampleListing) -> None:
    folder = listing.transcript_path(FIRST).with_suffix("")
    path = write_lines(
        listing.transcript_path(FIRST), prompt("Ask them"), answer(call("Agent", tool_id="t7"))
    )
    write_lines(folder / "subagents" / "agent-1.jsonl", answer(text("Valves of Ohio.")))
    (folder / "subagents" / "agent-1.meta.json").write_text('{"toolUseId": "t7"}')
    write_lines(folder / "subagents" / "agent-2.jsonl", answer(text("Ohio, by nobody's call")))
    found = {hit.text: hit.place for hit in hits(listing, "ohio")}
    at = path.read_bytes().index(b"\n") + 1
    assert found == {"Valves of Ohio.": at, "Ohio, by nobody's call": -1}


def test_a_hit_is_where_its_line_begins(listing: SampleListing) -> None:
    whole = listing.transcript_path(FIRST).read_bytes()
    (hit,) = hits(listing, "of dunwell")
    assert b"Dunwell" in whole[hit.place :].split(b"\n")[0]


def test_several_patterns_find_the_first_of_a_line(listing: SampleListing) -> None:
    sessions = CatalogScanner(listing.context()).look().sessions
    pattern = Pattern("dunwell", "(the) pumps")
    assert [hit.match for hit in search(sessions, pattern)] == ["The PUMPS"]
    exact = Pattern("PUMPS", "Dunwell$", is_case_sensitive=True)
    assert [hit.match for hit in search(sessions, exact)] == ["PUMPS"]


def test_a_sketch_is_searched_as_it_is(listing: SampleListing) -> None:
    folder = listing.config_dir / "session-abc"
    folder.mkdir()
    (folder / "conversation.json").write_text('{\n "said": "valves\x1b[31m"\n}')
    (hit,) = hits(listing, "valves")
    assert (hit.session_id, hit.text) == ("session-abc", '"said": "valves"')


def test_what_a_screen_cuts_off_is_found(listing: SampleListing) -> None:
    words = "x" * 300_000
    write_lines(listing.transcript_path(FIRST), result(f"{words} needle {words}"))
    (hit,) = hits(listing, "needle")
    assert len(hit.text) < 450


def test_a_line_of_30_mb_is_searched(listing: SampleListing) -> None:
    words = "pump " * 1_500_000
    write_lines(listing.transcript_path(FIRST), result(f"{words}needle{words}"), prompt("needle"))
    assert [hit.kind for hit in hits(listing, "needle")] == ["result", "prompt"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 5000,
        b"needle not json\n",
        b'{"type": "user", "message": {"content": "needle \\ud800"}}\n',
        b'{"type": "user", "message": {"content": "needle \xff\xfe"}}\n',
        b'{"needle": ' + b"[" * 100_000 + b"\n",
        "{}\u2028needle\n".encode(),
    ],
)
def test_garbage_hides_nothing_that_comes_after(listing: SampleListing, garbage: bytes) -> None:
    write_lines(listing.transcript_path(FIRST), garbage, b"\n", prompt("needle at the end"))
    assert "prompt needle at the end" in found(listing, "needle")
    assert not any(acts(line) for line in found(listing, "needle"))


def test_a_torn_last_line_is_told_and_left_out(listing: SampleListing) -> None:
    path = write_lines(
        listing.transcript_path(FIRST), prompt("needle"), b'{"type": "user", "needle'
    )
    told: list[str] = []
    sessions = CatalogScanner(listing.context()).look().sessions
    assert len(list(search(sessions, "needle", tell=told.append))) == 1
    size = len(path.read_bytes().split(b"\n")[-1])
    assert told == [
        f"hollis_park/{FIRST}: the last line is not whole yet: its {size} bytes are left out"
    ]


def linked(path: Path) -> None:
    (path.parent / "outside").write_text(json.dumps(prompt("needle")) + "\n")
    path.symlink_to(path.parent / "outside")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, linked, lambda path: None])
def test_what_took_the_place_of_a_transcript_is_told_and_passed_by(
    listing: SampleListing, make: Callable[[Path], None]
) -> None:
    sessions = CatalogScanner(listing.context()).look().sessions
    path = listing.transcript_path(FIRST)
    path.unlink()
    make(path)
    told: list[str] = []
    found = list(search(sessions, "pumps|needle", tell=told.append))
    assert [hit.session_id for hit in found] == [SECOND]
    assert len(told) == 1
    assert "cannot be read" in told[0]


def test_searching_changes_nothing(listing: SampleListing) -> None:
    path = listing.transcript_path(FIRST)
    before = path.stat()
    hits(listing, "pumps")
    after = path.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_never_acts(listing: SampleListing, payload: str) -> None:
    write_lines(
        listing.transcript_path(FIRST),
        prompt(f"needle {payload}"),
        answer(text(f"{payload} needle"), thinking(f"{payload} needle")),
        answer(call(payload, needle=payload, more={payload: "needle"})),
        result(f"{payload} needle"),
        {"type": "system", "subtype": "api_error", "error": f"needle {payload}"},
    )
    shown = found(listing, "needle")
    assert len(shown) == 7
    assert not any(acts(line) for line in shown)


def test_a_word_with_something_hidden_inside_is_found_without_a_literal(
    listing: SampleListing,
) -> None:
    write_lines(listing.transcript_path(FIRST), prompt("nee\x1b[31mdle"))
    assert found(listing, "needle|x{99}") == ["prompt needle"]


def test_no_pattern_is_no_search(listing: SampleListing) -> None:
    with pytest.raises(UsageError, match="not a pattern"):
        hits(listing, "(")
