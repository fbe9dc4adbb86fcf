"""What could not be read is not absent: on each read path, for each error, and as another login.

Nothing shown is gone, nothing that runs is free, and no row or file changes on the strength of an
error. Each place in turn cannot be read: by errors injected into every read of the program's, and
by rights, where all is done by a login that has none.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, register, snapshot
from tests.support.place import REPOSITORY
from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Acknowledgement, Liveness, Session, State
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.sessions.annotate import tag
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.storage.session_locks import SessionLock
from tui.storage.state.acknowledgements import write_ack

EXPIRED = "9f2e0000-1111-4222-8333-444455556666"
UNTRACKED = "9f2f0000-1111-4222-8333-444455556666"
ERRORS = (errno.EACCES, errno.EIO, errno.EMFILE)
PLACES = (
    "hollis_park",
    "hollis_park/.claude_sessions",
    "hollis_park/.claude_sessions/projects",
    "hollis_park/.claude_sessions/projects/-data-outputs",
    "hollis_park/.claude_sessions/sessions",
    "hollis_park/.claude_sessions/settings.json",
    "hollis_park/.session_console",
    "hollis_park/.session_console/locks",
    f"hollis_park/.session_console/locks/{FIRST}",
    "hollis_park/.session_console/acks.json",
    "hollis_park/.session_console/annotations.json",
    "hollis_park/.session_console/runs",
    "hollis_park/.session_console/trash",
)


@pytest.fixture
def listing() -> Iterator[SampleListing]:
    """A listing below a folder that everybody may enter: one runs, one is locked, one expired."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield rooted(Path(folder) / "outputs")


def rooted(root: Path) -> SampleListing:
    listing = SampleListing(root)
    for session_id, days in ((FIRST, 7), (SECOND, 7), (EXPIRED, 0.01)):
        listing.add(session_id, days=days)
    listing.write_transcript(UNTRACKED, "Whose am I?")
    (listing.config_dir / "settings.json").write_text('{"cleanupPeriodDays": 401}')
    register(listing.config_dir, SECOND, status="busy")
    now = listing.context().clock()
    write_ack(listing.folder, FIRST, Acknowledgement("anna", now, "m"))
    tag(listing.context(), listing.session(FIRST), ["urgent"])
    for name in ("runs", "trash"):
        (listing.folder / ".session_console" / name).mkdir()
    SampleListing(root, "other").add(FIRST)
    return listing


def sessions(catalog: Catalog) -> dict[str, Session]:
    found = catalog.listing("hollis_park")
    assert found is not None
    return {one.session_id: one for one in found.sessions}


def require_nothing_gone(catalog: Catalog, place: str) -> None:
    """Whatever cannot be read: by that nothing becomes a ghost, or free, and it is said."""
    shown, listing = sessions(catalog), catalog.listing("hollis_park")
    assert listing is not None
    assert not listing.is_vanished
    assert [one.session_id for one in shown.values() if one.state is State.GHOST] == []
    running = {Liveness.BUSY, Liveness.UNKNOWN}
    for session_id in (FIRST, SECOND):
        if session_id in shown:
            assert shown[session_id].liveness in running, place
    if not place.endswith(("trash", "sessions", f"locks/{FIRST}")):
        assert listing.problem, place
    sweeps = {one.sweep_at for one in shown.values()} if place.endswith("settings.json") else set()
    assert sweeps <= {None}


