"""Monitoring: what needs attention, and a command that reports each new thing once."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    SampleListing,
    change_row,
    register,
    snapshot,
)
from tests.support.place import REPOSITORY
from tests.support.processes.runs_site import wait
from tui.core.models.catalog import Catalog
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.doctor.doctor import examine
from tui.operations.doctor.machine_findings import MachineFacts
from tui.operations.monitor.alerts import Alert, LastingAlerts, needs, notify
from tui.operations.sessions.acknowledge import acknowledge
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, OWNER, SPEC, describe
from tui.safe_io.processes import started
from tui.storage.session_locks import SessionLock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
QUIET = timedelta(minutes=10)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def look(listing: SampleListing) -> Catalog:
    return CatalogScanner(listing.context(state_dir=listing.root.parent / "state")).look()


def needed(listing: SampleListing, within: timedelta = HOUR) -> list[Alert]:
    return list(needs(look(listing), datetime.now(UTC), QUIET, within))


def _waiting(listing: SampleListing) -> None:
    listing.add(FIRST)
    register(listing.config_dir, status="waiting")


def _just_waiting(listing: SampleListing) -> None:
    listing.track(FIRST)
    listing.write_transcript(FIRST, "Let me look.", age=timedelta(minutes=1))
    register(listing.config_dir, status="waiting")


def _failed(listing: SampleListing) -> None:
    listing.add(FIRST, metadata={"last_error": "401 invalid\x1b[31m key"})
    change_row(listing, "UPDATE claude_sessions SET status = 'failed'")


def _quiet(listing: SampleListing) -> None:
    listing.add(FIRST)
    register(listing.config_dir, status="busy")


def _orphan(listing: SampleListing) -> None:
    listing.add(FIRST)
    register(listing.config_dir)
    run = listing.folder / ".session_console" / "runs" / "20261122T071530Z-1f9c00"
    run.mkdir(parents=True)
    (run / SPEC).write_text(json.dumps({"session_id": FIRST}))
    (run / EVENTS).write_text('{"type": "init"}\n')
    (run / HEARTBEAT).touch()
    cli = {"cli_pid": os.getpid(), "cli_start": started(os.getpid())}
    (run / OWNER).write_text(json.dumps(describe(os.getpid()) | {"proc_start": "1"} | cli))


def _ends(listing: SampleListing) -> None:
    listing.add(FIRST, days=1, age=timedelta(hours=23, minutes=30))


def _swept(listing: SampleListing) -> None:
    listing.track(FIRST, days=60)
    listing.write_transcript(FIRST, "Old.", age=30 * DAY - HOUR / 2)


def _ghost(listing: SampleListing) -> None:
    listing.track(FIRST)


def _no_table(listing: SampleListing) -> None:
    listing.folder.mkdir(parents=True)


def _linked(listing: SampleListing) -> None:
    listing.folder.mkdir(parents=True)
    asyncio.run(guide.init_table(listing.db_path))
    listing.config_dir.symlink_to(listing.root)


def _vanished(listing: SampleListing) -> None:
    listing.track(FIRST)
    CatalogScanner(listing.context(state_dir=listing.root.parent / "state")).look()
    shutil.rmtree(listing.folder)


def _unreadable(listing: SampleListing) -> None:
    listing.folder.mkdir(parents=True)
    listing.db_path.write_text("no database at all, and long enough for a header" * 100)


@pytest.mark.parametrize(
    ("make", "level", "what", "words"),
    [
        (_waiting, "error", "waiting", "for 1 h"),
        (_just_waiting, "warning", "waiting", f"`answer {FIRST[:8]}` allows"),
        (_failed, "error", "failed", "failed: 401 invalid key"),
        (_quiet, "warning", "quiet", "has written nothing for 1 h"),
        (_orphan, "error", "orphan", f"stop {FIRST[:8]}"),
        (_ends, "error", "ends", "expires in 29 min"),
        (_swept, "error", "ends", "is swept by the CLI in 29 min"),
        (_ghost, "warning", "ghost", "has no transcript"),
        (_unreadable, "error", "unreadable", "not a SQLite database"),
        (_no_table, "note", "no_table", "no buyers.db yet"),
        (_linked, "error", "linked", "is a link"),
        (_vanished, "warning", "vanished", "its folder vanished"),
    ],
)
def test_what_needs_somebody_is_told(
    listing: SampleListing,
    make: Callable[[SampleListing], None],
    level: str,
    what: str,
    words: str,
) -> None:
    make(listing)
    (need,) = needed(listing)
    assert (need.level, need.what) == (level, what)
    assert words in need.words
    assert "\x1b" not in need.words
    assert not need.is_momentary


def test_a_sound_root_needs_nobody(listing: SampleListing) -> None:
    listing.add(FIRST)
    listing.write_transcript(SECOND)
    assert needed(listing) == []


def test_how_soon_is_soon_can_be_said(listing: SampleListing) -> None:
    listing.add(FIRST, days=2)
    assert needed(listing) == []
    assert [need.what for need in needed(listing, 3 * DAY)] == ["ends"]


@pytest.mark.parametrize("make", [_failed, _quiet, _orphan, _ghost, _waiting])
def test_what_was_acknowledged_needs_nobody(
    listing: SampleListing, make: Callable[[SampleListing], None]
) -> None:
    make(listing)
    acknowledge(listing.context(), listing.session(FIRST))
    assert needed(listing) == []


@dataclass(frozen=True)
class Bell:
    """A notify command that records what it was given."""

    listing: SampleListing
    folder: Path

    def context(self, *, hours: float = 0, **settings: Any) -> Context:
        given = {"notify_command": f"{self.folder / 'ring'} 'two words'"} | settings
        context = self.listing.context(**given)
        return replace(context, clock=lambda: datetime.now(UTC) + timedelta(hours=hours))

    def ring(self, **settings: Any) -> str:
        return notify(self.context(**settings), look(self.listing))

    @property
    def told(self) -> list[dict[str, str]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("told.*"))]


RING = """#!/bin/sh
test -z "$FAIL" && test ! -e "$(dirname "$0")/broken" || { echo no network >&2; exit 3; }
told=$(mktemp "$(dirname "$0")/told.XXXXXX")
printf '{"what": "%s", "session": "%s", "words": "%s", "one": "%s", "json": %s}' \\
  "$SESSION_CONSOLE_WHAT" "$SESSION_CONSOLE_SESSION" "$SESSION_CONSOLE_WORDS" "$1" "$(cat)" >"$told"
