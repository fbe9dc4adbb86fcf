"""Hostile ids, and links in every place: no act reads, moves or erases anything outside."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, snapshot
from tui.claude.config_dir import footprints
from tui.claude.session_id import is_session_id
from tui.core.errors import ConsoleError, UnknownId
from tui.core.models.row import Row
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.delete import delete_many
from tui.operations.trash.interrupted_moves import unfinished
from tui.operations.trash.purge import erase_many, old_trash, plan_purge, purge
from tui.operations.trash.restore import find_trashed, restore, restore_many
from tui.operations.trash.trash_list import preview, trash_of
from tui.storage.trash.trash import list_trash

_MANY = 10_000
_PARTS = (
    *("..", ".", "/", "//", "\\", "\0", "\n", "~", "$HOME", "%2e%2e", "*", "a", "9f2c", "-", "_"),
    *("outside", "precious", FIRST, SECOND, "projects", "trash", "\u202e", "\x1b[2J", "é", " "),
)
_WATCHED: list[tuple[Path, list[str]]] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Record every file of the watched folder that this process opens, lists, moves or removes."""
    if not _WATCHED or not (event == "open" or event.startswith(("os.", "shutil.", "sqlite3."))):
        return
    folder, seen = _WATCHED[-1]
    for one in arguments[:2]:
        if isinstance(one, str | bytes | os.PathLike):
            path = os.path.realpath(os.path.dirname(os.fsdecode(one)))  # noqa: PTH120 (any bytes)
            if Path(path).is_relative_to(folder):
                seen.append(f"{event} {one!r}")


@cache
def _watching() -> None:
    """Start to watch, only in processes that need it: a hook cannot be removed."""
    sys.addaudithook(_watch)


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Require that nothing in the folder is opened, listed or changed in the meantime."""
    _watching()
    before, seen = snapshot(folder), list[str]()
    _WATCHED.append((folder, seen))
    try:
        yield
    finally:
        _WATCHED.pop()
    assert seen == []
    assert snapshot(folder) == before


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    for session_id in (FIRST, SECOND):
        listing.add(session_id, days=-1)
        run = listing.folder / ".session_console" / "runs" / f"20261120T143000Z-{session_id[:4]}"
        beside = listing.transcript_path(session_id).with_suffix("") / "agent-1.jsonl"
        debug = listing.config_dir / "debug" / f"{session_id}.txt"
        todo = listing.config_dir / "todos" / f"{session_id}-agent-1.json"
        history = listing.config_dir / "file-history" / session_id / "v1"
        for path in (beside, debug, todo, history, run / "spec.json"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'{{"session_id": "{session_id}"}}')
    (listing.config_dir / "history.jsonl").write_text(f'{{"sessionId": "{FIRST}"}}\n')
    (listing.folder / ".session_console" / "locks").mkdir()
    return listing


def hostile_ids(count: int) -> list[str]:
    chance = random.Random(5)  # noqa: S311 (a test's dice)
    made = ("".join(chance.choices(_PARTS, k=chance.randint(1, 6))) for _ in range(count))
    return [one for one in made if one not in (FIRST, SECOND)]


def act_on_all(context: Context) -> None:
    """Run every act that moves or erases on every session."""
    for only in (None, "hollis_park"):
        catalog = CatalogScanner(context).look(only)
        with suppress(ConsoleError):
            clean_up(context, plan_cleanup(context, catalog))
        delete_many(context, catalog.sessions)
        unfinished(context.root, catalog.listings)
        for one in trash_of(context):
            preview(context, one.trashed.trash_id)
        restore_many(context, list_trash(context.root))
    for words in (FIRST, SECOND):
        with suppress(ConsoleError):
            purge(context, words)
    erase_many(context, old_trash(context))


def test_no_hostile_id_leads_anywhere(listing: SampleListing, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(listing.folder, outside)
    ids = hostile_ids(_MANY)
    context, session = listing.context(), listing.session(FIRST)
    before = snapshot(listing.config_dir)
    assert session.row is not None
    with untouched(outside):
        found = footprints(listing.config_dir, ids)
        assert {path for paths in found.values() for path in paths} == set()
        bad = [one for one in ids if not is_session_id(one)]
        assert len(bad) > _MANY / 2
        disguised = [
            replace(session, session_id=one, row=replace(session.row, session_id=one))
            for one in bad
        ]
        done = delete_many(context, disguised)
        assert done.acts == ()
        assert all(isinstance(error, UnknownId) for _, error in done.refused)
        for one in bad[::50]:
            for act in (find_trashed, restore, preview, plan_purge, purge):
                with pytest.raises(UnknownId):
                    act(context, one)
    assert snapshot(listing.config_dir) == before


def test_a_table_full_of_hostile_ids_cleans_up_nothing_but_its_own(
    listing: SampleListing, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(listing.folder, outside)
    (kept,) = (row for row in [listing.session(FIRST).row] if row)
    rows = [replace(kept, session_id=one) for one in dict.fromkeys(hostile_ids(500))]
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        sql = "INSERT INTO claude_sessions VALUES (?, ?, ?, ?, ?, ?, ?)"
        pipeline.executemany(sql, [_values(row) for row in rows])
        pipeline.commit()
    context = listing.context()
    with untouched(outside):
        done = clean_up(context, plan_cleanup(context, CatalogScanner(context).look()))
    taken = {act.session_id for act in done.acts}
    assert {FIRST, SECOND} <= taken
    assert taken <= {FIRST, SECOND} | {
        row.session_id for row in rows if is_session_id(row.session_id)
    }


def _values(row: Row) -> list[str | None]:
    return [getattr(row, name) for name in row.__slots__]


PLACES = [
    "",
    "buyers.db",
    ".claude_sessions",
    ".claude_sessions/projects",
    ".claude_sessions/projects/-data-outputs",
    f".claude_sessions/projects/-data-outputs/{FIRST}.jsonl",
    f".claude_sessions/projects/-data-outputs/{FIRST}",
    ".claude_sessions/history.jsonl",
    ".claude_sessions/file-history",
    f".claude_sessions/file-history/{FIRST}",
    ".claude_sessions/debug",
    f".claude_sessions/debug/{FIRST}.txt",
    ".claude_sessions/todos",
    ".session_console",
    ".session_console/runs",
    f".session_console/runs/20261120T143000Z-{FIRST[:4]}",
    ".session_console/locks",
]


@pytest.mark.parametrize("place", PLACES)
def test_no_link_is_followed_wherever_it_is(
    listing: SampleListing, tmp_path: Path, place: str
) -> None:
    """The target belongs to somebody else, and erasing through the link would empty it."""
    outside = tmp_path / "outside"
    shutil.copytree(listing.folder, outside)
    linked = listing.folder / place if place else listing.folder
    shutil.rmtree(linked) if linked.is_dir() else linked.unlink()
    linked.symlink_to(outside / place if place else outside)
    with untouched(outside):
        act_on_all(listing.context())


@pytest.mark.parametrize("place", ["", "trash"])
def test_a_trash_behind_a_link_is_neither_filled_nor_emptied(
    listing: SampleListing, tmp_path: Path, place: str
) -> None:
    context, outside = listing.context(), tmp_path / "outside"
    delete_many(context, [listing.session(FIRST)])
    ours = listing.root / ".session_console" / place
    ours.rename(outside)
    ours.symlink_to(outside)
    with untouched(outside):
        act_on_all(context)
    assert listing.transcript_path(SECOND).exists() or not list_trash(listing.root)
