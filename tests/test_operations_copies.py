"""A record that is written again is told once; what stands beside it, or before it, is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sample_listing import FIRST, SampleListing
from tests.test_core_lineage import says, user
from tui.core.models import EntryKind
from tui.operations.export import markdown
from tui.operations.follow import Follow
from tui.operations.grep import search
from tui.operations.refresh import Watch
from tui.operations.seek import seek


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    return listing


def written(listing: SampleListing, *lines: str) -> Path:
    path = listing.transcript_path(FIRST)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def found(listing: SampleListing, words: str) -> list[str]:
    hits = search(Watch(listing.context()).look().sessions, words)
    return [hit.text for hit in hits]


def ended_early(word: str, parent: str, reason: str) -> dict[str, Any]:
    line = says(word, parent)
    line["message"]["stop_reason"] = reason
    return line


@pytest.mark.parametrize("reason", ["max_tokens", "refusal"])
def test_the_line_after_an_answer_that_ended_early_is_found(
    listing: SampleListing, reason: str
) -> None:
    lines = (user("q0", ""), ended_early("a0", "q0", reason), user("q1", "a0"), says("a1", "q1"))
    path = written(listing, *map(json.dumps, lines))
    assert found(listing, "say q1") == ["say q1"]
    assert found(listing, "[q]1") == ["say q1"]
    made = "cut off" if reason == "max_tokens" else "refused"
    assert [one.partition(":")[0] for one in found(listing, made)] == [made]
    assert len(seek(path, made, path.stat().st_size).places) == 1
    assert len(seek(path, "say q1", path.stat().st_size).places) == 1


def test_a_fresh_record_behind_a_copy_in_one_line_is_told_everywhere(
    listing: SampleListing,
) -> None:
    first, copied, fresh = user("q0", ""), says("a0", "q0"), says("a1", "a0")
    spliced = f"{json.dumps(copied)}{json.dumps(fresh)}"
    path = written(
        listing, *map(json.dumps, (first, copied)), spliced, json.dumps(user("q1", "a1"))
    )
    session, shown = listing.session(FIRST), ["say q0", "said a0", "said a1", "say q1"]
    follow = Follow(session)
    update = follow.poll(session)
    assert [one.text for one in update.entries] == shown
    page = follow.before(update.end, None)
    assert [one.text for one in page.entries if one.kind is not EntryKind.NOTICE] == shown
    text = "\n".join(markdown(listing.context(), session))
    assert all(text.count(one) >= 1 for one in shown)
    assert text.count("> said a0") == text.count("> said a1") == 1
    assert found(listing, "said a1") == ["said a1"]
    assert found(listing, "said a0") == ["said a0"]
    assert len(seek(path, "said a1", path.stat().st_size).places) == 1
