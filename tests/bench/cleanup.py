"""Clean-up and its undo: 10,000 expired sessions of 500 listings, against the least there is.

The floor renames each transcript and commits once a listing, and so it does back; it takes no
lock, proves nothing, writes no manifest and no audit. Both run on the disk of temporary files.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from tests.bench._figures import Measured, ratio
from tests.bench.catalog import build_root
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.operations.trash.cleanup import clean_up, plan_cleanup
from tui.operations.trash.restore import restore_many
from tui.settings import Settings
from tui.storage.trash.trash import list_trash

LISTINGS, SESSIONS = 500, 20
_ROUNDS = 3
_GOAL = 2.5
_LATER = timedelta(days=30)


def measure(listings: int = LISTINGS, sessions: int = SESSIONS) -> list[Measured]:
    """Return every measurement of this file: the best of some rounds, each on a fresh root."""
    rounds = [_round(listings, sessions) for _ in range(_ROUNDS)]
    floor, back, seconds, planned, undone = (min(times) for times in zip(*rounds, strict=True))
    total = f"{listings * sessions:,} sessions, {listings} listings"
    return [
        ratio(f"clean-up of {total}", seconds, floor, _GOAL),
        {"name": f"preview of a clean-up of {total}", "seconds": planned},
        ratio(f"undo of a clean-up of {total}", undone, back, _GOAL),
    ]


def _round(listings: int, sessions: int) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory(prefix="session-console-bench-") as name:
        bare, ours = (_built(Path(name) / kind, listings, sessions) for kind in ("bare", "ours"))
        os.sync()
        floor = _seconds(lambda: _bare(bare))
        os.sync()
        back = _seconds(lambda: _bare_undo(bare))
        os.sync()
        return floor, back, *_ours(ours, listings * sessions)


def _built(base: Path, listings: int, sessions: int) -> Path:
    root = base / "outputs"
    root.mkdir(parents=True)
    build_root(root, listings, sessions)
    return root


def _ours(root: Path, total: int) -> tuple[float, float, float]:
    now = datetime.now(UTC) + _LATER
    context = Context(Settings(root=root, operator="bench", time_zone="local"), lambda: now)
    catalog = CatalogScanner(context).look()
    started = time.perf_counter()
    plan = plan_cleanup(context, catalog, is_expired=True)
    planned = time.perf_counter() - started
    started = time.perf_counter()
    done = clean_up(context, plan)
    seconds = time.perf_counter() - started
    if len(done.acts) != total:
        raise AssertionError(done.words)
    started = time.perf_counter()
    restore_many(context, list_trash(root))
    return seconds, planned, time.perf_counter() - started


def _bare(root: Path) -> None:
    trash = root / "trash"
    trash.mkdir()
    for listing in sorted(root.glob("listing_*")):
        for path in sorted(listing.glob(".claude_sessions/projects/*/*.jsonl")):
            path.rename(trash / f"{listing.name}-{path.name}")
        _commit(listing, "expired")


def _bare_undo(root: Path) -> None:
    paths = sorted((root / "trash").iterdir())
    for name, moved in groupby(paths, lambda path: path.name.partition("-")[0]):
        listing = root / name
        (project,) = listing.glob(".claude_sessions/projects/*")
        for path in moved:
            path.rename(project / path.name.removeprefix(f"{name}-"))
        _commit(listing, "active")


def _commit(listing: Path, status: str) -> None:
    with closing(sqlite3.connect(listing / "buyers.db")) as connection:
        connection.execute("UPDATE claude_sessions SET status = ?", [status])
        connection.commit()


def _seconds(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
