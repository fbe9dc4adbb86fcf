"""A listing folder that becomes a link during an act: nothing is done behind it.

Whoever may write to the root can swap it between any two system calls. Some 15 moments of each act,
spread over its calls, are tried, each with and without the folder being put back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import (
    FIRST,
    SECOND,
    SampleListing,
    snapshot,
    with_footprint,
)
from tui.core.errors import ConsoleError
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.sessions.adopt import adopt
from tui.operations.sessions.extend import extend, plan_extension
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import fail
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete
from tui.operations.trash.purge import erase_many, old_trash, purge
from tui.operations.trash.restore import restore
from tui.operations.trash.undo import undo_last

_CALLS = (
    "open", "stat", "lstat", "scandir", "listdir", "mkdir", "rmdir", "rename", "replace", "unlink",
    "link", "symlink", "utime", "chmod",
)  # fmt: skip
_TRIES = 15
DAY = timedelta(days=1)


class Swap:
    """Puts a link to another folder in the place of a listing before one system call.

    It stays for `calls` of them.
    """

    def __init__(self, folder: Path, other: Path, at: int, calls: int) -> None:
        self.count = 0
        self._folder, self._other, self._aside = folder, other, folder.with_name("aside")
        self._at, self._back = at, at + calls
        self._rename, self._link, self._unlink = os.rename, os.symlink, os.unlink

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        for name in _CALLS:
            patch.setattr(os, name, self._counting(getattr(os, name)))
        patch.setattr(sqlite3, "connect", self._counting(sqlite3.connect))

    def _counting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == self._at:
                self._rename(self._folder, self._aside)
                self._link(self._other, self._folder)
            if self.count == self._back:
                self.undo()
            return real(*given, **named)

        return call

    def undo(self) -> None:
        if self._folder.is_symlink():
            self._unlink(self._folder)
            self._rename(self._aside, self._folder)


Act = Callable[[Context, Session], object]


def extended(context: Context, session: Session) -> object:
    return extend(context, plan_extension(session, "400d", context.clock()))


def acknowledged(context: Context, session: Session) -> object:
    fail(context, session)
    return acknowledge(context, find_session(CatalogScanner(context).look(), FIRST))


def cleaned(context: Context, session: Session) -> object:
    catalog = CatalogScanner(context).look()
    return clean_up(context, plan_cleanup(context, catalog, older_than=timedelta(0)))


ACTS: dict[str, Act] = {
    "extend": extended,
    "fail": fail,
    "rename": lambda context, session: rename(context, session, "Pumps"),
    "ack": acknowledged,
    "delete": delete,
    "cleanup": cleaned,
    "purge": lambda context, session: purge(context, FIRST),
}
LATER: dict[str, Act] = {
    "restore": lambda context, session: restore(context, FIRST),
    "undo": lambda context, session: undo_last(context),
    "purge-trash": lambda context, session: erase_many(context, old_trash(context)),
}


def swapped_at(work: Path, made: Path, act: Act, at: int, calls: int) -> tuple[int, Path]:
    """Act in a copy of a root while its listing is swapped; return the number of system calls."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(made, work, symlinks=True)
    listing, other = SampleListing(work / "outputs"), work / "elsewhere" / "hollis_park"
    shutil.copytree(listing.folder, other, symlinks=True)
    context = listing.context(trash_days=0, claude_home=work / "home" / ".claude")
    with suppress(ConsoleError):
        session = find_session(CatalogScanner(context).look(), FIRST)
    before = snapshot(other)
    swap = Swap(listing.folder, other, at, calls)
    with pytest.MonkeyPatch.context() as patch:
        swap.apply(patch)
        with suppress(ConsoleError, OSError):
            act(context, session)
        swap.undo()
    assert snapshot(other) == before, f"swapped before call {at} for {calls}"
    return swap.count, listing.folder


def try_all(work: Path, made: Path, act: Act) -> None:
    total, folder = swapped_at(work, made, act, 0, 0)
    assert snapshot(folder) != snapshot(made / "outputs" / "hollis_park")
    for at in range(1, total + 1, max(1, total // _TRIES)):
        for calls in (1, total):
            swapped_at(work, made, act, at, calls)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_does_nothing_behind_a_link(tmp_path: Path, name: str) -> None:
    with_footprint(tmp_path / "made" / "outputs")
    try_all(tmp_path / "work", tmp_path / "made", ACTS[name])


@pytest.mark.parametrize("name", LATER)
def test_nothing_is_taken_out_of_the_trash_behind_a_link(tmp_path: Path, name: str) -> None:
    listing = with_footprint(tmp_path / "made" / "outputs")
    past = Context(listing.context().settings, lambda: datetime.now(UTC) - DAY)
    delete(past, listing.session(FIRST))
    if name == "purge-trash":
        trash = listing.folder / ".session_console" / "trash"
        shutil.rmtree(trash, ignore_errors=True)
        (listing.root / ".session_console" / "trash").rename(trash)
    try_all(tmp_path / "work", tmp_path / "made", LATER[name])


def test_nothing_is_adopted_behind_a_link(tmp_path: Path) -> None:
    made = tmp_path / "made"
    listing = SampleListing(made / "outputs")
    listing.track(FIRST)
    listing.add(SECOND)
    stray = made / "home" / ".claude" / "projects" / "-app" / f"{FIRST}.jsonl"
    stray.parent.mkdir(parents=True)
    written = listing.write_transcript(FIRST, "Hello")
    written.rename(stray)
    try_all(tmp_path / "work", made, adopt)
