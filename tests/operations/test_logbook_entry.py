"""An act that cannot be logged is reported: here the logbook is a folder, unwritable to root."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.__main__ import main
from tui.core.errors import ConsoleError
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.running.command_record import record_command
from tui.operations.running.hold import set_hold
from tui.operations.running.resume import record_take_over
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.adopt import adopt
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import fail
from tui.operations.target import Target
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import erase_many, purge
from tui.runs.folder.command import Command
from tui.storage.trash.trash import list_trash

Act = Callable[[Context, Session], str]


def acknowledged(context: Context, session: Session) -> str:
    fail(context, session)
    return acknowledge(context, find_session(CatalogScanner(context).look(), FIRST)).words


def erased(context: Context, session: Session) -> str:
    delete(context, session)
    return erase_many(context, list_trash(context.root)).words


def lifted(context: Context, _: Session) -> str:
    words = set_hold(context, True).words
    assert "not logged" in words
    return set_hold(context, False).words


def adopted(context: Context, session: Session) -> str:
    home = context.settings.claude_home
    assert home is not None
    assert session.transcript is not None
    stray = home / "projects" / "-app" / session.transcript.path.name
    stray.parent.mkdir(parents=True)
    session.transcript.path.rename(stray)
    return adopt(context, find_session(CatalogScanner(context).look(), FIRST)).words


def sent(context: Context, session: Session) -> str:
    """Its listing has no database that could take it."""
    session.folder.joinpath("buyers.db").unlink()
    return record_command(
        context, session, Command("prompt", at=context.clock(), by="anna", text="Go")
    )


ACTS: dict[str, Act] = {
    "rename": lambda context, session: rename(context, session, "Pumps").words,
    "lift": lifted,
    "ack": acknowledged,
    "adopt": adopted,
    "purge": lambda context, session: purge(context, session.session_id).words,
    "purge-trash": erased,
    "send": sent,
}


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    listing.add(SECOND)
    (listing.root / ".session_console" / "log.jsonl").mkdir(parents=True)
    return listing


def test_a_clean_up_says_what_was_not_written_down(listing: SampleListing) -> None:
    context = listing.context(trash_days=0)
    delete(context, listing.session(FIRST))
    plan = plan_cleanup(context, CatalogScanner(context).look(), purges_trash=True)
    assert "not logged" in clean_up(context, plan).words


@pytest.mark.parametrize("name", ACTS)
def test_what_is_not_written_down_is_said(listing: SampleListing, name: str) -> None:
    context = listing.context(claude_home=listing.root.parent / "home" / ".claude")
    said = ACTS[name](context, listing.session(FIRST))
    assert "not logged: log.jsonl: Is a directory" in said


def test_nobody_takes_over_without_a_trace(listing: SampleListing) -> None:
    target = Target(FIRST, listing.folder)
    context = listing.context()
    with pytest.raises(ConsoleError, match="not logged"):
        record_take_over(context, target, "hollis_park", "another host")


def test_a_vanished_listing_is_not_forgotten_for_all_when_nobody_can_be_told(
    listing: SampleListing, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(listing.root.parent / "state"))
    root = ["--root", str(listing.root)]
    main([*root, "ls"])
    shutil.rmtree(listing.folder)
    main([*root, "ls"])
    capsys.readouterr()
    assert main([*root, "ack", listing.listing_id]) == 0
    said = capsys.readouterr().out
    assert "for you alone" in said
    assert "not logged: log.jsonl: Is a directory" in said
