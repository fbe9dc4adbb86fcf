"""What is kept about erased sessions: one listing or file that is broken keeps no other's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.operations.trash.test_purge import CANARY, listing, saying
from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.console.picture import Picture
from tui.core.errors import ConsoleError
from tui.operations.sessions.annotate import note
from tui.operations.trash import purge as purging
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import erase_many, purge
from tui.storage.index.erasure_marks import generation_of, mark_of
from tui.storage.state.annotations import read_annotations
from tui.storage.state.logbook import read_logbook
from tui.storage.state.pictures import PictureFiles
from tui.storage.table.tracking import read_rows
from tui.storage.trash.trash import list_trash

__all__ = ["listing"]


def annotations_of(listing: SampleListing) -> Path:
    return listing.folder / ".session_console" / "annotations.json"


def with_note_in_trash(listing: SampleListing, listing_id: str) -> SampleListing:
    """Return another listing of the root whose one session has a note and is in the trash."""
    other = replace(listing, listing_id=listing_id)
    other.add(FIRST)
    note(other.context(), other.session(f"{listing_id}/{FIRST}"), CANARY)
    delete(other.context(), other.session(f"{listing_id}/{FIRST}"))
    return other


@pytest.mark.parametrize("content", ["{", " " * 1_100_000], ids=["damaged", "too large"])
@pytest.mark.parametrize("name", ["a_first", "z_last"])
def test_one_listing_that_cannot_be_read_keeps_no_other_from_being_forgotten(
    listing: SampleListing, name: str, content: str
) -> None:
    delete(listing.context(), listing.session(f"hollis_park/{FIRST}"))
    bad = with_note_in_trash(listing, name)
    annotations_of(bad).write_text(content)
    done = erase_many(listing.context(), list_trash(listing.root))
    assert len(done.acts) == 2
    assert f"notes may still name them: {name}: " in done.note
    assert FIRST not in read_annotations(listing.folder)
    assert mark_of(listing.folder).exists()
    assert mark_of(bad.folder).exists()
    assert annotations_of(bad).read_text() == content


@ERRORS
def test_notes_stay_while_a_trash_that_may_hold_their_sessions_cannot_be_read(
    listing: SampleListing, number: int
) -> None:
    """Fails if what is still in the trash comes back without its note."""
    delete(listing.context(), listing.session(FIRST))
    trashed = list_trash(listing.root)
    listing.write_transcript(FIRST, CANARY)
    delete(listing.context(), listing.session(FIRST))
    (later,) = set(list_trash(listing.root)) - set(trashed)
    with reads_fail(later.batch, number):
        done = erase_many(listing.context(), trashed)
    assert len(done.acts) == 1
    assert f"{later.batch.name} cannot be read: {os.strerror(number)}" in done.note
    assert FIRST in read_annotations(listing.folder)
    assert mark_of(listing.folder).exists()


def test_a_trash_that_cannot_be_read_keeps_no_note_of_another_listing(
    listing: SampleListing,
) -> None:
    other = with_note_in_trash(listing, "oak")
    delete(listing.context(), listing.session(f"hollis_park/{FIRST}"))
    trashed = list_trash(listing.root)
    its_own = other.folder / ".session_console" / "trash"
    its_own.rmdir()
    its_own.write_text("in the place of a folder")
    done = erase_many(listing.context(), trashed)
    assert "notes may still name them: oak: not all of the trash of oak was read" in done.note
    assert FIRST in read_annotations(other.folder)
    assert FIRST not in read_annotations(listing.folder)


def test_notes_that_cannot_be_forgotten_keep_nothing_else_of_a_purged_session(
    listing: SampleListing,
) -> None:
    """Fails if its row and the audit still quote what was said because of another file."""
    annotations_of(listing).write_text("{")
    with pytest.raises(ConsoleError, match=r"annotations\.json is damaged.*`purge 9f2c0000`"):
        purge(listing.context(), FIRST)
    assert saying(listing.root, CANARY) == []
    rows = {row.session_id: row for row in read_rows(listing.db_path)}
    assert (rows[FIRST].status, rows[FIRST].metadata) == ("deleted", None)
    assert rows[SECOND].status == "active"
    assert mark_of(listing.folder).exists()
    annotations_of(listing).write_text("{}")
    assert purge(listing.context(), FIRST).words.startswith("erased 9f2c0000: ")


def test_notes_that_cannot_be_forgotten_keep_nothing_of_an_interrupted_purge(
    listing: SampleListing,
) -> None:
    delete(listing.context(), listing.session(f"hollis_park/{FIRST}"))
    (trashed,) = list_trash(listing.root)
    trashed.moved(0).rename(trashed.erased_mark)
    annotations_of(listing).write_text("{")
    done = erase_many(listing.context(), ())
    assert "not everything about 9f2c0000 is gone: " in done.note
    assert CANARY not in (listing.config_dir / "history.jsonl").read_text()
    assert [(one.session_id, one.detail) for one in read_logbook(listing.root)[-1:]] == [
        (FIRST, '{"is_unfinished": true, "words": "its files alone"}')
    ]


def test_an_acknowledgement_that_cannot_be_read_keeps_no_note(listing: SampleListing) -> None:
    annotations_of(listing).with_name("acks.json").write_text(" " * 1_100_000)
    with pytest.raises(ConsoleError, match="not everything else"):
        purge(listing.context(), FIRST)
    assert FIRST not in read_annotations(listing.folder)


def with_picture(listing: SampleListing, cache: Path) -> PictureFiles:
    """Keep a picture of the root, as a console of this login does."""
    root = listing.root
    files = PictureFiles(folder=cache, root=root, operator="anna", drawn_for="")
    rows = (tuple((letter, "") for letter in CANARY),)
    at = datetime(2026, 11, 30, tzinfo=UTC)
    files.write(Picture(rows=rows, at=at, erasure=generation_of(root), drawn_for=""))
    assert files.read((len(CANARY), 1)) is not None
    return files


@pytest.mark.parametrize("how", ["from the trash", "at once"])
def test_no_picture_outlasts_an_erasure_and_other_logins_show_theirs_no_more(
    listing: SampleListing, tmp_path: Path, how: str
) -> None:
    if how == "from the trash":
        delete(listing.context(), listing.session(f"hollis_park/{FIRST}"))
    own, others = tmp_path / "anna", tmp_path / "bert"
    with_picture(listing, own)
    theirs = with_picture(listing, others)
    context = listing.context(cache_dir=own)
    if how == "from the trash":
        assert "caches" not in erase_many(context, list_trash(listing.root)).note
    else:
        purge(context, f"hollis_park/{FIRST}")
    assert saying(own, CANARY) == []
    assert theirs.read((len(CANARY), 1)) is None


@pytest.mark.parametrize("how", ["from the trash", "at once", "its listing is gone"])
def test_a_purge_that_is_killed_leaves_no_picture_that_is_shown(
    listing: SampleListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Fails if the erasure is marked at its end alone: whoever is killed never comes there."""
    delete(listing.context(), listing.session(f"hollis_park/{FIRST}"))
    if how == "its listing is gone":
        shutil.rmtree(listing.folder)
    theirs = with_picture(listing, tmp_path / "bert")

    def killed(trashed: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(purging, "erase", killed)
    trashed = list_trash(listing.root)
    acts: dict[str, Callable[[], object]] = {
        "from the trash": lambda: erase_many(listing.context(), trashed)
    }
    act = acts.get(how, lambda: purge(listing.context(), f"hollis_park/{FIRST}"))
    with pytest.raises(KeyboardInterrupt):
        act()
    assert theirs.read((len(CANARY), 1)) is None
