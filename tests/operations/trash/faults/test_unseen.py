"""A transcript that could not be looked for is not gone: no act assumes so, and it is reported."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hostile.read_errors import reads_fail
from tests.support.listings.sample_listing import FIRST, SampleListing, change_row, snapshot
from tui.core.errors import ConsoleError
from tui.core.models.session import Session
from tui.operations.cause import cause_of
from tui.operations.context import Context
from tui.operations.running.resume import plan_resume
from tui.operations.sessions.adopt import adopt
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import activate, fail, reapply
from tui.operations.trash.delete import delete
from tui.pipeline.manager import SessionManager

Act = Callable[[Context, Session], object]


def become(listing: SampleListing, status: str) -> None:
    change_row(listing, f"UPDATE claude_sessions SET status = '{status}'")  # noqa: S608 (a word)


def extended(context: Context, session: Session) -> object:
    return extend(context, plan_extension(session, "200d", context.clock()))


def resumed(context: Context, session: Session) -> object:
    return plan_resume(context, session)


ACTS: dict[str, tuple[str, Act]] = {
    "extend": ("active", extended),
    "extend an expired one": ("expired", extended),
    "activate": ("failed", activate),
    "fail": ("expired", fail),
    "reapply": ("active", reapply),
    "rename": ("active", lambda context, session: rename(context, session, "Pumps")),
    "resume": ("active", resumed),
    "adopt": ("active", lambda context, session: adopt(context, session, stage="stage_3")),
    "delete again": ("deleted", delete),
}


def facts(listing: SampleListing) -> dict[str, object]:
    """Return all files except traces of a held lock."""
    return {"row": listing.session(FIRST).row, "files": snapshot(listing.config_dir)}


@pytest.mark.parametrize("place", ["projects", "projects/-data-outputs"])
@pytest.mark.parametrize("name", ACTS)
def test_no_act_takes_what_cannot_be_read_for_gone(tmp_path: Path, name: str, place: str) -> None:
    status, act = ACTS[name]
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    become(listing, status)
    assert (listing.config_dir / place).is_dir()
    context = listing.context()
    before = facts(listing)
    with reads_fail(listing.config_dir / place, errno.EACCES):
        session = listing.session(FIRST)
        assert session.transcript is None
        if name == "reapply":
            session = _overwritten(session)
        with pytest.raises(ConsoleError, match="cannot tell whether"):
            act(context, session)
        assert "cannot tell whether" in cause_of(session)
    assert facts(listing) == before


def _overwritten(session: Session) -> Session:
    assert session.row is not None
    return replace(session, overwritten=replace(session.row, stage="stage_9"))


def test_what_is_really_gone_is_still_extended(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.track(FIRST)
    extended(listing.context(), listing.session(FIRST))
    until = listing.session(FIRST).expires_at
    assert until is not None
    assert (until - datetime.now(UTC)).days > 100


def test_a_pipeline_extends_nothing_that_it_cannot_look_for(tmp_path: Path) -> None:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    become(listing, "expired")
    before = snapshot(listing.folder)
    with (
        reads_fail(listing.config_dir / "projects", errno.EACCES),
        pytest.raises(ConsoleError, match="cannot be read"),
    ):
        asyncio.run(SessionManager(listing.folder).extend_session(FIRST))
    assert snapshot(listing.folder) == before
