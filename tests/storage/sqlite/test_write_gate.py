"""Many writers of several processes at once: each waits for those of its own process first."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from tui.storage.sqlite.write_gate import gate_of
from tui.storage.table.tracking import Tracking, read_rows

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


def test_four_processes_of_fifty_writers_leave_no_session_untracked(tmp_path: Path) -> None:
    """Without the gate about half of the writers reach their timeout of 5 s."""
    db_path = tmp_path / "buyers.db"
    words = [sys.executable, "-c", AT_ONCE, str(db_path)]
    at_once = [subprocess.Popen([*words, f"p{number}"]) for number in range(4)]
    assert [one.wait(120) for one in at_once] == [0, 0, 0, 0]
    assert len(read_rows(db_path)) == 200
    assert {row.status for row in read_rows(db_path)} == {"active"}


def test_a_forked_child_does_not_wait_for_its_parents_writers(tmp_path: Path) -> None:
    db_path, now = tmp_path / "buyers.db", datetime.now(UTC)
    tracking, gate = Tracking(db_path, UTC, "anna"), gate_of(db_path)
    tracking.init_table()
    gate.enter()
    waiting = threading.Thread(target=tracking.init_table)
    waiting.start()
    if not (child := os.fork()):
        try:
            tracking.track("9f2c", listing_id="x", stage="s", now=now, expires_at=now)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert len(read_rows(db_path)) == 1
    gate.leave()
    waiting.join()
