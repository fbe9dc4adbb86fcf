"""Writes the sample root: a dozen listings with sessions in every state, always the same."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.layout import transcript_path
from tui.core.values import dataclass
from tui.demo.cast import CLIENTS, CastListing, CastSession, DatabaseKind, Fate, hours
from tui.demo.conversation import Conversation
from tui.demo.story import INDUSTRIES, Industry, Storyteller, seeded
from tui.storage.table.tracking import Tracking

_COLUMNS = """
    session_id TEXT PRIMARY KEY,
    listing_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    status TEXT DEFAULT 'active'"""
_TABLE = f"CREATE TABLE IF NOT EXISTS claude_sessions ({_COLUMNS},\n    metadata TEXT\n)"
_OLDER_TABLE = f"CREATE TABLE IF NOT EXISTS claude_sessions ({_COLUMNS}\n)"
_TRACK = """INSERT OR REPLACE INTO claude_sessions
    (session_id, listing_id, stage, created_at, expires_at, metadata)
    VALUES (?, ?, ?, ?, ?, ?)"""
_OLDER_TRACK = """INSERT INTO claude_sessions
    (session_id, listing_id, stage, created_at, expires_at)
    VALUES (?, ?, ?, ?, ?)"""
_MARK = "UPDATE claude_sessions SET status = ? WHERE session_id = ?"

_TITLES = {
    1: ("Company profile", "Products and customers", "Owners and numbers"),
    2: ("PE platforms, {region}", "Family offices, {region}", "Serial acquirers of {product}"),
    3: ("Strategic buyers, {product}", "Makers of {product} in {region}", "Buyers: {customer}"),
    4: ("Contacts, {product}", "Contacts in {region}", "Warm introductions, {customer}"),
    5: ("Ranking and shortlist", "Shortlist, {product}", "Notes for the partner"),
}
_REGIONS = ("the Nordics", "the Benelux", "Iberia", "the UK", "Poland", "northern Italy")
_LARGE_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WrittenSession:
    """One sample session that was written: where it is and what it shows."""

    listing_id: str
    session_id: str
    part: CastSession
    transcript: Path | None


def write_sample(
    root: Path, now: datetime, *, seed: str = "sample", claude_home: Path | None = None
) -> tuple[WrittenSession, ...]:
    """Write the sample below `root`, as it would be at `now`; the same seed writes the same bytes.

    `root` is created if it is missing; strays are written below `claude_home`, if given. Takes well
    under a second.
    """
    root.mkdir(parents=True, exist_ok=True)
    clients = (_Writer(root.resolve(), now, seed, client, claude_home) for client in CLIENTS)
    return tuple(written for client in clients for written in client.write())


def config_dir_of(listing: Path) -> Path:
    """Return the CLI's config dir of a listing's folder."""
    return listing / CONFIG_DIR


class _Writer:
    """Writes one listing."""

    def __init__(
        self, root: Path, now: datetime, seed: str, client: CastListing, claude_home: Path | None
    ) -> None:
        self._client = client
        self._claude_home = claude_home
        self._now = now.astimezone(UTC)
        self._folder = root / client.listing_id
        self._industry: Industry = INDUSTRIES[client.industry]
        self._random = seeded(f"{seed}/{client.listing_id}")
        self._teller = Storyteller(self._industry, f"{seed}/{client.listing_id}/story")

    def write(self) -> list[WrittenSession]:
        self._folder.mkdir()
        parts = [*self._client.parts, *self._extras()]
        if parts:
            self._save("candidates.csv", self._teller.candidates(self._random.randint(30, 90)))
        written = [self._session(part) for part in parts]
        self._database(written)
        return written

    def _transcript(self, part: CastSession, session_id: str) -> Path:
        """Return where a transcript goes: a stray's, where the CLI was told of no config dir."""
        config_dir = config_dir_of(self._folder)
        if part.fate is Fate.STRAY and self._claude_home is not None:
            config_dir = self._claude_home
        path = transcript_path(config_dir, self._folder, session_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _extras(self) -> Iterator[CastSession]:
        """Make up ordinary sessions: quiet for hours or days, and not expiring soon."""
        for stage in self._random.choices((1, 2, 3, 4, 5), k=self._client.extras):
            age = self._random.uniform(20, 200)
            quiet = age * self._random.uniform(0.1, 0.8)
            left = self._random.uniform(30, 600)
            facts = {
                "product": self._random.choice(self._industry.products),
                "customer": self._random.choice(self._industry.customers),
                "region": self._random.choice(_REGIONS),
            }
            title = self._random.choice(_TITLES[stage]).format(**facts)
            yield CastSession(stage, title, round(age, 2), round(quiet, 2), round(left, 2))

    def _session(self, part: CastSession) -> WrittenSession:
        session_id = str(UUID(int=self._random.getrandbits(128), version=4))
        path = self._transcript(part, session_id)
        if part.has_transcript:
            self._converse(session_id, part).save(path)
            last = (self._now - hours(part.quiet)).timestamp()
            os.utime(path, (last, last))
        elif part.fate is Fate.SKETCH:
            self._sketch(session_id)
        return WrittenSession(
            self._client.listing_id, session_id, part, path if part.has_transcript else None
        )

    def _converse(self, session_id: str, part: CastSession) -> Conversation:
        began = self._now - hours(part.age)
        random = Random(session_id)  # noqa: S311 (a story has no secrets)
        talk = Conversation(session_id, self._folder, _model(part), began, random)
        talk.prompt(
            f"{part.title}: research buyers for a maker of {self._industry.name}. "
            "Say who they are, why they would buy, and how to reach them."
        )
        self._research(talk, random.randint(2, 4))
        talk.at = max(talk.at, self._now - hours(part.quiet) - timedelta(minutes=4))
        talk.prompt(f"Go on with {part.title}; leave out whom we have ranked already.")
        self._research(talk, 2)
        if part.fate is Fate.LARGE:
            self._scan_the_market(talk)
        if part.fate is Fate.FAILED:
            talk.failure(part.reason)
        talk.title(part.title)
        talk.cost()
        return talk

    def _research(self, talk: Conversation, rounds: int) -> None:
        for _ in range(rounds):
            query = self._teller.query()
            talk.search(query, self._teller.hits())
            talk.text(self._teller.paragraph())
        command = self._teller.command()
        talk.bash(command.command, command.description, self._teller.candidates(5))
        talk.text(f"{self._teller.paragraph()}\n\n{self._teller.paragraph()}")

    def _scan_the_market(self, talk: Conversation) -> None:
        """Read long tables, whose full text the CLI keeps beside the transcript."""
        size = 0
        table = self._teller.candidates(6_000)
        while size < _LARGE_BYTES:
            talk.bash("cat market/*.csv", "Read the market tables", table)
            size += len(table)
        talk.text(self._teller.paragraph())

    def _sketch(self, session_id: str) -> None:
        """Write a session as the guide sketches it; no CLI ever wrote one."""
        folder = config_dir_of(self._folder) / session_id
        folder.mkdir()
        talk = [{"role": "user", "content": "Company profile"}]
        (folder / "conversation.json").write_text(json.dumps(talk), encoding="utf-8")
        (folder / "context.json").write_text("{}", encoding="utf-8")

    def _database(self, written: list[WrittenSession]) -> None:
        path = self._folder / "buyers.db"
        match self._client.database:
            case DatabaseKind.MISSING:
                return
            case DatabaseKind.BROKEN:
                self._save("buyers.db", "name,role,region\nthis is a spreadsheet export\n" * 20)
                return
        is_older = self._client.database is DatabaseKind.OLDER
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute(_OLDER_TABLE if is_older else _TABLE)
            for one in written:
                if one.part.has_row:
                    row = self._row(one)
                    db.execute(*((_OLDER_TRACK, row[:5]) if is_older else (_TRACK, row)))
                    db.execute(_MARK, (one.part.status, one.session_id))
        for one in written:
            if one.part.fate is Fate.OVERWRITTEN:
                self._overwrite(path, one)

    def _overwrite(self, path: Path, one: WrittenSession) -> None:
        """Let an operator extend a session, and the pipeline overwrite that by tracking again."""
        then = self._now - hours(3)
        Tracking(path, UTC, "bert", act_id=one.session_id[:8]).mark_extended(
            one.session_id, now=then, until=then + hours(480), has_transcript=True
        )
        row = list(self._row(one))
        row[3] = self._naive(-one.part.quiet)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(_TRACK, row)

    def _row(self, written: WrittenSession) -> tuple[str, ...]:
        part = written.part
        unreadable = part.fate is Fate.UNREADABLE
        return (
            written.session_id,
            written.listing_id,
            f"stage_{part.stage}",
            self._naive(-part.age),
            "end of the month" if unreadable else self._naive(part.left),
            json.dumps(self._metadata(part)),
        )

    def _metadata(self, part: CastSession) -> Mapping[str, Any]:
        agent = {
            "model": _model(part),
            "allowed_tools": ["WebSearch"],
            "permission_mode": "default",
        }
        details: dict[str, Any] = {"workers": 8, "timeout": 900, "agent": agent}
        if part.fate is Fate.FAILED:
            details |= {"last_error": part.reason, "failed_at": self._naive(-part.quiet)}
        return details

    def _naive(self, in_hours: float) -> str:
        """Return a time as a pipeline in a container writes it: naive, in UTC."""
        return (self._now + hours(in_hours)).replace(tzinfo=None).isoformat()

    def _save(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, encoding="utf-8")


def _model(part: CastSession) -> str:
    return "claude-opus-5-5" if part.stage in (3, 5) else "claude-sonnet-5-5"
