"""Databases damaged at random, the schema's words too: every one is a problem in words."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.errors import DatabaseProblem
from tui.storage.table.tracking import Tracking, read_events, read_table

_COUNT = 10_000
_HEADER = 100
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(scale: float) -> Mapping[str, Any]:
    """Read 10,000 damaged databases and write to those that can be read, at scale 1."""
    count = round(_COUNT * scale)
    with tempfile.TemporaryDirectory(prefix="session-console-torture-") as name:
        return {"databases": count, "read": use_damaged(Path(name), 0, count)}


def sound_database(folder: Path) -> bytes:
    """Return the bytes of a database as consoles and pipelines leave it: rows, audit, index."""
    listing = SampleListing(folder / "outputs")
    for one in (FIRST, SECOND):
        listing.add(one, metadata={"agent": {"model": "opus"}})
    tracking = Tracking(listing.db_path, UTC, "anna")
    for number in range(20):
        tracking.mark_failed(FIRST, now=_NOW, reason=f"API error {number}")
    with closing(sqlite3.connect(listing.db_path)) as connection:
        connection.execute("CREATE TABLE buyers (name TEXT, note TEXT DEFAULT 'none')")
        connection.executemany("INSERT INTO buyers (name) VALUES (?)", (("x" * 200,),) * 200)
        connection.commit()
    return listing.db_path.read_bytes()


def damaged(sound: bytes, number: int) -> bytes:
    """Return the bytes with some damage: another for each number, always the same."""
    chance, content = random.Random(number), bytearray(sound)  # noqa: S311 (a test's dice)
    for _ in range(chance.choice((1, 2, 5, 20))):
        # Half of all damage hits the header and the schema, where it confuses SQLite most.
        most = chance.choice((_HEADER, 4096, len(content), len(content)))
        at = chance.randrange(max(1, min(most, len(content))))
        size = chance.choice((1, 1, 2, 4, 16, 300))
        match chance.randrange(5):
            case 0:
                content[at : at + size] = chance.randbytes(size)
            case 1:
                content[at : at + size] = bytes(size)
            case 2:
                content[at : at + size] = b"\xff" * size
            case 3:
                other = chance.randrange(len(content))
                content[at : at + size] = content[other : other + size]
            case _:
                del content[at : at + size * chance.choice((1, 1, 64))]
    return bytes(content)


def use_damaged(folder: Path, first: int, count: int) -> int:
    """Read so many damaged databases, and write to them; return how many could be read.

    Of the others each said why not, and never by another error.
    """
    sound, could = sound_database(folder / "sound"), 0
    for number in range(first, first + count):
        path = folder / f"{number}" / "buyers.db"
        path.parent.mkdir()
        path.write_bytes(damaged(sound, number))
        try:
            read_table(path)
            read_events(path)
            could += 1
            Tracking(path, UTC, "anna").mark_failed(FIRST, now=_NOW, reason="API error")
        except DatabaseProblem as problem:
            said = str(problem)
        else:
            said = "buyers.db is sound"
        shutil.rmtree(path.parent)
        assert said.startswith("buyers.db "), (number, said)
        assert "codec" not in said, (number, said)
    return could
