"""What somebody with write access to a listing may plant there, each in its own listing.

`PLANTS` is a table: a new kind of file, or of its replacement, is a new row.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.safe_io.test_walking import nest
from tests.support.hostile.odd_transcripts import ODD
from tests.support.hostile.planted_databases import DATABASE_PLANTS
from tests.support.listings.sample_listing import FIRST, SampleListing

_PRIVATE = "/etc/passwd"
_RUN = ".session_console/runs/20261120T143000Z-0001"
_PROJECT = ".claude_sessions/projects/-data-outputs"
_SKETCH = "session-abc123"

Make = Callable[[SampleListing], object]


@dataclass(frozen=True)
class Plant:
    """One planted thing: `make` puts it into a listing made by `with_footprint`."""

    name: str
    make: Make


def _cleared(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        folder = os.open(path.parent, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{folder}/{path.name}")  # where the name may be longer
        os.close(folder)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 5 << 30)


def _locked(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


def _text(text: str) -> Callable[[Path], None]:
    return lambda path: _written(path, text)


def _filled_with(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _written(path: Path, text: str) -> None:
    path.write_text(text, errors="surrogatepass")


# What may replace a file that somebody reads.
INSTEAD: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "link": lambda path: path.symlink_to(_PRIVATE),
    "link to a link": lambda path: path.symlink_to("/proc/self/fd/0"),
    "folder": Path.mkdir,
    "socket": _socket,
    "5 GB": _sparse,
    "locked": _locked,
    "deep": _text("[" * 100_000),
    "deep object": _text('{"a":' * 100_000),
    "long number": _text('{"at": ' + "9" * 10_000_000 + "}"),
    "huge numbers": _text('{"at": 1e999, "pid": -1e308, "startedAt": NaN, "sessionId": 1}'),
    "twice": _text('{"session_id": "a", "session_id": ["b"], "session_id": {}}'),
    "half letters": _text('{"session_id": "\\ud800", "by": "\\udfff\\udfff", "\\ud800": 1}'),
    "many": _text("[" + "[]," * 2_500_000 + "[]]"),
    "newlines": _text("\n" * 5_000_000),
    "no text": lambda path: _filled_with(path, b"\xff\0\xfe" * 100),
}

# The files of a listing that are read.
FILES = (
    ".session_console/acks.json",
    ".session_console/annotations.json",
    ".session_console/locks/.batch",
    f"{_RUN}/spec.json",
    f"{_RUN}/owner.json",
    f"{_RUN}/events.jsonl",
    f"{_RUN}/partial.json",
    f"{_RUN}/inbox/20261122T071530.000000-0badcafe-prompt.json",
    ".claude_sessions/settings.json",
    ".claude_sessions/history.jsonl",
    f".claude_sessions/sessions/{os.getpid()}.json",
    f".claude_sessions/{_SKETCH}/conversation.json",
    f"{_PROJECT}/{FIRST}.jsonl",
    f"{_PROJECT}/{FIRST}/subagents/agent-1.jsonl",
    f"{_PROJECT}/{FIRST}/subagents/agent-1.meta.json",
    ".session_console/trash/20260101T000000Z-abcdef/manifest.json",
)

# The folders that are listed.
FOLDERS = (
    ".session_console",
    ".session_console/runs",
    ".session_console/locks",
    ".session_console/trash",
    _RUN,
    f"{_RUN}/inbox",
    ".claude_sessions",
    ".claude_sessions/projects",
    ".claude_sessions/sessions",
    _PROJECT,
    f"{_PROJECT}/{FIRST}",
    f"{_PROJECT}/{FIRST}/subagents",
)


def _instead(place: str, kind: str) -> Plant:
    def make(listing: SampleListing) -> None:
        path = listing.folder / place
        _cleared(path)
        INSTEAD[kind](path)

    return Plant(f"{place}: {kind}", make)


def _transcript(kind: str) -> Plant:
    return Plant(f"transcript: {kind}", lambda listing: ODD[kind](listing.transcript_path(FIRST)))


def _filled(place: str, count: int, name: str, *, with_folders: bool = False) -> Plant:
    """Return a plant that fills a folder with this many names, more than is allowed there."""

    def make(listing: SampleListing) -> None:
        folder = listing.folder / place
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder, os.O_RDONLY)
        for number in range(count):
            if with_folders:
                os.mkdir(name.format(number), dir_fd=fd)
            else:
                os.close(os.open(name.format(number), os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd))
        os.close(fd)

    return Plant(f"{place}: {count} names", make)


def _nested(listing: SampleListing) -> None:
    folder = listing.transcript_path(FIRST).with_suffix("")
    nest(folder / "deep", 1_850)
    nest(folder / "long", 60, "n" * 255)


def _odd_names(listing: SampleListing) -> None:
    folder = os.fsencode(listing.transcript_path(FIRST).with_suffix(""))
    for name in (b"\xff\xfe\x80" * 20, b"n" * 255, b"\n\x1b[31m\xc2\x9b", b"~", b"-rf"):
        os.close(os.open(folder + b"/" + name, os.O_CREAT | os.O_WRONLY))


def _manifest(listing: SampleListing) -> None:
    """A manifest that names files of the session, which are really a pipe and a link."""
    batch = listing.folder / ".session_console/trash/20260102T000000Z-abcdef"
    batch.mkdir(parents=True)
    places = [f"{_PROJECT}/{FIRST}.jsonl", f".claude_sessions/tasks/{FIRST}"]
    one = {"session_id": FIRST, "places": places, "row": None, "left": "deleted", "zone": "UTC"}
    head = {"listing": listing.folder.name, "at": "2026-01-02T00:00:00+00:00", "operator": "x"}
    whole = head | {"action": "delete", "sessions": {"0": one | {"title": "x"}}}
    (batch / "manifest.json").write_text(json.dumps(whole))
    os.mkfifo(batch / "0-0")
    (batch / "0-1").symlink_to("/etc")


_UUID = "{:08x}-1111-4222-8333-444455556666"

PLANTS: tuple[Plant, ...] = (
    *(_instead(place, kind) for place in FILES for kind in INSTEAD),
    *(_instead(place, kind) for place in FOLDERS for kind in ("pipe", "link", "5 GB", "socket")),
    *(_transcript(kind) for kind in ODD),
    _filled(f"{_RUN}/inbox", 2_000, "20261122T071530.{0:06}-0badcafe-prompt.json"),
    _filled(".session_console/locks", 5_000, _UUID),
    _filled(".session_console/runs", 2_000, "20261119T143000Z-{0:06x}", with_folders=True),
    _filled(".session_console/trash", 2_000, "20261119T143000Z-{0:06x}", with_folders=True),
    _filled(".claude_sessions/sessions", 6_000, "41{0:05}.json"),
    _filled(".claude_sessions/projects", 21_000, "-p{0}", with_folders=True),
    _filled(_PROJECT, 4_000, _UUID + ".jsonl"),
    _filled(f"{_PROJECT}/{FIRST}/subagents", 11_000, "agent-{0}.jsonl"),
    _filled(f"{_PROJECT}/{FIRST}/tool-results", 12_000, "{0}.txt"),
    Plant("nested folders", _nested),
    Plant("odd names", _odd_names),
    Plant("a trash of pipes and links", _manifest),
    *(Plant(name, make) for name, make in DATABASE_PLANTS.items()),
)
