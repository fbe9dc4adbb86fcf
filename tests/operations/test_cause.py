"""Why a session is odd: each cause of the guide's "session not found" has its own words."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli, snapshot
from tests.support.place import REPOSITORY
from tui.core.errors import Refused
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.cause import cause_of
from tui.operations.context import Context
from tui.operations.running.preflight import likely_memory, too_large
from tui.operations.running.resume import plan_resume
from tui.operations.trash.delete import delete

DAY = timedelta(days=1)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    return SampleListing(tmp_path / "outputs")


def context_of(listing: SampleListing) -> Context:
    return listing.context(claude_home=listing.root.parent / ".claude")


def session_of(listing: SampleListing) -> Session:
    return find_session(CatalogScanner(context_of(listing)).look(), FIRST)


def _deleted(listing: SampleListing) -> None:
    listing.add(FIRST)
    delete(listing.context(operator="bert"), listing.session(FIRST))


def _purged(listing: SampleListing) -> None:
    _deleted(listing)
    shutil.rmtree(listing.root / ".session_console")


def _cleaned_by_the_guide(listing: SampleListing) -> None:
    listing.track(FIRST, days=1, age=3 * DAY)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET status = 'expired'")


def _swept(listing: SampleListing) -> None:
    listing.add(SECOND)
    listing.track(FIRST, days=90, age=40 * DAY)
    (listing.config_dir / ".last-cleanup").touch()


def _younger_than_the_sweep(listing: SampleListing) -> None:
    listing.add(SECOND)
    listing.track(FIRST)
    (listing.config_dir / ".last-cleanup").touch()


def _no_volume(listing: SampleListing) -> None:
    listing.track(FIRST)


def _stray(listing: SampleListing) -> None:
    listing.track(FIRST)
    source = listing.write_transcript(FIRST, "Let me look.")
    target = listing.root.parent / ".claude" / "projects" / "-app" / source.name
    target.parent.mkdir(parents=True)
    source.rename(target)


def _sketch(listing: SampleListing) -> None:
    listing.track(FIRST)
    folder = listing.config_dir / FIRST
    folder.mkdir(parents=True)
    (folder / "conversation.json").write_text("[]")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_deleted, ["deleted by bert", "in the trash", f"`restore {FIRST[:8]}`"]),
        (_purged, ["deleted", "not in any trash"]),
        (_cleaned_by_the_guide, ["cleaned up after it expired on", "deletes for good"]),
        (_swept, ["swept by the CLI, which deletes after 30 d", "last did so on"]),
        (_younger_than_the_sweep, ["too young for the CLI's sweep", f"`delete {FIRST[:8]}`"]),
        (_no_volume, ["CLAUDE_CONFIG_DIR", "a container without a volume"]),
        (_stray, ["CLAUDE_SESSION_DIR", "the CLI ignores", f"`adopt {FIRST[:8]}`"]),
        (_sketch, ["conversation.json", "start a new session"]),
    ],
)
def test_a_session_that_is_not_found_says_why(
    listing: SampleListing, make: Callable[[SampleListing], None], words: list[str]
) -> None:
    make(listing)
    before = snapshot(listing.root)
    session, context = session_of(listing), context_of(listing)
    said = cause_of(session, context)
    assert all(word in said for word in words), said
    with pytest.raises(Refused, match="cannot be resumed: ") as refused:
        plan_resume(context, session)
    assert said in str(refused.value)
    assert snapshot(listing.root) == before


def test_the_verb_says_it_too(listing: SampleListing) -> None:
    _deleted(listing)
    assert "deleted by bert" in run_cli(listing.root, "show", FIRST).stdout
    refused = run_cli(listing.root, "resume", FIRST)
    assert refused.returncode == 4
    assert f"restore {FIRST[:8]}" in refused.stderr


def test_what_cannot_be_known_without_a_look_is_said_more_generally(
    listing: SampleListing,
) -> None:
    _no_volume(listing)
    assert "swept by the CLI, deleted by hand, or written elsewhere" in cause_of(
        session_of(listing)
    )


def test_a_sound_session_has_no_cause(listing: SampleListing) -> None:
    listing.add(FIRST)
    assert cause_of(session_of(listing), context_of(listing)) == ""


def test_a_listing_that_cannot_be_read_is_the_cause(listing: SampleListing) -> None:
    listing.add(FIRST)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("BEGIN EXCLUSIVE")
        assert "locked by another program" in cause_of(session_of(listing))


AS_NOBODY = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from tui.operations.cause import cause_of
from tui.operations.context import Context
from tui.operations.doctor.doctor import examine
from tui.operations.doctor.machine_findings import MachineFacts
from tui.operations.catalog.scanner import CatalogScanner
from tui.settings import Settings
def told(root):
    context = Context(Settings(root=Path(root)), lambda: datetime.now(UTC))
    catalog = CatalogScanner(context).look()
    for one in examine(context, catalog, MachineFacts()):
        yield one.level, one.code, one.words
    yield cause_of(catalog.sessions[0], context),

tuple(told(sys.argv[1]))  # loads what only this login may read
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for one in told(sys.argv[1]):
    print(*one)
"""


@pytest.mark.parametrize(
    ("closed", "words"),
    [
        (
            "projects/-data-outputs/{id}.jsonl",
            ["error unreadable its", "cannot be read by this login"],
        ),
        ("projects", ["error unreadable_folder", "cannot be read by this login"]),
    ],
)
def test_what_may_not_be_read_is_told_as_that(closed: str, words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        listing = SampleListing(folder / "outputs")
        listing.add(FIRST)
        for path in listing.root.rglob("*"):
            path.chmod(0o777)
        (listing.config_dir / closed.format(id=FIRST)).chmod(0)
        program = [sys.executable, "-c", AS_NOBODY, str(listing.root)]
        cwd = REPOSITORY
        said = subprocess.run(program, capture_output=True, text=True, cwd=cwd, check=False)
    assert said.stderr == ""
    assert all(word in said.stdout for word in words), said.stdout


def test_the_likely_memory_of_a_resume_is_told_with_what_to_do_instead(
    listing: SampleListing,
) -> None:
    listing.add(FIRST)
    session = session_of(listing)
    assert str(too_large(session, 64 * 1024**3)) == ""
    said = str(too_large(session, 100 * 1024**2))
    assert "200M of memory and 100M are free" in said
    assert "`new hollis_park PROMPT --stage stage_3`" in said
    assert "a fork" in said
    assert likely_memory(223 * 1024**2) > 3 * 1024**3


def test_an_expiry_that_cannot_be_read_is_the_cause(listing: SampleListing) -> None:
    listing.add(FIRST)
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute("UPDATE claude_sessions SET expires_at = 'next tuesday'")
        shown = run_cli(listing.root, "show", FIRST).stdout
        told = "its expires_at 'next tuesday' cannot be read: no clean-up takes it; `extend"
        assert f"{told} {FIRST[:8]} 7d` sets a valid one" in shown
        assert f"read as local ({datetime.now().astimezone():%Z})" in shown
        pipeline.execute("UPDATE claude_sessions SET status = 'deleted'")
    assert "next tuesday" not in cause_of(session_of(listing), context_of(listing))


def test_a_listing_that_vanished_is_the_cause(listing: SampleListing) -> None:
    listing.add(FIRST)
    session = session_of(listing)
    listing.folder.rename(listing.root / "away")
    assert cause_of(session, context_of(listing)).startswith("its listing vanished: ")
