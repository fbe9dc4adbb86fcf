"""A root for one test: listings by the guide's statements, transcripts as the CLI writes them."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.listings import guide_statements as guide
from tests.support.processes.forked_cli import KEPT, run_verb
from tui.core.models.session import Session
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import Context
from tui.safe_io.processes import own_domain, started
from tui.settings import Settings

FIRST = "9f2c0000-1111-4222-8333-444455556666"
SECOND = "9f2d0000-1111-4222-8333-444455556666"
THIRD = "9f2e0000-1111-4222-8333-444455556666"
_SEEN = 64 * 1024 * 1024  # of a larger, sparse file: its start and its size


@dataclass(frozen=True)
class SampleListing:
    """One listing below `root`; its pipeline writes naive times in this machine's zone."""

    root: Path
    listing_id: str = "hollis_park"

    @property
    def folder(self) -> Path:
        return self.root / self.listing_id

    @property
    def db_path(self) -> Path:
        return self.folder / "buyers.db"

    @property
    def config_dir(self) -> Path:
        return self.folder / ".claude_sessions"

    def transcript_path(self, session_id: str) -> Path:
        return self.config_dir / "projects" / "-data-outputs" / f"{session_id}.jsonl"

    def track(
        self,
        session_id: str,
        *,
        stage: str = "stage_3",
        days: float = 7,
        age: timedelta = timedelta(hours=1),
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Track a session that was created `age` ago and lasts `days` from then."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now() - age  # noqa: DTZ005 (the guide writes naive local times)
        write = guide.track_session(
            self.db_path, session_id, stage, self.listing_id, metadata, now=now, max_age_days=days
        )
        asyncio.run(guide.init_table(self.db_path))
        asyncio.run(write)

    def write_transcript(
        self,
        session_id: str,
        *texts: str,
        prompt: str = "Strategic buyers, pumps",
        age: timedelta = timedelta(hours=1),
    ) -> Path:
        """Write a conversation whose last entry is `age` old."""
        path = self.transcript_path(session_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        moment = datetime.now(UTC) - age
        lines = [user_line(prompt, moment), *(text_line(text, moment) for text in texts)]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        os.utime(path, (moment.timestamp(), moment.timestamp()))
        return path

    def add(self, session_id: str, **track: Any) -> Path:
        """Track a session and give it a transcript."""
        self.track(session_id, **track)
        return self.write_transcript(session_id, "Let me look.")

    def context(self, **settings: Any) -> Context:
        base = Settings(root=self.root, operator="anna", time_zone="local")
        return Context(replace(base, **settings), lambda: datetime.now(UTC))

    def session(self, words: str) -> Session:
        return find_session(CatalogScanner(self.context()).look(), words)


def of_three(root: Path) -> SampleListing:
    """Return a listing of three sessions, each with a transcript and nine days left."""
    listing = SampleListing(root)
    for session_id in (FIRST, SECOND, THIRD):
        listing.add(session_id, days=9)
    return listing


def with_footprint(root: Path) -> SampleListing:
    """Return a listing of two sessions; the first has files in every place, and a run."""
    listing = SampleListing(root)
    listing.add(FIRST, metadata={"workers": 8})
    listing.add(SECOND)
    project = listing.transcript_path(FIRST).parent
    run = listing.folder / ".session_console" / "runs" / "20261120T143000Z-0001"
    files = {
        project / FIRST / "subagents" / "agent-1.jsonl": "{}\n",
        listing.config_dir / "file-history" / FIRST / "v1": "old",
        listing.config_dir / "debug" / f"{FIRST}.txt": "debug",
        listing.config_dir / "todos" / f"{FIRST}-agent-{FIRST}.json": "[]",
        run / "spec.json": json.dumps({"session_id": FIRST}),
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o640)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return listing


def register(config_dir: Path, session_id: str = FIRST, **changes: object) -> Path:
    """Enter this process in the live registry as a CLI that runs a session.

    `changes` override what the entry says.
    """
    pid = os.getpid()
    entry: dict[str, object] = {"pid": pid, "sessionId": session_id, "procStart": started(pid)}
    entry |= {"pidDomain": own_domain()} | changes
    path = config_dir / "sessions" / f"{entry['pid']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry))
    return path


def content_of(listing: SampleListing) -> dict[str, tuple[int, int, bytes]]:
    """Return every file of the agents, and the sessions' own folders."""
    return {
        name: facts
        for name, facts in snapshot(listing.folder).items()
        if "locks" not in name and (FIRST in name or SECOND in name or "runs/" in name)
    }


def change_row(listing: SampleListing, sql: str) -> None:
    """Write to the database as the pipeline does, through a connection of its own."""
    with closing(sqlite3.connect(listing.db_path, isolation_level=None)) as pipeline:
        pipeline.execute(sql)


def user_line(text: str, moment: datetime) -> dict[str, Any]:
    """Return the transcript line of a person's prompt."""
    message = {"role": "user", "content": text}
    return {"type": "user", "uuid": "u1", "timestamp": stamp(moment), "message": message}


def text_line(text: str, moment: datetime) -> dict[str, Any]:
    """Return the transcript line of the agent's text."""
    message = {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}],
    }
    return {"type": "assistant", "uuid": "a1", "timestamp": stamp(moment), "message": message}


def stamp(moment: datetime) -> str:
    """Return a time as the CLI writes it in its lines."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return every path below a folder with its mode, mtime and bytes."""
    paths = [folder, *sorted(folder.rglob("*"))]
    return {str(path.relative_to(folder)): _facts(path) for path in paths}


def _facts(path: Path) -> tuple[int, int, bytes]:
    status = path.lstat()
    if path.is_symlink():
        return status.st_mode, 0, os.fsencode(path.readlink())
    content = b""
    if path.is_file():
        with path.open("rb") as file:
            content = file.read(_SEEN) + f"{status.st_size}".encode() * (status.st_size > _SEEN)
    return status.st_mode, status.st_mtime_ns, content


def run_cli(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as a process of its own."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    kept |= {"HOME": str(root.parent / "home"), "SESSION_CONSOLE_CONFIG": "/dev/null"}
    return run_verb(["--root", str(root), *words], kept | environment)
