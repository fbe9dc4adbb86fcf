"""The sample root: every state is there, it is always the same, and the real CLI resumes it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.processes.cli_turn import take_turn
from tui.claude.transcript_files.transcript_facts import read_facts
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session, State
from tui.demo.api import LoopbackApi
from tui.demo.cast import Fate
from tui.demo.sample import config_dir_of, write_sample
from tui.demo.scenes import demo_scene, found
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.settings import Settings

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def look(root: Path) -> Catalog:
    settings = Settings(root=root, claude_home=root.parent / "home")
    return CatalogScanner(Context(settings, lambda: NOW)).look()


def left(session: Session) -> timedelta:
    return session.ends_at - NOW if session.ends_at else timedelta.max


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and mtime of the written files; a database's mtime is its last commit's."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(root)): (
            path.read_bytes(),
            path.stat().st_mtime_ns if path.suffix == ".jsonl" else 0,
        )
        for path in files
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "outputs"
    write_sample(root, NOW, claude_home=root.parent / "home")
    return root


def test_every_state_can_be_seen(root: Path) -> None:
    catalog = look(root)
    sessions = catalog.sessions
    assert len(catalog.listings) >= 12
    assert 40 <= len(sessions) <= 60
    for state in (State.GHOST, State.UNTRACKED, State.LEFTOVER):
        assert [one for one in sessions if one.state is state], state
    well = [one for one in sessions if one.state is State.OK and one.status == "active"]
    assert [one for one in well if timedelta() < left(one) < HOUR]
    assert [one for one in well if HOUR < left(one) < DAY]
    assert [one for one in well if left(one) > 7 * DAY]
    assert [one for one in well if -HOUR < left(one) < timedelta()]
    assert [one for one in well if one.is_swept_first and left(one) < DAY]
    assert [one for one in sessions if one.bytes > 3_000_000]
    assert [one for one in sessions if one.expiry_is_unreadable]
    assert [one for one in sessions if one.transcript and not one.transcript.resumable]
    reasons = [one.reason for one in sessions if one.status == "failed"]
    assert max(map(reasons.count, reasons)) >= 3
    assert len(set(reasons)) > 1
    assert [one.title for one in sessions if one.is_stray] == ["Orthodontic supply, Iberia"]
    (wiped,) = (one for one in sessions if one.overwritten)
    assert wiped.last_event is not None
    assert (wiped.last_event.operator, wiped.last_event.action) == ("bert", "extend")
    assert sum(bool(listing.problem) for listing in catalog.listings) == 2


def test_sessions_tell_what_they_are_about(root: Path) -> None:
    for session in look(root).sessions:
        if session.transcript and session.transcript.resumable:
            assert session.title
            assert session.model in ("claude-opus-5-5", "claude-sonnet-5-5")
            assert 0 < (session.cost_usd or 0) < 20
            assert session.last_activity_at is not None
            assert session.last_activity_at < NOW


def test_nothing_said_is_later_than_the_file(root: Path) -> None:
    for session in look(root).sessions:
        if session.transcript and session.transcript.resumable:
            stamp = f"{session.transcript.modified_at:%Y-%m-%dT%H:%M:%S}"
            assert f'"timestamp":"{stamp[:10]}' in session.transcript.path.read_text()
            lines = session.transcript.path.read_text().split('"timestamp":"')[1:]
            assert max(line[:19] for line in lines) <= stamp


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    root = tmp_path / "outputs"
    written = []
    for seed in ("sample", "sample", "another"):
        write_sample(root, NOW, seed=seed)
        written.append(contents(root))
        shutil.rmtree(root)
    assert written[0] == written[1]
    assert written[0] != written[2]


def test_the_guides_own_statements_read_it(root: Path) -> None:
    with closing(sqlite3.connect(root / "marlow_cartons" / "buyers.db")) as db:
        expired = db.execute(
            "SELECT session_id FROM claude_sessions WHERE expires_at < ? AND status = 'active'",
            (NOW.replace(tzinfo=None).isoformat(),),
        ).fetchall()
        counts = dict(db.execute("SELECT status, COUNT(*) FROM claude_sessions GROUP BY status"))
    assert len(expired) == 2
    assert counts == {"active": 3, "expired": 2}


def test_the_older_table_has_no_metadata(root: Path) -> None:
    with closing(sqlite3.connect(root / "redmayne_bakeries" / "buyers.db")) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(claude_sessions)")]
    assert columns[-1] == "status"


@pytest.mark.parametrize("fate", [Fate.LEAD, Fate.LARGE, Fate.FAILED])
def test_the_real_cli_resumes_it(tmp_path: Path, fate: Fate) -> None:
    sample = write_sample(tmp_path / "outputs", NOW)
    one = next(one for one in sample if one.part.fate is fate)
    assert one.transcript is not None
    before = read_facts(one.transcript)
    listing = tmp_path / "outputs" / one.listing_id
    with LoopbackApi(demo_scene(), search=found, speed=100) as api:
        question = "Who comes first?"
        answer = take_turn(
            api, config_dir_of(listing), listing, question, "--resume", one.session_id
        )
    asked = api.requests[0]
    assert answer.code == 0
    assert "I rank it" in answer.text
    assert asked.session_id == one.session_id
    assert len(asked.prompts) == 3
    assert asked.prompts[0].startswith(one.part.title)
    assert asked.prompt == question
    assert "You asked: \u201cWho comes first?\u201d" in one.transcript.read_text("utf-8")
    after = read_facts(one.transcript)
    assert (after.title, after.model) == (before.title, before.model)
    assert (after.cost_usd or 0) > (before.cost_usd or 0) > 0.1
