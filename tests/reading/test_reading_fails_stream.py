"""A transcript that may not be read is not absent: who searches or follows it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.__main__ import main
from tui.claude.transcript_files.transcript_tail import Growth, Tail


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    return listing


def run(listing: SampleListing, *words: str) -> int:
    return main(["--root", str(listing.root), *words])


@ERRORS
@pytest.mark.parametrize("words", [("grep", "Strategic"), ("grep", "no such words")], ids=" ".join)
def test_a_search_says_which_transcript_it_could_not_read(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], number: int, words: tuple[str, ...]
) -> None:
    with reads_fail(listing.transcript_path(FIRST).parent, number):
        code = run(listing, *words)
    said = capsys.readouterr()
    assert code == 1
    assert "cannot be read" in said.err
    assert "nothing matches in 2" not in said.err


@ERRORS
@pytest.mark.parametrize("words", [("tail", FIRST), ("tail", FIRST, "--json")], ids=" ".join)
def test_a_transcript_that_cannot_be_read_is_not_none(
    listing: SampleListing, capsys: pytest.CaptureFixture[str], number: int, words: tuple[str, ...]
) -> None:
    listing.session(FIRST)
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        real = Tail.read

        def read(tail: Tail, **named: int) -> Growth:
            with reads_fail(tail.path.parent, number):
                return real(tail, **named)

        patch.setattr(Tail, "read", read)
        code = run(listing, *words)
    said = capsys.readouterr()
    assert (code, "cannot be read" in said.err) == (1, True)
    assert "no transcript" not in said.err
