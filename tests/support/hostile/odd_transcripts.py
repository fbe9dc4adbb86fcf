"""Transcripts that no CLI writes: very large, with very long lines or deep nesting."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_MEGABYTE = 1 << 20
Make = Callable[[Path], None]


def sparse(size: int, *, keeps_head: bool, last: bytes = b"") -> Make:
    """Return a writer of a sparse file of that size."""

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
    """Return a writer of a file that repeats one piece."""

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