"""


@pytest.fixture
def bell(listing: SampleListing, tmp_path: Path) -> Bell:
    program = tmp_path / "bell" / "ring"
    program.parent.mkdir()
    program.write_text(RING)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Bell(listing, program.parent)


def test_each_new_thing_is_told_once_with_its_facts(bell: Bell) -> None:
    _failed(bell.listing)
    assert bell.ring() == ""
    assert bell.ring() == ""
    (told,) = bell.told
    facts = told.pop("json")
    assert told == {
        "what": "failed",
        "session": FIRST,
        "words": f"failed: 401 invalid key; `resume {FIRST[:8]}` or `ack {FIRST[:8]}`",
        "one": "two words",
    }
    assert facts["listing"] == "hollis_park"  # type: ignore[index]
    assert facts["root"] == str(bell.listing.root)  # type: ignore[index]


def test_something_new_of_the_same_session_is_told_again(bell: Bell) -> None:
    _failed(bell.listing)
    bell.ring()
    bell.listing.write_transcript(FIRST, "Again.", age=timedelta(minutes=5))
    bell.ring()
    assert [told["what"] for told in bell.told] == ["failed", "failed"]


def test_twenty_consoles_tell_of_it_once(bell: Bell) -> None:
    """Without the lock, every console that looked at the same instant would report it."""
    _failed(bell.listing)
    catalog, context, start = look(bell.listing), bell.context(), Barrier(20)

    def ring(number: int) -> str:
        start.wait()
        return notify(context, catalog)

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ring, range(20))) == {""}
    assert len(bell.told) == 1


def test_a_look_without_news_writes_nothing(bell: Bell) -> None:
    _failed(bell.listing)
    bell.ring()
    before = snapshot(bell.listing.root)
    bell.ring()
    assert snapshot(bell.listing.root) == before


def test_a_command_that_fails_is_told_of_and_tried_again_later(bell: Bell) -> None:
    _failed(bell.listing)
    broken = bell.folder / "broken"
    broken.touch()
    assert "ended with 3: no network" in bell.ring()
    assert bell.ring() == ""
    broken.unlink()
    assert bell.ring() == ""
    assert bell.told == []
    assert bell.ring(hours=0.1) == ""
    assert len(bell.told) == 1


def test_what_a_teller_that_was_killed_did_not_tell_is_told_by_another(bell: Bell) -> None:
    _failed(bell.listing)
    begun = bell.folder / "begun"
    command = f"sh -c 'touch {begun}; exec sleep 20'"
    words = ["-P", "-m", "tui", "--root", str(bell.listing.root), "check", "--notify"]
    environment = os.environ | {"SESSION_CONSOLE_NOTIFY_COMMAND": command}
    teller = subprocess.Popen(
        [sys.executable, *words],
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
    )
    wait(begun.exists)
    teller.kill()
    teller.wait()
    assert bell.ring() == ""
    assert bell.told == []
    assert bell.ring(hours=0.1) == ""
    assert [told["what"] for told in bell.told] == ["failed"]
    assert bell.ring(hours=0.2) == ""
    assert len(bell.told) == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/nonexistent/bell", "No such file"),
        ("'unclosed", "No closing quotation"),
        ("   ", "index"),
    ],
)
def test_a_command_that_is_none_is_told_of_and_never_raised(
    bell: Bell, command: str, words: str
) -> None:
    _failed(bell.listing)
    assert words in bell.ring(notify_command=command)


@pytest.mark.parametrize(
    "settings", [{"read_only": True}, {"restricted": True}, {"notify_command": ""}]
)
def test_who_may_only_look_tells_nobody(bell: Bell, settings: dict[str, Any]) -> None:
    _failed(bell.listing)
    before = snapshot(bell.listing.root)
    assert bell.ring(**settings) == ""
    assert bell.told == []
    assert snapshot(bell.listing.root) == before


def test_a_waiting_session_whose_lock_is_held_is_told_once(bell: Bell) -> None:
    _waiting(bell.listing)
    with SessionLock.take(bell.listing.folder, FIRST):
        bell.ring()
        bell.ring()
    assert [told["what"] for told in bell.told] == ["waiting"]


@contextmanager
def locked(listing: SampleListing) -> Iterator[Catalog]:
    """Lock the database like a writer that never ends, and look."""
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        yield look(listing)


@pytest.mark.parametrize("make", [_unreadable, _no_table, _linked, _vanished])
def test_check_and_doctor_agree_how_bad_it_is(
    listing: SampleListing, make: Callable[[SampleListing], None]
) -> None:
    make(listing)
    (need,), catalog = needed(listing), look(listing)
    levels = {
        one.level for one in examine(listing.context(), catalog, MachineFacts()) if one.listing
    }
    assert levels == {need.level}


def test_a_lock_only_counts_when_it_lasts(listing: SampleListing) -> None:
    _failed(listing)
    lasting, now = LastingAlerts(), datetime.now(UTC)
    with locked(listing) as catalog:
        found = needs(catalog, now, QUIET)
        assert [(one.level, one.what) for one in found] == [("warning", "locked")]
        doctor = examine(listing.context(), catalog, MachineFacts())
        assert [one.level for one in doctor if one.code == "unread_database"] == ["warning"]
    assert lasting.of(found) == ()
    assert lasting.of(found) == found
    assert [one.what for one in lasting.of(needed(listing))] == ["failed"]
    assert lasting.of(found) == ()


def test_nobody_is_called_for_a_lock_of_a_moment_nor_for_a_note(bell: Bell) -> None:
    _failed(bell.listing)
    _no_table(replace(bell.listing, listing_id="just_made"))
    context, lasting = bell.context(), LastingAlerts()
    with locked(bell.listing) as catalog:
        assert notify(context, catalog, lasting=lasting) == ""
        assert bell.told == []
        notify(context, catalog, lasting=lasting)
    assert [one["what"] for one in bell.told] == ["locked"]
