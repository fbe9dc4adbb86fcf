"""A pipeline that forks: its children find free what threads of it held."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.place import REPOSITORY

HELD = """
import os, threading
from tui.safe_io.fork_safe import fork_safe_lock

lock, is_held, is_over = fork_safe_lock(), threading.Event(), threading.Event()

def hold():
    with lock:
        is_held.set()
        is_over.wait()

holder = threading.Thread(target=hold)
holder.start()
is_held.wait()
if not (child := os.fork()):
    os._exit(0 if lock.acquire(timeout=10) else 3)
assert os.waitpid(child, 0)[1] == 0
assert lock.locked()
is_over.set()
holder.join()
"""


def test_a_forked_child_finds_free_what_a_thread_held() -> None:
    subprocess.run([sys.executable, "-c", HELD], check=True, timeout=60)


def test_what_pipelines_use_has_no_other_locks() -> None:
    """Only those of one run, which no child goes on with, and those that a fork replaces."""
    found = {
        str(path.relative_to(REPOSITORY / "tui"))
        for room in ("core", "claude", "safe_io", "storage", "runs", "operations", "pipeline")
        for path in (REPOSITORY / "tui" / room).rglob("*.py")
        if re.search(r"threading\.R?Lock\(", path.read_text())
    }
    assert found == {
        "operations/stream/follow.py",
        "runs/hosted/late_rows.py",
        "runs/hosted/run.py",
        "safe_io/fork_safe.py",
        "storage/sqlite/write_gate.py",
    }
