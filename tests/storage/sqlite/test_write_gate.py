"""Many writers of several processes at once: each waits for those of its own process first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tui.storage.table.tracking import read_rows

AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tui.storage.table.tracking import Tracking

now, tracking = datetime.now(UTC), Tracking(Path(sys.argv[1]), UTC, "anna")

def one(number):
    own = f"{sys.argv[2]}-{number}"
    tracking.track(own, listing_id="x", stage="s", now=now, expires_at=now, metadata={"n": number})
    tracking.mark_failed(own, now=now, reason="busy")
    tracking.mark_succeeded(own, now=now)

with ThreadPoolExecutor(50) as pool:
    list(pool.map(one, range(50)))
"""

FORKED = """
import os, sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from tui.storage.sqlite.write_gate import WriteGate, gate_of
from tui.storage.table.tracking import Tracking

db_path, now = Path(sys.argv[1]), datetime.now(UTC)
tracking, gate = Tracking(db_path, UTC, "anna"), gate_of(db_path)
tracking.track("first", listing_id="x", stage="s", now=now, expires_at=now)
gate.enter()
waiting = threading.Thread(target=tracking.init_table, daemon=True)
waiting.start()
while True:
    frame = sys._current_frames()[waiting.ident]
    if frame.f_code is WriteGate.enter.__code__:
        break
    time.sleep(0.01)
if not (child := os.fork()):
    tracking.track("9f2c", listing_id="x", stage="s", now=now, expires_at=now)
    os._exit(0)
until = time.monotonic() + 30
while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < until:
    time.sleep(0.01)
if not ended[0]:
    os.kill(child, 9)
assert ended == (child, 0)
gate.leave()
waiting.join()
"""


def test_four_processes_of_fifty_writers_leave_no_session_untracked(tmp_path: Path) -> None:
    """Without the gate about half of the writers reach their timeout of 5 s."""
    db_path = tmp_path / "buyers.db"
    words = [sys.executable, "-c", AT_ONCE, str(db_path)]
    at_once = [subprocess.Popen([*words, f"p{number}"]) for number in range(4)]
    assert [one.wait(120) for one in at_once] == [0, 0, 0, 0]
    assert len(read_rows(db_path)) == 200
    assert {row.status for row in read_rows(db_path)} == {"active"}


def test_a_forked_child_does_not_wait_for_its_parents_writers(tmp_path: Path) -> None:
    """In a process of its own, where no other thread can hold what the child needs."""
    db_path = tmp_path / "buyers.db"
    subprocess.run([sys.executable, "-c", FORKED, str(db_path)], check=True, timeout=120)
    assert [row.session_id for row in read_rows(db_path)] == ["first", "9f2c"]
