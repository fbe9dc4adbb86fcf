"""The catalog: a root of 1,000 databases and 10,000 sessions, against the same reading done bare.

The floor opens each database, asks for an audit, takes every row, lists each folder that a look
must list, and asks for the status of every file. Floor and look take turns, since a machine's pace
changes, and their CPU is compared, which others that use the machine change less. The SDK's listing
and ours run over a smaller root whose transcripts have a usual size.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tests.bench._figures import Measured, ratio
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.safe_io.folder_watch import FolderWatch
from tui.settings import Settings

LISTINGS, SESSIONS = 1000, 10
_SDK_LISTINGS, _USUAL_BYTES = 100, 200_000
_ROUNDS = 5
_HAS_AUDIT = "SELECT 1 FROM sqlite_master WHERE name = 'claude_session_events'"
_CREATE = """CREATE TABLE claude_sessions (session_id TEXT PRIMARY KEY, listing_id TEXT NOT NULL,
    stage TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT NOT NULL,
    status TEXT DEFAULT 'active', metadata TEXT)"""


def measure() -> list[Measured]:
    """Return every measurement of this file."""
    with sample_root() as root:
        return [*_against_bare(root), *_idle(root), _against_sdk()]


@contextmanager
def sample_root(
    listings: int = LISTINGS, sessions: int = SESSIONS, *, more_bytes: int = 0
) -> Iterator[Path]:
    """Make a root of so many listings with so many sessions each, in memory where there is one."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="session-console-bench-", dir=base) as name:
        root = Path(name) / "outputs"
        root.mkdir()
        build_root(root, listings, sessions, more_bytes)
        yield root


def build_root(root: Path, listings: int, sessions: int, more_bytes: int = 0) -> None:
    """Fill a root: databases that are copies of one, sessions of an hour ago with a few lines."""
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(sessions)]
    template = root.parent / "template.db"
    _make_database(template, ids)
    content, rested = template.read_bytes(), time.time() - 3600
    for number in range(listings):
        folder = root / f"listing_{number:04}"
        project = folder / ".claude_sessions" / "projects" / "-data-outputs"
        project.mkdir(parents=True)
        (folder / ".claude_sessions" / "sessions").mkdir()
        (folder / "buyers.db").write_bytes(content)
        for session_id in ids:
            path = project / f"{session_id}.jsonl"
            path.write_bytes(_conversation(number, session_id, more_bytes))
            os.utime(path, (rested, rested))


def _make_database(path: Path, ids: list[str]) -> None:
    made = datetime.now() - timedelta(days=1)  # noqa: DTZ005 (the guide writes naive local times)
    times = made.isoformat(), (made + timedelta(days=7)).isoformat()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_CREATE)
        connection.executemany(
            "INSERT INTO claude_sessions VALUES (?, 'listing', 'stage_3', ?, ?, 'active', NULL)",
            [(session_id, *times) for session_id in ids],
        )
        connection.commit()


def _conversation(number: int, session_id: str, more_bytes: int) -> bytes:
    at = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    shared = {"sessionId": session_id, "cwd": "/data/outputs", "timestamp": at}
    question = {"role": "user", "content": f"Find the buyers of listing {number}"}
    answer = {"role": "assistant", "model": "claude-sonnet-4-5", "content": []}
    lines = (
        {"type": "user", "uuid": "u1", "message": question} | shared,
        {"type": "assistant", "uuid": "a1", "message": answer} | shared,
        {"type": "cost-state", "totalCostUSD": 0.25},
    )
    first, answered, last = (f"{json.dumps(line)}\n" for line in lines)
    return f"{first}{answered * (1 + more_bytes // len(answered))}{last}".encode()


def _against_bare(root: Path) -> Iterator[Measured]:
    context = context_of(root)
    for name, is_warm, goal in (("cold", False, 3.0), ("warm", True, 1.3)):
        before = _Before(context, is_warm=is_warm)
        seconds, floor = _best(
            lambda: CatalogScanner(context).look(), lambda: _read_bare(root), before
        )
        size = f"{LISTINGS} databases, {LISTINGS * SESSIONS} sessions"
        yield ratio(f"first look, {size}, {name}", seconds, floor, goal)


