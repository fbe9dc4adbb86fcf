"""A session that is being written to without an agent, as fast as a test wants."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.listings.sample_listing import FIRST, SampleListing, text_line, user_line
from tests.support.processes.terminal import Terminal
from tui.runs.folder.protocol import SPEC, describe, new_run_id
from tui.runs.journal.partial_message import PartialMessage
from tui.runs.journal.run_journal import Journal
from tui.safe_io.folders import console_folder
from tui.storage.session_locks import SessionLock

TOKEN_CHARS = 5
WORDS = """
    strategic buyers of valves are few and well known while platforms in the region hold
    several assets under management often closely held by families
""".split()  # noqa: SIM905 (a list literal of so many words is a page)


class Agent:
    """Writes into a run as its runner would."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._writing, now = PartialMessage(), datetime.now(UTC)
        self._writing.add({"type": "message_start", "message": {"id": "msg_live"}}, now)
        begin = {"type": "content_block_start", "content_block": {"type": "text"}}
        self._writing.add(begin, now)

    def write(self, tokens: int, seconds: float) -> None:
        """Write this many tokens a second, in ten pieces each."""
        chance, until = random.Random(2), time.monotonic() + seconds  # noqa: S311 (sample data)
        while time.monotonic() < until:
            said = " ".join(chance.choices(WORDS, k=tokens // 10))[: tokens // 10 * TOKEN_CHARS]
            delta = {"text": f"{said} "}
            self._writing.add({"type": "content_block_delta", "delta": delta}, datetime.now(UTC))
            self._journal.partial(self._writing.shown(datetime.now(UTC)))
            time.sleep(0.1)


@contextmanager
def running(root: Path) -> Iterator[tuple[SampleListing, Agent]]:
    """Create a listing with one session that is running here."""
    listing, now = SampleListing(root / "outputs"), datetime.now(UTC)
    listing.add(FIRST, age=timedelta(seconds=30))
    lines = [json.dumps(user_line("Find buyers.", now)), json.dumps(text_line("Well.", now))]
    listing.transcript_path(FIRST).write_text("\n".join(lines * 30) + "\n")
    run = console_folder(listing.folder, "runs", new_run_id(now))
    spec = {"session_id": FIRST, "operator": "anna", "created_at": now.isoformat()}
    (run / SPEC).write_text(json.dumps(spec))
    journal = Journal(run, lambda: datetime.now(UTC))
    journal.owner(describe(os.getpid()))
    journal.event("init", session_id=FIRST)
    journal.beat()
    lock = SessionLock.take(listing.folder, FIRST)
    try:
        yield listing, Agent(journal)
    finally:
        lock.release()


@contextmanager
def shown(root: Path) -> Iterator[tuple[Terminal, SampleListing, Agent]]:
    """Open a console over SSH on such a session, at 80x24."""
    with running(root) as (listing, agent):
        command = (sys.executable, "-m", "tui", "--root", str(listing.root), "--ssh")
        with Terminal(command) as screen:
            screen.wait_for("hollis_park", "running", "Well.")
            yield screen, listing, agent
