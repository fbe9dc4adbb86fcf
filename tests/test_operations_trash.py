"""The trash, listed and looked into: nothing there is trusted, and nothing is changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tui.core.errors import UnknownId
from tui.operations.delete import delete, delete_many
from tui.operations.trash import preview, trash_of


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.write_transcript(FIRST, "Let me look.", "Six of them \x1b[31mfit.", prompt="Find pumps")
    folder = listing.transcript_path(FIRST).with_suffix("") / "subagents"
    folder.mkdir(parents=True)
    (folder / "agent-1.jsonl").write_text("{}\n")
    (folder / "link").symlink_to("/etc/passwd")
    listing.add(SECOND)
    return listing


def test_it_is_listed_with_who_what_how_much_and_until_when(listing: SampleListing) -> None:
    context = listing.context()
    assert trash_of(context) == ()
    acts = delete_many(context, [listing.session(FIRST), listing.session(SECOND)]).acts
    before = snapshot(listing.root)
    first, second = trash_of(context)
    assert (first.trashed.session_id, first.trashed.operator, first.trashed.action) == (
        FIRST,
        "anna",
        "delete",
    )
    assert first.trashed.title == "Find pumps"
    assert first.size.files == 3
    assert first.size.bytes > second.size.bytes > 0
    assert first.purge_at == acts[0].at + timedelta(days=7)
    assert trash_of(context, listing="oak") == ()
    assert snapshot(listing.root) == before


def test_a_look_into_it_shows_its_files_and_its_first_and_last_words(
    listing: SampleListing,
) -> None:
    delete(listing.context(), listing.session(FIRST))
    before = snapshot(listing.root)
    look = preview(listing.context(), FIRST[:4])
    project = ".claude_sessions/projects/-data-outputs"
    assert [name for name, _ in look.files] == [
        f"{project}/{FIRST}.jsonl",
        f"{project}/{FIRST}/subagents/agent-1.jsonl",
        f"{project}/{FIRST}/subagents/link",
    ]
    assert dict(look.files)[f"{project}/{FIRST}/subagents/agent-1.jsonl"] == 3
    assert (look.first, look.last) == ("Find pumps", "Six of them fit.")
    assert snapshot(listing.root) == before
    with pytest.raises(UnknownId):
        preview(listing.context(), SECOND)


@pytest.mark.parametrize("content", [b"", b"\0\xff\n{", b"[]\n" * 9, b'{"type": "user"}\n'])
def test_a_transcript_of_garbage_says_nothing(listing: SampleListing, content: bytes) -> None:
    listing.transcript_path(FIRST).write_bytes(content)
    delete(listing.context(), listing.session(FIRST))
    look = preview(listing.context(), FIRST)
    assert (look.first, look.last) == ("", "")
