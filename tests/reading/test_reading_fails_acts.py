"""What an act could not read is not nothing to do: it says so, and does nothing.

A session whose row is not known may have failed; one whose acknowledgement is not known may have
one; what runs left may be anything while they cannot be read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.busy_database import kept_busy
from tests.support.hostile.read_errors import ERRORS, reads_fail
from tests.support.listings.run_spec import run_spec
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tui import SessionManager
from tui.core.errors import ConsoleError, DatabaseProblem, Kind, UnknownId
from tui.core.models.session import Session
from tui.operations.context import Context
from tui.operations.running.resume import plan_resume
from tui.operations.sessions.acknowledge import acknowledge, snooze, take_back
from tui.operations.sessions.adopt import adopt
from tui.operations.sessions.extend import plan_extension
from tui.operations.sessions.row_edits import activate, fail, reapply
from tui.operations.trash.purge import purge
from tui.runs.folder.protocol import EVENTS, OWNER, SPEC, describe
from tui.runs.starting.launcher import make_folder
from tui.storage.state.acknowledgements import ACKS

Act = Callable[[Context, Session], object]
ACTS: dict[str, Act] = {
    "acknowledge": acknowledge,
    "snooze": lambda context, session: snooze(context, session, "4h"),
    "wake": lambda context, session: snooze(context, session, "off"),
    "extend": lambda context, session: plan_extension(session, "7d", context.clock()),
    "fail": fail,
    "activate": activate,
    "reapply": reapply,
    "adopt": adopt,
    "resume": plan_resume,
    "purge": lambda context, session: purge(context, session.session_id),
}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    """A session that an operator marked as failed, and another."""
    made = SampleListing(tmp_path / "root")
    made.add(FIRST)
    made.add(SECOND)
    fail(made.context(), made.session(FIRST), "no money")
    return made


@pytest.fixture
def busy(listing: SampleListing) -> Iterator[Session]:
    """The session as it is seen while its database is busy."""
    with kept_busy(listing.db_path):
        yield listing.session(FIRST)


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_what_a_busy_database_has_says_so(
    listing: SampleListing, busy: Session, act: str
) -> None:
    """Without it a failure needs no attention, and a tracked stray is tracked anew elsewhere."""
    with pytest.raises(DatabaseProblem, match=r"now: buyers\.db is locked") as refused:
        ACTS[act](listing.context(), busy)
    assert (refused.value.kind, refused.value.is_retryable) == (Kind.BUSY, True)


def test_the_verb_says_so_too(listing: SampleListing) -> None:
    with kept_busy(listing.db_path):
        done = run_cli(listing.root, "ack", FIRST)
    assert (done.returncode, "cannot be acknowledged now" in done.stderr) == (1, True)


@pytest.mark.parametrize("back", [take_back, ACTS["wake"]])
@ERRORS
def test_an_acknowledgement_that_cannot_be_read_is_not_none(
    listing: SampleListing, back: Act, number: int
) -> None:
    """Without it an operator is told that there is none, and it stays."""
    acknowledge(listing.context(), listing.session(FIRST))
    with reads_fail(listing.folder / ".session_console" / ACKS, number):
        unread = listing.session(FIRST)
        with pytest.raises(ConsoleError, match="acknowledgement cannot be"):
            back(listing.context(), unread)
    snooze(listing.context(), listing.session(FIRST), "4h")
    back(listing.context(), unread)
    assert listing.session(FIRST).ack is None


@pytest.mark.parametrize("place", [".session_console/runs", ".claude_sessions/projects"])
@ERRORS
async def test_what_was_left_is_not_nothing_while_it_cannot_be_read(
    listing: SampleListing, place: str, number: int
) -> None:
    """Without it a pipeline takes up nothing, and nobody goes on with what a crash left."""
    left_in_a_turn(listing)
    manager = SessionManager(listing.folder)
    assert [one.session_id for one in await manager.recover()] == [SECOND]
    with (
        reads_fail(listing.folder / place, number),
        pytest.raises(ConsoleError, match=os.strerror(number)),
    ):
        await manager.recover()


@ERRORS
async def test_a_root_whose_names_cannot_be_read_may_have_the_listing(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Without it a pipeline is told that nothing was left, and that its session does not exist."""
    real = os.scandir

    def scandir(path: Any = ".") -> Any:
        if not isinstance(path, int) and Path(path) == listing.root:
            raise OSError(number, os.strerror(number), str(path))
        return real(path)

    left_in_a_turn(listing)
    manager = SessionManager(listing.folder)
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ConsoleError, match=os.strerror(number)):
        await manager.recover()
    with pytest.raises(ConsoleError, match=os.strerror(number)) as unread:
        await manager.acknowledge(SECOND)
    assert not isinstance(unread.value, UnknownId)


@ERRORS
async def test_one_run_that_cannot_be_read_hides_no_other(
    listing: SampleListing, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    left_in_a_turn(listing)
    other = listing.folder / ".session_console" / "runs" / "20261122T071531Z-1f9c01"
    other.mkdir()
    (other / SPEC).write_text(json.dumps({"session_id": FIRST}))
    with reads_fail(other / SPEC, number):
        left = await SessionManager(listing.folder).recover()
    assert [one.session_id for one in left] == [SECOND]
    assert f"{os.strerror(number)}: what that hides is not among what was left" in caplog.text


def left_in_a_turn(listing: SampleListing) -> None:
    """Leave a run of another session whose process is gone in the middle of its turn."""
    spec = run_spec(listing.folder, listing.context().clock(), session_id=SECOND)
    run = make_folder(listing.folder, spec)
    (run / EVENTS).write_text('{"type": "init"}\n')
    (run / OWNER).write_text(json.dumps(describe(os.getpid()) | {"proc_start": "1"}))