def touched(listing: SampleListing) -> None:
    """Let everything be looked at anew."""
    for path in (listing.folder, *listing.folder.rglob("*")):
        if path.suffix != ".jsonl" and path.name != "buyers.db":
            os.utime(path)


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_gone_because_it_could_not_be_read(
    listing: SampleListing, place: str, number: int
) -> None:
    watch = CatalogScanner(listing.context())
    with SessionLock.take(listing.folder, FIRST):
        known = sessions(watch.look())
        assert set(known) == {FIRST, SECOND, EXPIRED, UNTRACKED}
        touched(listing)
        before = snapshot(listing.root)
        with reads_fail(listing.root / place, number):
            warm, cold = watch.look(), CatalogScanner(listing.context()).look()
            require_nothing_gone(warm, place)
            require_nothing_gone(cold, place)
            assert set(sessions(warm)) == set(known)
        assert snapshot(listing.root) == before
        assert {one.listing_id for one in warm.listings} == {"hollis_park", "other"}
        touched(listing)
        assert {key: one.state for key, one in sessions(watch.look()).items()} == {
            key: one.state for key, one in known.items()
        }


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_done_to_what_could_not_be_read(
    listing: SampleListing, place: str, number: int
) -> None:
    """Each act takes rows and files together, or neither; and never of what runs."""
    context, watch = listing.context(), CatalogScanner(listing.context())
    with SessionLock.take(listing.folder, FIRST):
        catalog = watch.look()
        with reads_fail(listing.root / place, number):
            for looked in (catalog, watch.look(), CatalogScanner(context).look()):
                clean_up(context, plan_cleanup(context, looked, older_than=timedelta(0)))
                clean_up(context, plan_cleanup(context, looked))
            for session in sessions(catalog).values():
                try:
                    delete(context, session)
                except ConsoleError:
                    continue
        with closing(sqlite3.connect(listing.db_path)) as pipeline:
            rows = dict(pipeline.execute("SELECT session_id, status FROM claude_sessions"))
        there = {one for one in rows if listing.transcript_path(one).exists()}
        assert {one for one, status in rows.items() if status == "active"} == there
        assert {FIRST, SECOND} <= there


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", ["notified.json", "hold.json", "log.jsonl", "trash"])
def test_what_a_root_keeps_is_not_empty_because_it_could_not_be_read(
    listing: SampleListing, name: str, number: int
) -> None:
    from tui.core.models.audit import AuditEvent
    from tui.core.models.catalog import Hold
    from tui.storage.state.hold import read_hold, write_hold
    from tui.storage.state.logbook import write_event
    from tui.storage.state.notified import claim
    from tui.storage.trash.trash import read_trash

    root, now = listing.root, listing.context().clock()
    write_hold(root, Hold("anna", now, "audit"))
    write_event(root, AuditEvent(at=now, operator="anna", action="hold", listing="", session_id=""))
    claim(root, ["told"], now)
    (root / ".session_console" / "trash").mkdir()
    watch = CatalogScanner(listing.context())
    log = watch.look().log
    with (root / ".session_console" / "log.jsonl").open("a") as file:
        file.write("\n")
    with reads_fail(root / ".session_console" / name, number):
        assert read_hold(root) is not None
        seen = watch.look()
        assert (len(seen.listings), seen.log, seen.problem) == (2, log, "")
        if name == "notified.json":
            with pytest.raises(OSError, match=os.strerror(number)):
                claim(root, ["told", "new"], now)
        if name == "trash":
            assert read_trash(root)[1] != ()
    assert claim(root, ["told", "new"], now) == {"new"}


AS_NOBODY = """
import json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from tui.__main__ import say_verb
from tui.core.errors import ConsoleError
from tui.operations.context import Context
from tui.settings import load_settings

def said(root, words):
    context = Context(load_settings(os.environ, {"root": root}), lambda: datetime.now(UTC))
    try:
        done = say_verb(context, words)
        return done.code, "\\n".join(map(str, done.lines))
    except ConsoleError as error:
        return error.exit_code, str(error)

asked, place = json.loads(sys.argv[3]), Path(sys.argv[2])
for words in asked:
    said(Path(sys.argv[1]), words)  # loads what only root may read
import encodings.utf_16_le, encodings.utf_32_le
place.chmod(place.stat().st_mode & 0o7770 & ~0o77)
os.setgroups([]), os.setegid(65534), os.seteuid(65534)
for words in asked:
    print(json.dumps(said(Path(sys.argv[1]), words)), flush=True)
"""
LOOKS = (["ls", "--json"], ["doctor", "--json"], ["check", "--json"], ["trash"], ["log"], ["stats"])
ACTS = (
    *(["cleanup", "--older-than", "1m", "--yes"], ["cleanup", "--yes"]),
    *(["delete", f"hollis_park/{one}", "--yes"] for one in (FIRST, SECOND)),
)


@pytest.mark.parametrize("place", [*PLACES, "hollis_park/buyers.db"])
def test_another_login_is_shown_what_it_may_read_and_takes_nothing(
    listing: SampleListing, place: str
) -> None:
    """It may write everywhere but in that one place, which is another's alone."""
    for path in (listing.root, *listing.root.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    with SessionLock.take(listing.folder, FIRST):
        target = listing.root / place
        for path in (listing.folder / ".session_console").rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        before = {one: facts[2] for one, facts in snapshot(listing.root).items()}
        words = json.dumps([*LOOKS, *ACTS])
        home = listing.root.parent / "home"
        home.mkdir(mode=0o777)
        home.chmod(0o777)
        environment = {"PATH": os.environ["PATH"], "SESSION_CONSOLE_CONFIG": "/dev/null"}
        done = subprocess.run(
            [sys.executable, "-B", "-c", AS_NOBODY, str(listing.root), str(target), words],
            env=environment | {"HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
            cwd=home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(told) == len(LOOKS) + len(ACTS), done.stderr
        shown = json.loads(told[0][1].splitlines()[-1])
        assert [one for one in shown if one["state"] == "ghost"] == []
        mine = {one["session_id"]: one for one in shown if one["listing"] == "hollis_park"}
        assert {one["liveness"] for key, one in mine.items() if key in (FIRST, SECOND)} <= {
            "busy",
            "unknown",
        }
        after = {one: facts[2] for one, facts in snapshot(listing.root).items()}
    theirs = {one for one in before if one.startswith("hollis_park") and one.endswith(".jsonl")}
    kept = {one for one in theirs if FIRST in one or SECOND in one}
    assert {one: after.get(one) for one in kept} == {one: before[one] for one in kept}
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        rows = dict(pipeline.execute("SELECT session_id, status FROM claude_sessions"))
    assert (rows[FIRST], rows[SECOND]) == ("active", "active")
    assert (rows[EXPIRED] == "active") is listing.transcript_path(EXPIRED).exists()
