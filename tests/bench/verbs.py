"""Verbs as whole processes, beside what only reads the same files, or only starts.

The floor of `ls --json` opens each database, takes every row, and lists each project's folder. What
the interpreter takes to start and to end is taken off both. That of the others is a process that
imports what every command line with a database needs, and does nothing. All is CPU time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench._figures import Measured, ratio
from tests.bench._program import environment
from tests.bench.catalog import sample_root

_LISTINGS, _SESSIONS = 500, 10
_ROUNDS = 15
_STARTED = "import argparse, json, sqlite3"
_BARE = """
import os, sqlite3, sys
count = 0
for one in os.scandir(sys.argv[1]):
    connection = sqlite3.connect(f"file:{one.path}/buyers.db?mode=rw", uri=True, timeout=0.25)
    connection.execute("PRAGMA query_only = ON")
    count += len(connection.execute("SELECT * FROM claude_sessions").fetchall())
    connection.close()
    for project in os.scandir(f"{one.path}/.claude_sessions/projects"):
        count += sum(file.stat().st_size > 0 for file in os.scandir(project.path))
print(count)
"""


def measure() -> list[Measured]:
    """Return every measurement of this file."""
    with sample_root(_LISTINGS, _SESSIONS) as root, sample_root(1, 1) as single:
        return [_listing(root), *_one(single)]


def _listing(root: Path) -> Measured:
    verb = ["-m", "tui", "--root", str(root), "ls", "--json"]
    bare, nothing = ["-c", _BARE, str(root)], ["-c", "pass"]
    taken, floor, start = _best(root, verb, bare, nothing)
    seconds, least = taken - start, floor - start
    name = f"ls --json, {_LISTINGS} listings, {_LISTINGS * _SESSIONS:,} sessions"
    return ratio(name, seconds, least, 2.0)


def _one(root: Path) -> list[Measured]:
    """Measure what looks and what writes, of the only session there."""
    common = ["-m", "tui", "--root", str(root), "--operator", "bench"]
    verbs = ([*common, "show", "0000"], [*common, "extend", "0000", "+1d"])
    *taken, floor = _best(root, *verbs, ["-c", _STARTED])
    names = ("show, whole process", "extend, whole process")
    return [ratio(name, one, floor, 2.5) for name, one in zip(names, taken, strict=True)]


def _best(root: Path, *commands: Sequence[str]) -> list[float]:
    """Return the least of a few rounds of each, in turns, after one that warms the caches."""
    times = [[_seconds(root, words) for words in commands] for _ in range(1 + _ROUNDS)]
    return [min(column) for column in zip(*times[1:], strict=True)]


def _seconds(root: Path, words: Sequence[str]) -> float:
    began = _children_cpu_s()
    command = [sys.executable, *words]
    subprocess.run(command, capture_output=True, check=True, env=environment(root.parent))
    return _children_cpu_s() - began


def _children_cpu_s() -> float:
    """Return the CPU of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
