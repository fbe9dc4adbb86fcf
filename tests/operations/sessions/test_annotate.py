"""Tags and notes: for all operators, on record, and never in the transcript."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tui.core.errors import Conflict, ConsoleError, Refused, UsageError
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.sessions.annotate import note, tag
from tui.operations.trash.delete import delete
from tui.operations.trash.restore import restore
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events
from tui.view.panes.audit_line import act_words


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    return listing


def cli_tag(listing: SampleListing, *names: str) -> None:
    """Tag the first session as the CLI does: the last line counts, an empty one clears it."""
    with listing.transcript_path(FIRST).open("a") as transcript:
        for name in names:
            line = {"type": "tag", "tag": name, "sessionId": FIRST}
            transcript.write(json.dumps(line, separators=(",", ":")) + "\n")


def test_a_colleague_sees_them_and_by_whom(listing: SampleListing) -> None:
    watch = CatalogScanner(listing.context(operator="bert"))
    watch.look()
    act = tag(listing.context(), listing.session(FIRST), ["Urgent", "dach"])
    assert act.words == (
        "tagged 9f2c0000 dach urgent; `tag 9f2c0000 --remove dach --remove urgent` takes it back"
    )
    act = note(listing.context(), listing.session(FIRST), "call  them\non Monday")
    assert act.words == 'noted on 9f2c0000: "call them on Monday"'
    seen = watch.look().session(("hollis_park", FIRST))
    assert seen is not None
    assert (seen.tags, seen.note) == (("dach", "urgent"), "call them on Monday")
    assert {one.by for one in seen.annotation.tags} == {"anna"}


def test_the_transcript_and_the_row_stay_as_they_are(listing: SampleListing) -> None:
    before, row = snapshot(listing.config_dir), listing.session(FIRST).row
    tag(listing.context(), listing.session(FIRST), ["urgent"])
    note(listing.context(), listing.session(FIRST), "x")
    assert snapshot(listing.config_dir) == before
    assert listing.session(FIRST).row == row


def test_they_are_on_record(listing: SampleListing) -> None:
    tag(listing.context(), listing.session(FIRST), ["urgent"])
    tag(listing.context(), listing.session(FIRST), ["dach"], removed=["urgent"])
    note(listing.context(), listing.session(FIRST), "call them")
    note(listing.context(), listing.session(FIRST), "")
    events = read_events(listing.db_path, session_id=FIRST)
    assert [(one.operator, one.action, act_words(one)) for one in reversed(events)] == [
        ("anna", "tag", "+urgent"),
        ("anna", "tag", "+dach -urgent"),
        ("anna", "note", "call them"),
        ("anna", "note", "cleared"),
    ]


def test_the_logbook_never_has_their_words(listing: SampleListing) -> None:
    """A purge erases them in the audit, but nothing does in the logbook."""
    listing.write_transcript(SECOND, "x")
    listing.db_path.write_bytes(b"no database")
    session = listing.session(SECOND)
    tag(listing.context(), session, ["halvorsen"])
    note(listing.context(), session, "halvorsen")
    assert [one.action for one in read_logbook(listing.root)] == ["tag", "note"]
    logs = (listing.root / ".session_console").glob("log.jsonl*")
    assert not any("halvorsen" in path.read_text() for path in logs)


def test_the_message_takes_it_back(listing: SampleListing) -> None:
    tag(listing.context(), listing.session(FIRST), ["a", "b"])
    act = tag(listing.context(), listing.session(FIRST), ["c"], removed=["a"])
    assert act.words.endswith("`tag 9f2c0000 a --remove c` takes it back")
    note(listing.context(), listing.session(FIRST), "old")
    act = note(listing.context(), listing.session(FIRST), "")
    assert act.words == 'cleared the note of 9f2c0000; it was "old"'


def test_what_is_there_already_changes_nothing(listing: SampleListing) -> None:
    tag(listing.context(), listing.session(FIRST), ["urgent"])
    note(listing.context(), listing.session(FIRST), "x")
    session = listing.session(FIRST)
    bert = listing.context(operator="bert")
    acts = (
        tag(bert, session, ["urgent"]),
        tag(bert, session, [], removed=["no"]),
        note(bert, session, "x"),
    )
    assert all(act.is_needless for act in acts)
    assert acts[2].words == "9f2c0000 already has that note, by anna"
    assert listing.session(FIRST).annotation == session.annotation
    assert len(read_events(listing.db_path, session_id=FIRST)) == 2


def test_a_note_is_never_written_over_unseen(listing: SampleListing) -> None:
    session = listing.session(FIRST)
    note(listing.context(operator="bert"), session, "bert's")
    with pytest.raises(Conflict, match='bert noted "bert\'s"'):
        note(listing.context(), session, "anna's")
    assert listing.session(FIRST).note == "bert's"


def test_the_clis_own_tag_is_read_and_left_to_it(listing: SampleListing) -> None:
    cli_tag(listing, "first", "Client Call")
    session = listing.session(FIRST)
    assert session.tags == ("Client Call",)
    with pytest.raises(Refused, match="the CLI's own tag"):
        tag(listing.context(), session, [], removed=["client-call"])
    cli_tag(listing, "")
    assert listing.session(FIRST).tags == ()


def test_they_survive_the_trash(listing: SampleListing) -> None:
    tag(listing.context(), listing.session(FIRST), ["urgent"])
    delete(listing.context(), listing.session(FIRST))
    restore(listing.context(), FIRST)
    assert listing.session(FIRST).tags == ("urgent",)


def test_a_console_that_may_only_look_writes_nothing(listing: SampleListing) -> None:
    context, session = listing.context(read_only=True), listing.session(FIRST)
    with pytest.raises(Refused, match="read-only"):
        tag(context, session, ["x"])
    with pytest.raises(Refused, match="read-only"):
        note(context, session, "x")
    assert not (listing.folder / ".session_console").exists()


def test_what_cannot_be_written_says_why(listing: SampleListing) -> None:
    (listing.folder / ".session_console").write_text("in the way")
    with pytest.raises(ConsoleError, match="tags and notes cannot be written"):
        tag(listing.context(), listing.session(FIRST), ["x"])


def test_no_tag_is_no_change(listing: SampleListing) -> None:
    with pytest.raises(UsageError, match="which tag"):
        tag(listing.context(), listing.session(FIRST), [])
