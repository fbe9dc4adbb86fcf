"""Searching 200 MB of transcripts, against `grep -c` over the same files, in CPU."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.bench._figures import Measured, best_cpu, ratio
from tui.core.models.session import Liveness, Session, State, Transcript
from tui.operations.search.grep import search

_FILES = 40
_FILE_BYTES = 5_000_000
_ONE_IN = 2000
_NEEDLE = "industrial pumps"
_WORDS = """
    strategic buyers of valves are few and well known while platforms in the region hold
    several assets under management “quoted” and “often” closely held by families
""".split()  # noqa: SIM905 (a list literal of so many words is a page)


def measure() -> list[Measured]:
    """Return the CPU of a search for a literal, and for a pattern that has none."""
    folder = Path(tempfile.mkdtemp(prefix="bench-search-"))
    try:
        paths = _transcripts(folder)
        sessions = [_session(path) for path in paths]
        return [
            _measured(
                "grep for a literal in 200 MB, CPU",
                sessions,
                pattern=_NEEDLE,
                flags=["-c"],
                paths=paths,
                goal=4.0,
            ),
            _measured(
                "... against grep -ci",
                sessions,
                pattern=_NEEDLE,
                flags=["-ci"],
                paths=paths,
                goal=None,
            ),
            _measured(
                "grep for one of two words in 200 MB, CPU",
                sessions,
                pattern="industrial pumps|marine pumps",
                flags=["-ciE"],
                paths=paths,
                goal=None,
            ),
        ]
    finally:
        shutil.rmtree(folder)


def _measured(
    name: str,
    sessions: list[Session],
    *,
    pattern: str,
    flags: list[str],
    paths: list[Path],
    goal: float | None,
) -> Measured:
    words = ["grep", *flags, pattern, *map(str, paths)]
    floor = best_cpu(lambda: subprocess.run(words, capture_output=True, check=True))
    ours = best_cpu(lambda: sum(1 for _ in search(sessions, pattern)))
    return ratio(name, ours, floor, goal)


def _transcripts(folder: Path) -> list[Path]:
    chance = random.Random(1)  # noqa: S311 (sample data)
    lines = [_line(" ".join(chance.choices(_WORDS, k=chance.randint(20, 400)))) for _ in range(400)]
    hit = _line(f"Here are the Industrial PUMPS and {_NEEDLE} of the region.")
    paths = [folder / f"{number}.jsonl" for number in range(_FILES)]
    for path in paths:
        with path.open("w", encoding="utf-8") as file:
            while file.tell() < _FILE_BYTES:
                file.write(hit if chance.random() < 1 / _ONE_IN else chance.choice(lines))
    return paths


def _line(words: str) -> str:
    message = {"id": "msg_1", "role": "assistant", "content": [{"type": "text", "text": words}]}
    line = {"type": "assistant", "timestamp": "2026-11-20T12:00:00.000Z", "message": message}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _session(path: Path) -> Session:
    transcript = Transcript(
        path.stem, place=path, bytes=path.stat().st_size, modified_at=datetime.now(UTC)
    )
    return Session(
        path.stem,
        "l",
        stage="s",
        status="active",
        liveness=Liveness.NONE,
        state=State.OK,
        transcript=transcript,
    )
