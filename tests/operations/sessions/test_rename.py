"""A title is one whole line at the end of an idle transcript, and does not count as activity."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.hostile.payloads import PAYLOADS, is_cleaned
from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    SampleListing,
    register,
    run_cli,
    snapshot,
)
from tests.support.place import REPOSITORY
from tui.core.errors import Conflict, ConsoleError, Refused, UnknownId, UsageError
from tui.operations.sessions.rename import rename
from tui.storage.session_locks import SessionLock
from tui.storage.state.logbook import read_logbook

FULL = """
import resource, signal, sys
from tui.__main__ import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:]))
"""


def test_the_title_is_appended_as_the_cli_writes_it(listing: SampleListing) -> None:
    path = listing.transcript_path(FIRST)
    before = path.read_bytes()
    act = rename(listing.context(), listing.session(FIRST), "  Pumps,\n DACH ")
    line = f'{{"type":"custom-title","customTitle":"Pumps, DACH","sessionId":"{FIRST}"}}\n'
    assert path.read_bytes() == before + line.encode()
    assert listing.session(FIRST).title == "Pumps, DACH"
    assert act.words == 'renamed 9f2c0000 to "Pumps, DACH"; it was "Strategic buyers, pumps"'
    again = rename(listing.context(), listing.session(FIRST), "Ü 😀")
    assert listing.session(FIRST).title == "Ü 😀"
    assert again.words == 'renamed 9f2c0000 to "Ü 😀"; it was "Pumps, DACH"'


def test_a_title_that_another_gave_meanwhile_stays_and_the_loser_is_told(
    listing: SampleListing,
) -> None:
    """Without the comparison the second would overwrite what it never saw."""
    seen = listing.session(FIRST)
    rename(listing.context(operator="bert"), seen, "By bert")
    words = 'changed in the meantime: its title is now "By bert"; bert renamed it just now'
    with pytest.raises(Conflict, match=words):
        rename(listing.context(), seen, "By anna")
    assert listing.session(FIRST).title == "By bert"
    assert [one.operator for one in read_logbook(listing.root)] == ["bert"]
    rename(listing.context(), listing.session(FIRST), "By anna")
    assert listing.session(FIRST).title == "By anna"


def test_an_old_title_deep_in_a_long_transcript_is_no_change(listing: SampleListing) -> None:
    """Only the end of such a file is read: a title that is not there has not changed."""
    path = listing.transcript_path(FIRST)
    rename(listing.context(), listing.session(FIRST), "Old")
    seen = replace(listing.session(FIRST), title="Newer, deep inside")
    with path.open("ab") as file:
        file.write((json.dumps({"type": "tag", "of": "x" * 200}).encode() + b"\n") * 400)
    rename(listing.context(), seen, "Newest")
    assert listing.session(FIRST).title == "Newest"


def test_a_title_that_another_gave_counts_however_much_was_written_since(
    listing: SampleListing,
) -> None:
    seen, path = listing.session(FIRST), listing.transcript_path(FIRST)
    rename(listing.context(operator="bert"), seen, "By bert")
    with path.open("ab") as file:
        file.write((json.dumps({"type": "tag", "of": "x" * 200}).encode() + b"\n") * 4000)
    with pytest.raises(Conflict, match="its title is now"):
        rename(listing.context(), seen, "By anna")


def test_a_title_is_no_activity(listing: SampleListing) -> None:
    """A new mtime would postpone the CLI's sweep and falsify "last activity"."""
    before = listing.session(FIRST)
    rename(listing.context(), before, "Pumps")
    after = listing.session(FIRST)
    assert (after.last_activity_at, after.sweep_at) == (before.last_activity_at, before.sweep_at)


def test_it_is_logged_without_a_title_that_a_purge_would_have_to_erase(
    listing: SampleListing,
) -> None:
    rename(listing.context(), listing.session(FIRST), "Pumps")
    (event,) = read_logbook(listing.root)
    assert (event.operator, event.action, event.session_id) == ("anna", "rename", FIRST)
    assert event.note == ""


@pytest.mark.parametrize("torn", [b'{"type": "user", "mess', b"\xc3", b"\0\0\0"])
def test_an_unfinished_last_line_is_ended_first(listing: SampleListing, torn: bytes) -> None:
    """Appended to it, the title would be lost with it."""
    path = listing.transcript_path(FIRST)
    with path.open("ab") as file:
        file.write(torn)
    rename(listing.context(), listing.session(FIRST), "Pumps")
    lines = path.read_bytes().split(b"\n")
    assert lines[-3] == torn
    assert json.loads(lines[-2])["customTitle"] == "Pumps"
    assert listing.session(FIRST).title == "Pumps"


def test_a_long_title_is_cut(listing: SampleListing) -> None:
    rename(listing.context(), listing.session(FIRST), "x" * 100_000)
    assert listing.session(FIRST).title == "x" * 200


