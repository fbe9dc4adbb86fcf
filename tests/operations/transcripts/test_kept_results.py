"""Results kept beside the transcript, because they are too long: found, shown, exported whole."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, run_cli
from tests.support.listings.subagent_files import add_agent, call, prompt, result, write
from tui.core.models.entry import Entry, EntryKind
from tui.operations.search.grep import search
from tui.operations.search.transcript_search import seek
from tui.operations.stream.export import markdown
from tui.operations.stream.last_entries import last_entries
from tui.operations.transcripts import kept_results
from tui.view.stream.stream_buffer import StreamBuffer

LINES = "".join(f"{number}\n" for number in range(1, 30_001)) + "NEEDLE-IN-RESULT\n"


def persisted(place: str) -> str:
    """What the CLI writes into the line instead."""
    return (
        f"<persisted-output>\nOutput too large (165KB). Full output saved to: {place}\n\n"
        "Preview (first 2KB):\n1\n2\n3\n...\n</persisted-output>"
    )


def keep(listing: SampleListing, name: str = "b1.txt", place: str = "", words: Any = None) -> Path:
    """Write a session with such a result, and return the file that keeps it."""
    path = listing.transcript_path(FIRST)
    kept = path.with_suffix("") / "tool-results" / name
    words = words or persisted(place or f"/srv/of the past/tool-results/{name}")
    write(path, prompt("Count"), call("t1", 1, "Bash"), result("t1", words, 2))
    kept.parent.mkdir(parents=True, exist_ok=True)
    return kept


def shown(listing: SampleListing) -> Entry:
    (entry,) = [
        one
        for one in last_entries(listing.session(FIRST), 10).entries
        if one.kind is EntryKind.RESULT
    ]
    return entry


MCP = (
    "Error: result (200,000 characters) exceeds maximum allowed tokens. Output has been saved to "
    "/srv/tool-results/b1.txt.\nFormat: JSON array\nUse offset and limit."
)


@pytest.mark.parametrize("words", [MCP, [{"type": "text", "text": MCP}]])
def test_that_of_an_mcp_server_is_found_too(listing: SampleListing, words: Any) -> None:
    keep(listing, words=words).write_text(LINES)
    assert (shown(listing).kept, shown(listing).text) == ("b1.txt", "30,001 lines")
    session = listing.session(FIRST)
    assert "NEEDLE-IN-RESULT" in "".join(markdown(listing.context(), session))
    assert [hit.text for hit in search([session], "needle-in-result")] == ["NEEDLE-IN-RESULT"]


def test_one_behind_another_text_leaves_that_in_sight(listing: SampleListing) -> None:
    blocks = [
        {"type": "text", "text": one} for one in ("led by", persisted("/x/tool-results/b1.txt"))
    ]
    keep(listing, words=blocks).write_text("all of it\n")
    assert shown(listing).detail == "led by\nall of it\n"


def test_what_was_kept_in_part_says_so(listing: SampleListing) -> None:
    words = (
        "<persisted-output>\nOutput exceeded the 64MB persist limit; only the first 64MB were "
        "saved to: /x/tool-results/b1.txt\n\nPreview (first 2KB):\nhead\n</persisted-output>"
    )
    keep(listing, words=words).write_text("head\n")
    entry = shown(listing)
    assert entry.text == "1 line, only the first 64MB of it was kept"
    assert entry.detail == "head\n\n[only the first 64MB of it was kept]"


def test_it_is_shown_found_and_exported_whole(listing: SampleListing) -> None:
    """The line has only its first two kilobytes."""
    keep(listing).write_text(LINES)
    session = listing.session(FIRST)
    assert shown(listing).text == "30,001 lines"
    assert shown(listing).detail == LINES
    assert [hit.text for hit in search([session], "needle-in-result")] == ["NEEDLE-IN-RESULT"]
    assert LINES in "\n\n".join(markdown(listing.context(), session))
    size = listing.transcript_path(FIRST).stat().st_size
    places = seek(listing.transcript_path(FIRST), "NEEDLE-IN", size).places
    assert isinstance(places, array)
    assert len(places) == 1
    assert "30,001 lines" in run_cli(listing.root, "tail", FIRST).stdout


def test_opened_in_the_console_it_is_all_there(listing: SampleListing) -> None:
    keep(listing).write_text(LINES)
    roll = StreamBuffer()
    roll.append(last_entries(listing.session(FIRST), 10).entries)
    assert len(roll.lines(1)) == 1
    roll.open(1)
    words = ["".join(cell.text for cell in line) for line in roll.lines(1)]
    assert len(words) > 30_000
    assert "NEEDLE-IN-RESULT" in words[-1]


def test_a_sub_agent_s_is_whole_as_well(listing: SampleListing) -> None:
    kept = keep(listing, "other.txt")
    kept.with_name("b2.txt").write_text(LINES)
    kept.write_text("short\n")
    place = persisted("/srv/tool-results/b2.txt")
    folder = kept.parent.parent
    add_agent(folder, "a1", call("t2", name="Bash"), result("t2", place), toolUseId="t1")
    session = listing.session(FIRST)
    told = last_entries(session, 10).asides["t1"]
    assert [one.text for one in told if one.kind is EntryKind.RESULT] == ["30,001 lines"]
    assert [hit.text for hit in search([session], "NEEDLE")] == ["NEEDLE-IN-RESULT"]
    assert "NEEDLE-IN-RESULT" in "\n".join(markdown(listing.context(), session))


@pytest.mark.parametrize(
    "place",
    [
        "/srv/outside/secret.txt",
        "../../outside/secret.txt",
        "/srv/tool-results/../../../outside/secret.txt",
        "/srv/tool-results/..",
        "/srv/tool-results/.hidden",
        "/srv/tool-results/a\0b",
        "/srv/tool-results/" + "x" * 300,
        "/srv/tool-results/",
    ],
)
def test_what_a_transcript_names_leads_nowhere_else(listing: SampleListing, place: str) -> None:
    keep(listing, "b1.txt", place)
    outside = listing.root / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("CLASSIFIED\n")
    session = listing.session(FIRST)
    assert "Preview" in shown(listing).detail
    assert not [*search([session], "CLASSIFIED")]


@pytest.mark.parametrize("plant", ["link", "pipe", "folder", "linked folder", "missing", "closed"])
def test_what_lies_there_instead_is_not_read(
    listing: SampleListing, plant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(listing)
    secret = listing.root / "secret" / "b1.txt"
    secret.parent.mkdir()
    secret.write_text("CLASSIFIED\n")
    if plant == "link":
        kept.symlink_to(secret)
    elif plant == "pipe":
        os.mkfifo(kept)
    elif plant == "folder":
        kept.mkdir()
    elif plant == "linked folder":
        kept.parent.rmdir()
        kept.parent.symlink_to(secret.parent)
    elif plant == "closed":
        monkeypatch.setattr(kept_results, "read_kept_result", _denied)
    entry = shown(listing)
    assert "only its beginning" in entry.text
    assert "Preview" in entry.detail
    session = listing.session(FIRST)
    assert not [*search([session], "CLASSIFIED")]
    assert "only its beginning" in "\n".join(markdown(listing.context(), session))


def test_a_huge_one_says_how_much_is_not_shown(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(listing)
    kept.write_text("first\n")
    os.truncate(kept, 1 << 40)
    entry = shown(listing)
    assert entry.text == "1.0T"
    assert entry.detail.endswith("more bytes of 1,099,511,627,776]")
    assert len(entry.detail) < 600_000
    monkeypatch.setattr(kept_results, "LONGEST_LINE", 3)
    assert "\nfir\n[" in "\n".join(markdown(listing.context(), listing.session(FIRST)))


def test_very_many_are_shown_within_a_bound(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_results, "KEPT_SHOWN_PAGE", 500_000)
    keep(listing).write_text(LINES)
    for number in range(2, 60):
        place = persisted("/srv/tool-results/b1.txt")
        turn = (call(f"t{number}", 1, "Bash"), result(f"t{number}", place, 2))
        write(listing.transcript_path(FIRST), *turn)
    entries = last_entries(listing.session(FIRST), 1000).entries
    assert {one.text for one in entries if one.kind is EntryKind.RESULT} == {"30,001 lines"}
    assert sum(len(one.detail) for one in entries) < 1_000_000


def test_without_the_transcript_they_are_still_read(listing: SampleListing) -> None:
    keep(listing).write_text(LINES)
    listing.transcript_path(FIRST).unlink()
    session = listing.session(FIRST)
    assert [hit.text for hit in search([session], "NEEDLE")] == ["NEEDLE-IN-RESULT"]
    assert "NEEDLE-IN-RESULT" in "\n".join(markdown(listing.context(), session))


def _denied(folder: Path, name: str, most: int) -> None:
    raise PermissionError(13, "Permission denied", name)
