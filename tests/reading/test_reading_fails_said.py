"""What could not be read is said, and ends with 1: no verb says "none" or "nothing" of it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.__main__ import say_verb
from tui.core.errors import ConsoleError
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.trash.cleanup import clean_up, plan_cleanup

OVER = "0e000000-1111-4222-8333-444455556666"
PROJECT = "hollis_park/.claude_sessions/projects/-data-outputs"
ERRORS = pytest.mark.parametrize("number", [errno.EACCES, errno.EIO], ids=errno.errorcode.get)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.write_transcript(FIRST, "x", age=timedelta(days=40))
    listing.add(OVER, days=-1)
    (listing.folder / ".session_console" / "locks").mkdir(parents=True, exist_ok=True)
    SampleListing(listing.root, "other").add(SECOND)
    return listing


def said(listing: SampleListing, *words: str) -> tuple[int, str]:
    try:
        done = say_verb(listing.context(), words)
    except ConsoleError as error:
        return error.exit_code, "\n".join([str(error), *getattr(error, "__notes__", ())])
    return done.code, "\n".join(done.lines)


def facts(listing: SampleListing, *words: str) -> Any:
    """Return what `--json` prints: what is said beside it comes before or after."""
    lines = said(listing, *words, "--json")[1].splitlines()
    return json.loads(next(one for one in lines if one[:1] in "[{"))


@ERRORS
@pytest.mark.parametrize("words", [("--dry-run",), ("--yes",)])
def test_a_clean_up_says_what_it_could_not_look_at(
    listing: SampleListing, words: tuple[str, ...], number: int
) -> None:
    with reads_fail(listing.folder, number):
        code, told = said(listing, "cleanup", *words)
        assert code == 1
        assert "hollis_park: " in told
        assert "nothing to clean up in what could be read" in told
        unread = facts(listing, "cleanup", *words)["unread"]
        assert any(one.startswith("hollis_park: ") for one in unread)
        assert all(one in told for one in unread)
    assert listing.transcript_path(OVER).exists()


def test_a_clean_up_names_what_it_leaves_where_no_lock_can_be_looked_at(
    listing: SampleListing,
) -> None:
    locks = listing.folder / ".session_console" / "locks"
    locks.rmdir()
    locks.write_text("a file")
    code, told = said(listing, "cleanup", "--yes")
    assert code == 1
    assert "its locks cannot be read" in told
    assert "1 left unchanged" in told
    (left,) = facts(listing, "cleanup", "--yes")["left"]
    assert (left["session_id"], left["why"]) == (OVER, "its owner may still be alive")


@ERRORS
@pytest.mark.parametrize("name", [OVER, ".batch"])
def test_a_lock_that_cannot_be_opened_is_not_one_that_is_held(
    listing: SampleListing, name: str, number: int
) -> None:
    """It may be held, so nothing is done; but no run is there to be sent a follow-up."""
    lock = listing.folder / ".session_console" / "locks" / name
    lock.touch()
    context = listing.context()
    plan = plan_cleanup(context, CatalogScanner(context).look())
    assert [one.session_id for one in plan.sessions] == [OVER]
    with lock_fails(lock, number):
        ((_, problem),) = clean_up(context, plan).refused
        assert os.strerror(number) in str(problem)
        assert "running" not in str(problem)
        assert problem.exit_code == 1
    assert listing.transcript_path(OVER).exists()


@ERRORS
def test_a_hold_that_cannot_be_read_needs_somebody(listing: SampleListing, number: int) -> None:
    said(listing, "hold", "on")
    with reads_fail(listing.root / ".session_console", number):
        code, told = said(listing, "check")
        assert code == 1
        assert "cannot tell whether it is on hold" in told
        assert "since an unknown time" in said(listing, "hold")[1]
        assert "cannot tell whether this root is on hold" in said(listing, "doctor")[1]
        assert said(listing, "cleanup", "--yes")[0] == 4


def test_what_lies_behind_a_link_may_hold(listing: SampleListing, tmp_path: Path) -> None:
    said(listing, "hold", "on")
    ours = listing.root / ".session_console"
    ours.rename(tmp_path / "elsewhere")
    ours.symlink_to(tmp_path / "elsewhere")
    code, told = said(listing, "cleanup", "--yes")
    assert code == 4
    assert "is a link" in told
    assert said(listing, "check")[0] == 1


@ERRORS
@pytest.mark.parametrize(
    ("words", "never"),
    [
        (("log",), "nobody has done"),
        (("stats",), "hollis_park         0"),
        (("grep", "no such words"), "nothing matches in 1 sessions"),
        (("grep", "Strategic"), "nothing matches"),
        (("adopt", "--all"), "no stray sessions to adopt\n"),
    ],
)
def test_what_a_listing_has_is_not_nothing_as_it_could_not_be_read(
    listing: SampleListing, words: tuple[str, ...], never: str, number: int
) -> None:
    with reads_fail(listing.folder, number):
        code, told = said(listing, *words)
    assert code == 1
    assert "hollis_park: " in told
    assert never not in f"{told}\n"


@ERRORS
def test_stats_counts_nothing_where_it_could_not_look(listing: SampleListing, number: int) -> None:
    with reads_fail(listing.folder, number):
        told = said(listing, "stats")[1]
        whole = [one["is_whole"] for one in facts(listing, "stats")["listings"]]
    (line,) = (one for one in told.splitlines() if one.startswith("hollis_park "))
    assert line.split()[1:4] == ["?", "?", "?"]
    assert whole == [False, True]


@ERRORS
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.1"])
def test_acts_that_cannot_be_read_are_said_to_be_missing(
    listing: SampleListing, name: str, number: int
) -> None:
    said(listing, "hold", "on")
    (listing.root / ".session_console" / "log.jsonl.1").touch()
    with reads_fail(listing.root / ".session_console" / name, number):
        code, told = said(listing, "log")
    assert code == 1
    assert "the logbook cannot be read" in told
    assert "nobody has done" not in told


@ERRORS
@pytest.mark.parametrize("options", [(), ("--json",)], ids=str)
@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("ls",), "hollis_park"),
        (("ls", "hollis_park"), "hollis_park"),
        (("ls", "--live"), "hollis_park/.session_console/runs"),
        (("ls", "--status", "active"), "hollis_park/.session_console/locks"),
        (("show", FIRST), "hollis_park/.session_console/locks"),
        (("show", f"hollis_park/{FIRST}"), "hollis_park/.session_console/runs"),
        (("export", FIRST, "-o", "{}"), f"{PROJECT}/{FIRST}/subagents"),
        (("trash",), "hollis_park/.session_console/trash"),
        (("stats",), "hollis_park"),
        (("doctor",), "hollis_park"),
        (("check",), "hollis_park"),
        (("grep", "Let"), "hollis_park"),
        (("log",), "hollis_park"),
        (("hold",), ".session_console"),
        (("cleanup", "--dry-run"), "hollis_park"),
        (("tail", FIRST), f"{PROJECT}/{FIRST}.jsonl"),
    ],
    ids=str,
)
def test_a_verb_that_looks_ends_with_one_for_what_it_could_not_look_at(
    listing: SampleListing, words: tuple[str, ...], place: str, options: Any, number: int
) -> None:
    """What could be looked at is shown all the same, and with it said what could not."""
    for own in ("runs", "trash"):
        (listing.folder / ".session_console" / own).mkdir()
    (listing.transcript_path(FIRST).with_suffix("") / "subagents").mkdir(parents=True)
    (listing.root / ".session_console").mkdir()
    out = str(listing.root.parent / "out")
    words = tuple(one.format(out) for one in words)
    assert "cannot be read" not in said(listing, *words, *options)[1]
    Path(out).unlink(missing_ok=True)
    with reads_fail(listing.root / place, number):
        code, told = said(listing, *words, *options)
    assert code == 1
    assert "cannot be" in told or os.strerror(number) in told


def test_what_is_whole_ends_with_zero(listing: SampleListing) -> None:
    for words in (("ls",), ("show", FIRST), ("hold",), ("trash",), ("export", FIRST)):
        assert said(listing, *words)[0] == 0


@contextmanager
def lock_fails(path: Path, number: int) -> Iterator[None]:
    """Let a lock fail to open, by whatever descriptor of its folder."""
    real = os.open

    def fail(place: Any, *given: Any, **named: Any) -> int:
        if str(place).endswith(path.name):
            raise OSError(number, os.strerror(number), place)
        return real(place, *given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", fail)
        yield
