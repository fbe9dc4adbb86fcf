"""The trash, listed and previewed: nothing there is trusted, and nothing is changed."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tui.core.errors import UnknownId
from tui.core.limits import MOST_SHOWN_FILES
from tui.operations.trash.delete import delete, delete_many
from tui.operations.trash.trash_list import _ends, preview, trash_of


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


def in_trash(listing: SampleListing) -> Path:
    """Delete the first session, and return its transcript in the trash."""
    delete(listing.context(), listing.session(FIRST))
    (one,) = trash_of(listing.context())
    return next(path for path in one.trashed.files if path.is_file())


def test_a_link_in_the_place_of_a_transcript_is_not_followed(
    listing: SampleListing, tmp_path: Path
) -> None:
    """Without the guard the first words of a private file are printed."""
    private = tmp_path / "private.jsonl"
    private.write_bytes(listing.transcript_path(FIRST).read_bytes())
    moved = in_trash(listing)
    moved.unlink()
    moved.symlink_to(private)
    look = preview(listing.context(), FIRST)
    assert (look.first, look.last) == ("", "")
    assert look.problems == (f"{FIRST}.jsonl cannot be read: Too many levels of symbolic links",)


def test_a_link_in_the_place_of_its_batch_is_not_followed(
    listing: SampleListing, tmp_path: Path
) -> None:
    """Without the guard the folder behind the link is read."""
    moved = in_trash(listing)
    (one,) = trash_of(listing.context())
    outside = tmp_path / "outside"
    moved.parent.rename(outside)
    moved.parent.symlink_to(outside)
    unread: list[str] = []
    assert _ends(one.trashed, unread) == ("", "")
    assert unread == [f"{FIRST}.jsonl cannot be read: Not a directory"]


def test_a_pipe_in_the_place_of_a_transcript_keeps_nobody_waiting(listing: SampleListing) -> None:
    """Without the guard the verb waits for a writer for ever."""
    moved = in_trash(listing)
    moved.unlink()
    os.mkfifo(moved)
    done = run_cli(listing.root, "trash", FIRST[:8])
    assert done.returncode == 1
    assert f"{FIRST}.jsonl cannot be read: not a file" in done.stderr


def test_a_folder_of_very_many_files_is_listed_in_part(listing: SampleListing) -> None:
    """Without the bound all of them are printed, and the cut is not mentioned."""
    folder = listing.transcript_path(FIRST).with_suffix("") / "subagents"
    for number in range(MOST_SHOWN_FILES):
        (folder / f"{number}").touch()
    delete(listing.context(), listing.session(FIRST))
    look = preview(listing.context(), FIRST)
    assert MOST_SHOWN_FILES - 3 <= len(look.files) <= MOST_SHOWN_FILES + 1
    (words,) = look.problems
    assert words.endswith(
        f"not fully listed: it has more than {MOST_SHOWN_FILES} files and folders"
    )
