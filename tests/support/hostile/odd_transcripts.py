"""Transcripts that no CLI writes: as large, as long and as deep as somebody likes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_MEGABYTE = 1 << 20
Make = Callable[[Path], None]


def sparse(size: int, *, keeps_head: bool, last: bytes = b"") -> Make:
    """Return what makes a file of that size of which next to nothing was ever written."""

    def make(path: Path) -> None:
        line = path.read_bytes()
        if not keeps_head:
            path.write_bytes(b"")
        os.truncate(path, size)
        if last:
            with path.open("ab") as file:
                file.write(last + line)

    return make


def filled(piece: bytes, count: int) -> Make:
    """Return what fills a file with so many of the same."""

    def make(path: Path) -> None:
        with path.open("ab") as file:
            for _ in range(count):
                file.write(piece)

    return make


def _deep(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"[" * 100_000 + b"\n" + b'{"a":' * 100_000 + b"\n")


def _broad(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"type":"user","message":{"content":[' + b"[]," * 4_000_000 + b"[]]}}\n")


ODD: dict[str, Make] = {
    "5 GB sparse": sparse(5 << 30, keeps_head=False),
    "5 GB sparse with a first line": sparse(5 << 30, keeps_head=True),
    "5 GB sparse with a last line": sparse(5 << 30, keeps_head=True, last=b"\n"),
    "1 TB sparse": sparse(1 << 40, keeps_head=True),
    "1 TB sparse with a last line": sparse(1 << 40, keeps_head=False, last=b"\n"),
    "one endless line": filled(b"x" * _MEGABYTE, 400),
    "all newlines": filled(b"\n" * _MEGABYTE, 300),
    "all NUL": filled(b"\0" * _MEGABYTE, 400),
    "nested deep": _deep,
    "very many values": _broad,
}