@pytest.mark.parametrize("title", ["", "  \n ", "\x1b[31m", "\u200b\u202e"])
def test_a_title_needs_something_to_see(listing: SampleListing, title: str) -> None:
    with pytest.raises(UsageError, match="at least one visible character"):
        rename(listing.context(), listing.session(FIRST), title)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_cleaned_before_it_is_written(listing: SampleListing, payload: str) -> None:
    act = rename(listing.context(), listing.session(FIRST), payload)
    written = json.loads(listing.transcript_path(FIRST).read_bytes().split(b"\n")[-2])
    assert is_cleaned(written["customTitle"])
    assert is_cleaned(act.words)


def refused(listing: SampleListing, words: str, kind: type[ConsoleError] = Refused) -> None:
    session, before = listing.session(FIRST), snapshot(listing.config_dir)
    with pytest.raises(kind, match=words):
        rename(listing.context(), session, "Pumps")
    assert snapshot(listing.config_dir) == before
    assert read_logbook(listing.root) == ()


def test_what_runs_keeps_its_title(listing: SampleListing) -> None:
    with SessionLock.take(listing.folder, FIRST):
        refused(listing, "is running")
    register(listing.config_dir)
    refused(listing, "is running")
    register(listing.config_dir, pidDomain="linux:elsewhere:pid:[1]")
    refused(listing, "may be running")


def test_what_began_to_run_since_the_look_keeps_its_title(listing: SampleListing) -> None:
    session = listing.session(FIRST)
    register(listing.config_dir)
    with pytest.raises(Refused, match="is running"):
        rename(listing.context(), session, "Pumps")


def test_a_console_that_may_only_look_writes_nothing(listing: SampleListing) -> None:
    with pytest.raises(Refused, match="read-only"):
        rename(listing.context(read_only=True), listing.session(FIRST), "Pumps")


def test_without_a_transcript_of_its_own_there_is_no_place(listing: SampleListing) -> None:
    listing.track(SECOND)
    sketch = listing.config_dir / "session-abc"
    sketch.mkdir()
    (sketch / "conversation.json").write_text("{}")
    session = listing.session(FIRST)
    assert session.transcript is not None
    stray = replace(session.transcript, stray_in=Path("/home/anna/.claude"))
    for one, words in (
        (listing.session(SECOND), "no transcript"),
        (listing.session("session-abc"), r"conversation\.json"),
        (replace(session, transcript=stray), "adopt"),
    ):
        with pytest.raises(Refused, match=words):
            rename(listing.context(), one, "Pumps")


def linked(path: Path) -> None:
    path.symlink_to(path.parent.parent / "outside")


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, Path.touch, linked, lambda path: None])
def test_what_took_the_place_of_the_transcript_is_left_alone(
    listing: SampleListing, make: Callable[[Path], None]
) -> None:
    path, session = listing.transcript_path(FIRST), listing.session(FIRST)
    outside = path.parent.parent / "outside"
    outside.write_text("keep me\n")
    path.unlink()
    make(path)
    with pytest.raises(
        ConsoleError, match=r"has moved|cannot be written|no transcript|not a transcript"
    ):
        rename(listing.context(), session, "Pumps")
    assert outside.read_text() == "keep me\n"


def test_a_link_on_the_way_is_not_followed(listing: SampleListing, tmp_path: Path) -> None:
    session, project = listing.session(FIRST), listing.transcript_path(FIRST).parent
    project.rename(tmp_path / "elsewhere")
    project.symlink_to(tmp_path / "elsewhere")
    before = snapshot(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="has moved"):
        rename(listing.context(), session, "Pumps")
    assert snapshot(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("room", [0, 20])
def test_on_a_full_disk_the_transcript_stays_as_it_was(listing: SampleListing, room: int) -> None:
    """Half a title would be a torn line for the CLI."""
    path = listing.transcript_path(FIRST)
    with path.open("ab") as file:
        file.write(b'{"type":"system","content":"%s"}\n' % (b"x" * 20_000))
    before, size = path.read_bytes(), path.stat().st_size
    words = ("--root", str(listing.root), "rename", FIRST, "Pumps")
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL, str(size + room), *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=REPOSITORY,
        env=os.environ | {"HOME": str(listing.root)},
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert os.strerror(errno.EFBIG) in done.stderr or os.strerror(errno.ENOSPC) in done.stderr
    assert path.read_bytes() == before


def test_an_id_that_only_looks_like_one_is_no_target(listing: SampleListing) -> None:
    session = listing.session(FIRST)
    assert session.row is not None
    disguised = replace(session, row=replace(session.row, session_id="../../x"))
    with pytest.raises(UnknownId):
        rename(listing.context(), disguised, "Pumps")


def test_the_verb_says_it_in_words_and_as_json(listing: SampleListing) -> None:
    done = run_cli(listing.root, "rename", "9f2c", "Pumps", "--operator", "anna")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith('renamed 9f2c0000 to "Pumps"')
    done = run_cli(listing.root, "rename", "9f2c", "More pumps", "--json")
    facts = json.loads(done.stdout)
    assert (facts["session_id"], facts["listing"]) == (FIRST, "hollis_park")
    assert run_cli(listing.root, "rename", "9f2c", " ").returncode == 2
    assert run_cli(listing.root, "rename", "missing", "Pumps").returncode == 3
    assert run_cli(listing.root, "rename", "9f2c", "Pumps", "--read-only").returncode == 4
