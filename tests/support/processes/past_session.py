"""A session that a real agent finished: run once per process, and copied where a test needs it.

For tests of what comes after; the run itself is tested in `tests/e2e/runs/test_runs.py`.
"""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.processes.runs_site import SCENES, Site, over, site_below
from tui.demo.api import LoopbackApi
from tui.runs.folder.protocol import new_run_id

BEGINNING = "ECHO this is the beginning"
_TABLES = ("claude_sessions", "claude_session_events")


@dataclass(frozen=True)
class _Past:
    """What a run left in a listing: files with their modes, rows, and the names in all of it."""

    files: dict[str, tuple[int, bytes | None]]
    schema: list[str]
    rows: dict[str, list[dict[str, Any]]]
    names: tuple[str, str, str, str]


def past(site: Site, prompt: str = BEGINNING) -> str:
    """Put a finished session that began with `prompt` into a listing, and return its id."""
    made, session_id = _made(prompt), str(uuid.uuid4())
    new = _names(site.listing, session_id, new_run_id(datetime.now(UTC)))

    def renamed(text: str) -> str:
        for old, name in zip(made.names, new, strict=True):
            text = text.replace(old, name)
        return text.replace("msg_0", "msg_9")  # the test's own API starts counting again

    for name, (mode, content) in made.files.items():
        path = site.listing / renamed(name)
        if content is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.write_bytes(renamed(content.decode()).encode())
        path.chmod(mode & 0o777)
    with closing(sqlite3.connect(site.listing / "buyers.db")) as database, database:
        for statement in made.schema:
            database.execute(statement)
        _insert(database, made, renamed)
    return session_id


def _insert(database: sqlite3.Connection, made: _Past, renamed: Callable[[str], str]) -> None:
    for table, rows in made.rows.items():
        for row in rows:
            given = [renamed(one) if isinstance(one, str) else one for one in row.values()]
            columns, marks = ", ".join(row), ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", given)  # noqa: S608


@cache
def _made(prompt: str) -> _Past:
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackApi(SCENES) as api,
        site_below(Path(folder), api) as site,
    ):
        run = over(site.start(prompt))
        assert run.state == "done", run.error
        with closing(sqlite3.connect(site.listing / "buyers.db")) as database:
            database.row_factory = sqlite3.Row
            named = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
            schema = [
                re.sub("^CREATE (TABLE|INDEX)", r"CREATE \1 IF NOT EXISTS", one["sql"])
                for one in database.execute(named)
            ]
            rows = {table: _rows(database, table) for table in _TABLES}
        names = _names(site.listing, run.session_id, run.folder.name)
        return _Past(dict(_files(site.listing)), schema, rows, names)


def _names(listing: Path, session_id: str, run_id: str) -> tuple[str, str, str, str]:
    """Return the names that differ between two sessions' files, also as the CLI writes them."""
    return str(listing), re.sub("[^A-Za-z0-9]", "-", str(listing)), session_id, run_id


def _rows(database: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    rows = map(dict, database.execute(f"SELECT * FROM {table}"))  # noqa: S608
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


def _files(listing: Path) -> list[tuple[str, tuple[int, bytes | None]]]:
    """Return the folders, parents first, and all files except the database."""
    paths = (Path(at) for at, _, _ in os.walk(listing))
    found = [path for one in paths for path in (one, *sorted(one.iterdir()))]
    return [
        (str(path.relative_to(listing)), (path.stat().st_mode, _content(path)))
        for path in found
        if not path.name.startswith("buyers.db")
    ]


def _content(path: Path) -> bytes | None:
    return None if path.is_dir() else path.read_bytes()
