"""How full the context is, when the evidence is far before what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.subagent_files import write
from tui.operations.stream.follow import StreamFollower
from tui.operations.transcripts import branches


def fills(model: str, tokens: int, **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": "So far."}]
    usage = {"input_tokens": tokens}
    message = {"id": f"m{tokens}", "model": model, "usage": usage, "content": content}
    return {"type": "assistant", "uuid": f"u{tokens}", "message": message, **more}


PADDING = {"type": "tag", "of": "x" * 300_000}


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-sonnet-4-5-20250929"])
def test_a_window_that_was_proven_long_ago_is_known(listing: SampleListing, model: str) -> None:
    """The end of the file, read first, would by itself mean 75 % of 200k."""
    aside = fills("claude-haiku-4-5", 900_000, isSidechain=True)
    write(
        listing.transcript_path(FIRST), fills(model, 400_000), aside, PADDING, fills(model, 150_000)
    )
    session = listing.session(FIRST)
    spent = StreamFollower(session).poll(session).spent
    assert (spent.context, spent.window) == (150_000, 1_000_000)


def test_the_context_is_known_behind_a_very_long_result(listing: SampleListing) -> None:
    message = {"content": [{"type": "tool_result", "tool_use_id": "t", "content": "x" * 400_000}]}
    write(
        listing.transcript_path(FIRST),
        fills("claude-haiku-4-5", 50_000),
        {"type": "user", "message": message},
    )
    session = listing.session(FIRST)
    follow = StreamFollower(session)
    spent = follow.poll(session).spent
    assert (spent.model, spent.context, spent.window) == ("claude-haiku-4-5", 50_000, 200_000)
    write(listing.transcript_path(FIRST), fills("claude-haiku-4-5", 160_000))
    assert follow.poll(session).spent.context_share == 0.8


def test_a_compaction_empties_the_context_behind_a_very_long_line_too(
    listing: SampleListing,
) -> None:
    done = {"type": "system", "subtype": "compact_boundary"}
    known = done | {"uuid": "c", "compactMetadata": {"postTokens": 8_000}}
    write(listing.transcript_path(FIRST), fills("claude-haiku-4-5", 190_000), known, PADDING)
    session = listing.session(FIRST)
    assert StreamFollower(session).poll(session).spent.context_share == 0.04
    write(
        listing.transcript_path(FIRST),
        fills("claude-haiku-4-5", 190_001),
        done | {"uuid": "d"},
        PADDING,
    )
    assert StreamFollower(session).poll(session).spent.context_share is None


def test_of_a_huge_transcript_the_end_tells_it(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "BRANCHES_BYTES", 400_000)
    before = (fills("claude-opus-4-8", 20_000), PADDING, fills("claude-haiku-4-5", 50_000))
    write(listing.transcript_path(FIRST), *before, PADDING)
    session = listing.session(FIRST)
    assert StreamFollower(session).poll(session).spent.context_share == 0.25
