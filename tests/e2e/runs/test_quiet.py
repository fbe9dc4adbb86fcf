"""A session whose agent writes is not quiet, whatever its transcript says of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.runs_site import Site, end, site_below, wait
from tui.core.models.session import Session
from tui.core.sessions.attention import is_quiet, last_sign
from tui.demo.api import LoopbackApi
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.runs.folder.protocol import read_partial
from tui.settings import Settings
from tui.storage.session_locks import SessionLock


@pytest.fixture
def site(tmp_path: Path, api: LoopbackApi) -> Iterator[Site]:
    with site_below(tmp_path, api) as site:
        yield site


def test_words_that_stream_in_are_a_sign_of_life(site: Site) -> None:
    """They are in no transcript until their message is whole: by it alone the session is quiet."""
    folder = site.start("LONG story")
    wait(lambda: read_partial(folder))
    settings = Settings(root=site.listing.parent, operator="anna", time_zone="UTC")
    watch, patience = (
        CatalogScanner(Context(settings, lambda: datetime.now(UTC))),
        timedelta(seconds=2),
    )

    def streaming() -> Session | None:
        found = next(iter(watch.look().sessions), None)
        return found if found is not None and words_since(found) > patience else None

    session = wait(streaming)
    written_at, sign = session.last_activity_at, last_sign(session)
    assert sign is not None
    assert sign - written_at > patience
    assert not is_quiet(session, sign + timedelta(seconds=1), patience)
    assert is_quiet(session, sign + 2 * patience, patience)
    assert session.run is not None
    silent = replace(session, run=replace(session.run, heard_at=None))
    assert is_quiet(silent, sign + timedelta(seconds=1), patience)
    end(folder)


def words_since(session: Session) -> timedelta:
    """Return for how long the agent has written since the transcript was."""
    run, written_at = session.run, session.last_activity_at
    if run is None or run.heard_at is None or written_at is None:
        return timedelta()
    return run.heard_at - max(written_at, run.started_at)


def test_what_a_sub_agent_writes_is_a_sign_of_life(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    path = listing.add(FIRST, age=timedelta(hours=3))
    aside = path.with_suffix("") / "subagents" / "agent-1.jsonl"
    aside.parent.mkdir(parents=True)
    aside.write_text("{}\n")
    watch = CatalogScanner(listing.context())
    with SessionLock.take(listing.folder, FIRST):
        (session,) = watch.look().sessions
        assert not is_quiet(session, datetime.now(UTC), timedelta(minutes=10))
        os.utime(aside, (1, 1))
        (session,) = watch.look().sessions
        assert is_quiet(session, datetime.now(UTC), timedelta(minutes=10))
        aside.write_text("{}\n" * 2)
        (session,) = watch.look().sessions
        assert not is_quiet(session, datetime.now(UTC), timedelta(minutes=10))
