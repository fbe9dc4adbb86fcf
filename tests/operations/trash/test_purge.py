"""Purge: nothing of what was said is left below the root, and it works on a full disk."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, change_row, snapshot
from tui.core.console.saved_view import Draft, SavedView
from tui.core.errors import AmbiguousId, Conflict, DatabaseProblem, Refused, UnknownId
from tui.core.models.session import Acknowledgement
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.monitor.alerts import notify
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.annotate import note, tag
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.trash.cleanup import plan_cleanup
from tui.operations.trash.delete import delete, delete_many
from tui.operations.trash.purge import erase_many, erase_session, old_trash, plan_purge, purge
from tui.operations.trash.restore import restore
from tui.safe_io.folders import stamp_of
from tui.storage.index.erasure_marks import erasure_of
from tui.storage.index.index import Index, index_path
from tui.storage.session_locks import SessionLock
from tui.storage.state.acknowledgements import read_acks, write_ack
from tui.storage.state.annotations import read_annotations
from tui.storage.state.logbook import read_logbook
from tui.storage.state.saved_views import read_remembered, write_remembered
from tui.storage.table.tracking import read_events, read_rows
from tui.storage.transcripts.facts_cache import FactsCache
from tui.storage.trash.erasing import finish
from tui.storage.trash.trash import list_trash

CANARY = "walrus-quintessence"
DAY = timedelta(days=1)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """Two sessions; the first has the canary in every place where a session's data is kept."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(SECOND)
    listing.track(FIRST, metadata={"last_error": CANARY})
    listing.write_transcript(FIRST, CANARY, prompt=CANARY)
    project = listing.transcript_path(FIRST).parent
    run = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    said = json.dumps({"session_id": FIRST, "prompt": CANARY})
    for path in (
        project / FIRST / "tool-results" / "1.txt",
        listing.config_dir / "file-history" / FIRST / "v1",
        listing.config_dir / "debug" / f"{FIRST}.txt",
        listing.config_dir / "todos" / f"{FIRST}-agent-1.json",
        run / "spec.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said)
    lines = [
        {"sessionId": one, "display": text} for one, text in ((FIRST, CANARY), (SECOND, FIRST))
    ]
    history = "".join(f"{json.dumps(line)}\n" for line in lines)
    (listing.config_dir / "history.jsonl").write_text(history)
    write_ack(listing.folder, FIRST, Acknowledgement("anna", datetime.now(UTC), f"FAILED|{CANARY}"))
    tag(listing.context(), listing.session(FIRST), [CANARY])
    note(listing.context(), listing.session(FIRST), CANARY)
    return listing


def saying(root: Path, words: str) -> list[str]:
    """Return every file below the root that contains these words, databases and logs too."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return [str(path.relative_to(root)) for path in found if words.encode() in path.read_bytes()]


def acted_on(listing: SampleListing, how: str) -> None:
    """Put the session into the listing, the trash, or both, with the audit full of it."""
    context = listing.context()
    session = listing.session(FIRST)
    extend(context, plan_extension(session, "20d", context.clock()))
    if how == "listing":
        return
    many = [listing.session(FIRST), listing.session(SECOND)] if how == "batch" else None
    delete_many(context, many or [listing.session(FIRST)])
    if how == "both":
        listing.write_transcript(FIRST, CANARY)


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize("how", ["listing", "trash", "batch", "both"])
def test_nothing_is_left_of_what_was_said(listing: SampleListing, how: str, mode: str) -> None:
    """Without `secure_delete` or truncating the log, the database file would still contain it."""
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(f"PRAGMA journal_mode = {mode}")
        acted_on(listing, how)
        pipeline.execute("SELECT * FROM claude_sessions").fetchall()
        assert len(saying(listing.root, CANARY)) > 1
        others = [name for name in saying(listing.root, SECOND) if not name.startswith(".session")]
        act = purge(listing.context(), FIRST)
        assert saying(listing.root, CANARY) == []
    assert [one for one in saying(listing.root, SECOND) if not one.startswith(".session")] == others
    rows = {row.session_id: row for row in read_rows(listing.db_path)}
    assert (rows[FIRST].status, rows[FIRST].metadata) == ("deleted", None)
    assert act.words.startswith("erased 9f2c0000: ")
    events = read_events(listing.db_path, session_id=FIRST)
    assert [one.action for one in events][:1] == ["purge"]
    assert events[0].operator == "anna"
    assert read_acks(listing.folder) == {}
    assert read_annotations(listing.folder) == {}
    assert [(one.action, one.session_id) for one in read_logbook(listing.root)] == [
        ("purge", FIRST)
    ]
    if how == "batch":
        restore(listing.context(), SECOND)
    assert listing.transcript_path(SECOND).exists()
    with pytest.raises(UnknownId):
        restore(listing.context(), FIRST)


def test_an_untracked_session_is_erased_too(listing: SampleListing) -> None:
    acted_on(listing, "listing")
    untrack(listing)
    purge(listing.context(), FIRST)
    assert saying(listing.root, CANARY) == []


@pytest.mark.parametrize("is_own", [True, False])
def test_nothing_is_left_in_what_was_kept_for_the_next_start(
    listing: SampleListing, tmp_path: Path, is_own: bool
) -> None:
    """Neither in this login's cache nor, after their next look, in those of others.

    Without the mark of a purge, an open console writes back what it read before.
    """
    more = [replace(listing, listing_id=f"listing_{number}") for number in range(9)]
    for one in more:
        one.add(SECOND)
    other, moments = listing.context(cache_dir=tmp_path / "cache"), count()
    soon = Context(other.settings, lambda: datetime.now(UTC) + timedelta(minutes=next(moments)))
    open_console = CatalogScanner(soon)
    open_console.look()
    assert saying(tmp_path / "cache", CANARY)
    path = index_path(tmp_path / "cache", listing.root)
    late = Index(path)
    for one in (listing, *more):
        erasure = erasure_of(one.folder)
        facts = FactsCache(late).of(one.folder)
        for place in one.config_dir.glob("projects/*/*.jsonl"):
            facts.of(str(place), stamp_of(place.stat()))
        late.put_table(one.folder, erasure, ("1:1", CANARY if one is listing else ""))
    purge(other if is_own else listing.context(cache_dir=tmp_path / "another"), FIRST)
    assert bool(saying(tmp_path / "cache", CANARY)) is not is_own
    late.save()
    open_console.look()
    assert saying(tmp_path / "cache", CANARY) == []
    CatalogScanner(soon).look()
    assert saying(tmp_path / "cache", CANARY) == []


def test_nothing_is_kept_of_what_is_erased_in_the_trash(
    listing: SampleListing, tmp_path: Path
) -> None:
    """A cache written before the delete would keep it until somebody looks."""
    for number in range(6):
        listing.write_transcript(f"9f2e000{number}-1111-4222-8333-444455556666")
    untrack(listing)
    caches = [tmp_path / "cache", tmp_path / "another"]
    contexts = [listing.context(cache_dir=one) for one in caches]
    for one in contexts:
        CatalogScanner(one).look()
    assert all(saying(one, CANARY) for one in caches)
    delete(listing.context(), listing.session(FIRST))
    erase_many(contexts[0], list_trash(listing.root))
    assert saying(caches[0], CANARY) == []
    CatalogScanner(contexts[1]).look()
    assert saying(caches[1], CANARY) == []


def test_nothing_is_left_of_what_was_told_or_typed(listing: SampleListing, tmp_path: Path) -> None:
    """Notification keys used to quote why a session failed; a draft may quote anything."""
    listing.track(FIRST, metadata={"last_error": CANARY})
    change_row(listing, "UPDATE claude_sessions SET status = 'failed'")
    context = listing.context(notify_command="true", state_dir=tmp_path / "state")
    assert notify(context, CatalogScanner(context).look()) == ""
    told = listing.root / ".session_console" / "notified.json"
    assert len(json.loads(told.read_text())) > 0
    assert saying(told.parent, CANARY) == []
    told.write_text(json.dumps({f"hollis_park/{FIRST}|failed|{CANARY}": "x", "other": "y"}))
    session = listing.session(FIRST)
    acknowledge(context, session)
    drafts = (
        Draft("send", "hollis_park", FIRST, CANARY),
        Draft("resume", "", "", CANARY, (("oak", FIRST), ("hollis_park", FIRST))),
        Draft("fork", "", "", CANARY),
        Draft("send", "oak", FIRST, "kept"),
        Draft("send", "", "", "kept", (("oak", FIRST),)),
    )
    write_remembered(tmp_path / "state", listing.root, "anna", SavedView(drafts=drafts))
    purge(context, FIRST)
    acknowledge(context, session)  # in a console with an outdated catalog
    assert saying(tmp_path, CANARY) == []
    assert list(json.loads(told.read_text()).values()) == ["y"]
    assert read_remembered(tmp_path / "state", listing.root, "anna").drafts == drafts[3:]


def untrack(listing: SampleListing) -> None:
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("PRAGMA secure_delete = ON")
        pipeline.execute(f"DELETE FROM claude_sessions WHERE session_id = '{FIRST}'")  # noqa: S608


def test_what_is_only_in_the_trash_of_a_vanished_listing_is_erased(
    listing: SampleListing, tmp_path: Path
) -> None:
    delete(listing.context(), listing.session(FIRST))
    listing.folder.rename(tmp_path / "moved-away")
    purge(listing.context(), FIRST)
    assert list_trash(listing.root) == ()
    assert saying(listing.root, CANARY) == []


def test_what_the_name_means_must_be_one(listing: SampleListing) -> None:
    other = replace(listing, listing_id="oak")
    other.add("9f2c9999")
    delete(listing.context(), listing.session(FIRST))
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(f"DELETE FROM claude_sessions WHERE session_id = '{FIRST}'")  # noqa: S608
    with pytest.raises(AmbiguousId, match="in the trash"):
        plan_purge(listing.context(), "9f2c")
    with pytest.raises(UnknownId, match="nothing in the trash"):
        plan_purge(listing.context(), "77")
    assert plan_purge(listing.context(), "oak/9f2c").target.session_id == "9f2c9999"


def test_a_live_session_and_one_that_changed_are_not_erased(listing: SampleListing) -> None:
    before = snapshot(listing.config_dir)
    with SessionLock.take(listing.folder, FIRST), pytest.raises(Refused, match="is running"):
        purge(listing.context(), FIRST)
    with pytest.raises(Refused, match="read-only"):
        purge(listing.context(read_only=True), FIRST)
    assert snapshot(listing.config_dir) == before


def test_a_row_that_changed_since_the_look_keeps_it_from_being_erased(
    listing: SampleListing,
) -> None:
    """Somebody is working with it, and a purge cannot be undone."""
    erasure, before = plan_purge(listing.context(), FIRST), snapshot(listing.config_dir)
    listing.track(FIRST, stage="stage_9")
    with pytest.raises(Conflict, match="look again"):
        erase_session(listing.context(), erasure)
    assert snapshot(listing.config_dir) == before


@pytest.mark.parametrize("is_in_trash", [False, True])
def test_what_came_since_the_look_is_erased_and_counted_too(
    listing: SampleListing, is_in_trash: bool
) -> None:
    """A run that began and ended meanwhile, or a restore: `erased` must include it."""
    if is_in_trash:
        untrack(listing)
        delete(listing.context(), listing.session(FIRST))
    erasure = plan_purge(listing.context(), FIRST)
    if is_in_trash:
        restore(listing.context(), FIRST)
    run = listing.folder / ".session_console" / "runs" / "20261121T143000Z-0002" / "spec.json"
    agent = listing.transcript_path(FIRST).parent / FIRST / "subagents" / "agent-1.jsonl"
    for path in (run, agent):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"session_id": FIRST, "prompt": CANARY}))
    act = erase_session(listing.context(), erasure)
    assert saying(listing.root, CANARY) == []
    assert f"{erasure.size.files + 2} files, " in act.words


def test_what_is_tracked_since_the_look_keeps_it_from_being_erased(listing: SampleListing) -> None:
    new = "77ab0000-1111-4222-8333-444455556666"
    listing.write_transcript(new, CANARY)
    erasure, before = plan_purge(listing.context(), new), snapshot(listing.config_dir)
    listing.track(new, metadata={"note": CANARY})
    with pytest.raises(Conflict, match="is tracked now"):
        erase_session(listing.context(), erasure)
    assert snapshot(listing.config_dir) == before


def test_a_locked_database_keeps_it_from_being_erased(listing: SampleListing) -> None:
    """If the files went first, whoever holds the lock could change the row."""
    before = snapshot(listing.config_dir)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseProblem, match="locked"):
            purge(listing.context(), FIRST)
    assert snapshot(listing.config_dir) == before
    purge(listing.context(), FIRST)


def test_links_in_what_is_erased_lead_nowhere(listing: SampleListing, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    folder = listing.transcript_path(FIRST).with_suffix("")
    (folder / "folder").symlink_to(outside)
    (folder / "file").symlink_to(outside / "precious")
    locked = folder / "locked"
    locked.mkdir()
    (locked / "file").write_text("x")
    locked.chmod(0o500)
    before = snapshot(outside)
    purge(listing.context(), FIRST)
    assert snapshot(outside) == before
    assert not folder.exists()


def test_what_was_half_erased_is_erased_and_never_put_back(listing: SampleListing) -> None:
    """Killed after the first rename, it must not count as an interrupted delete."""
    delete(listing.context(), listing.session(FIRST))
    (trashed,) = list_trash(listing.root)
    trashed.moved(0).rename(trashed.batch / "0.purged")
    assert list_trash(listing.root) == ()
    context = listing.context()
    plan = plan_cleanup(context, CatalogScanner(context).look())
    assert plan.unfinished == ()
    assert [one.session_id for one in plan.purges] == [FIRST]
    assert [act.session_id for act in erase_many(context, ()).acts] == [FIRST]
    assert list((listing.root / ".session_console" / "trash").iterdir()) == []


@pytest.mark.parametrize("name", ["...purged", "*.purged", "[0-9].purged", ".purged", "0-.purged"])
def test_no_name_in_a_batch_leads_out_of_it(listing: SampleListing, name: str) -> None:
    """Taken for a number, the first would erase the whole trash: `<batch>/..`."""
    delete(listing.context(), listing.session(FIRST))
    delete(listing.context(), listing.session(SECOND))
    before = list_trash(listing.root)
    (before[0].batch / name).touch()
    (before[0].batch / "0-0-1").write_text("of nobody")
    finish([listing.root], datetime.now(UTC) + DAY)
    assert list_trash(listing.root) == before
    assert all(one.files for one in before)
    assert {name, "0-0-1"} <= {path.name for path in before[0].batch.iterdir()}


@pytest.mark.parametrize("left", ["", "transcript", "trash"])
def test_tags_and_notes_go_with_the_last_copy(listing: SampleListing, left: str) -> None:
    now = datetime.now(UTC)
    delete(Context(listing.context().settings, lambda: now - 8 * DAY), listing.session(FIRST))
    if left:
        listing.write_transcript(FIRST, CANARY)
    if left == "trash":
        delete(listing.context(), listing.session(FIRST))
    done = erase_many(listing.context(), old_trash(listing.context()))
    assert [act.session_id for act in done.acts] == [FIRST]
    assert (FIRST in read_annotations(listing.folder)) is bool(left)


def test_the_old_trash_is_erased_and_the_young_kept(listing: SampleListing) -> None:
    now = datetime.now(UTC)
    delete(Context(listing.context().settings, lambda: now - 8 * DAY), listing.session(FIRST))
    delete(listing.context(), listing.session(SECOND))
    done = erase_many(listing.context(), old_trash(listing.context()))
    assert [act.session_id for act in done.acts] == [FIRST]
    assert done.freed > 0
    assert [one.session_id for one in list_trash(listing.root)] == [SECOND]
    assert erase_many(listing.context(), old_trash(listing.context())).acts == ()