def _idle(root: Path) -> Iterator[Measured]:
    """Return the CPU of a look when nothing changed: the mean of a console's minute.

    The floor asks for the status of each database and its write-ahead log.
    """
    size = f"{LISTINGS} databases, {LISTINGS * SESSIONS} sessions"
    for name, watch in (("", FolderWatch()), (", not watched", None)):
        moments = (datetime.now(UTC) + timedelta(seconds=second) for second in range(10**6))
        context = Context(context_of(root).settings, moments.__next__)
        scanner = CatalogScanner(context, watch=watch)
        for _ in range(12):
            scanner.look()
        turns = [
            (_cpu_s(scanner.look, 60), _cpu_s(partial(_stat_databases, root), 5)) for _ in range(3)
        ]
        ours, floor = (min(some) for some in zip(*turns, strict=True))
        yield ratio(f"a look when nothing changed{name}, {size}", ours, floor, 2.0)


def _cpu_s(act: Callable[[], object], times: int) -> float:
    """Return the CPU that this process uses for an act, in seconds."""
    begun = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - begun) / times


def _stat_databases(root: Path) -> None:
    for number in range(LISTINGS):
        for ending in ("", "-wal"):
            with suppress(OSError):
                os.stat(f"{root}/listing_{number:04}/buyers.db{ending}")  # noqa: PTH116 (as bare as can be)


def _against_sdk() -> Measured:
    """Return how much longer the SDK's `list_sessions` takes than a warm look."""
    code = """
import os, sys, time
from claude_agent_sdk import list_sessions
count, best = 0, 9e9
for _ in range(3):
    begun = time.process_time()
    for config_dir in sys.argv[1:]:
        os.environ["CLAUDE_CONFIG_DIR"] = config_dir
        count += len(list_sessions())
    best = min(best, time.process_time() - begun)
print(count // 3, best)
"""
    with sample_root(_SDK_LISTINGS, SESSIONS, more_bytes=_USUAL_BYTES) as root:
        context = context_of(root)
        before = _Before(context, is_warm=True)
        ours, _ = _best(lambda: CatalogScanner(context).look(), lambda: None, before)
        dirs = [str(one / ".claude_sessions") for one in root.iterdir()]
        command = [sys.executable, "-c", code, *dirs]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if int(said[0]) != _SDK_LISTINGS * SESSIONS:
        raise AssertionError(f"the SDK listed {said[0]} sessions")
    size = f"{_SDK_LISTINGS * SESSIONS} sessions of {_USUAL_BYTES // 1000} kB"
    name = f"the SDK's list_sessions, {_SDK_LISTINGS} config dirs, {size}"
    return ratio(name, float(said[1]), ours, 20.0) | {"is_least": True}


def context_of(root: Path) -> Context:
    """Return how a console of that root works."""
    settings = Settings(root=root, operator="bench", cache_dir=root.parent / "cache")
    return Context(settings, lambda: datetime.now(UTC))


class _Before:
    """Makes the cache what a measurement wants it to be."""

    def __init__(self, context: Context, *, is_warm: bool) -> None:
        self._context = context
        self._is_warm = is_warm
        if is_warm:
            CatalogScanner(context).look()

    def __call__(self) -> None:
        if not self._is_warm and self._context.settings.cache_dir is not None:
            shutil.rmtree(self._context.settings.cache_dir, ignore_errors=True)


def _best(
    act: Callable[[], object], floor: Callable[[], object], before: Callable[[], None]
) -> tuple[float, float]:
    """Return the least CPU of a few rounds of both, in seconds."""
    times: list[tuple[float, float]] = []
    for _ in range(_ROUNDS):
        before()
        times.append((_seconds(act), _seconds(floor)))
    return min(one for one, _ in times), min(other for _, other in times)


def _seconds(act: Callable[[], object]) -> float:
    gc.collect()
    return _cpu_s(act, 1)


def _read_bare(root: Path) -> int:
    """Read what a look must read, and do nothing with it."""
    count = 0
    for listing in os.scandir(root):
        uri = f"file:{listing.path}/buyers.db?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0.25)) as connection:
            connection.execute("PRAGMA query_only = ON")
            if not connection.execute(_HAS_AUDIT).fetchall():
                count += len(connection.execute("SELECT * FROM claude_sessions").fetchall())
        for config in os.scandir(f"{listing.path}/.claude_sessions"):
            entries = list(os.scandir(config.path))
            if config.name == "projects":
                count += sum(_stat_all(project.path) for project in entries)
        for place in ("buyers.db-wal", ".claude_sessions/settings.json", ".session_console"):
            with suppress(OSError):
                os.stat(f"{listing.path}/{place}")  # noqa: PTH116 (the floor is bare)
    return count


def _stat_all(folder: str) -> int:
    return sum(entry.stat(follow_symlinks=False).st_size > 0 for entry in os.scandir(folder))
