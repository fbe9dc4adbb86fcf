"""A mount where every lock fails: everything is shown, nothing is done, and it says why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SampleListing, snapshot
from tests.support.place import REPOSITORY
from tui.storage.session_locks import SessionLock

LOOK = """
import errno, json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from tests.support.hostile.no_locks import take_locks_away
from tui.__main__ import say_verb
from tui.core.errors import ConsoleError
from tui.operations.context import Context
from tui.settings import load_settings

root, number, asked = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
take_locks_away(number)
context = Context(load_settings(os.environ, {"root": root}), lambda: datetime.now(UTC))
for words in asked:
    try:
        done = say_verb(context, words)
        told = done.code, "\\n".join(map(str, done.lines))
    except ConsoleError as error:
        told = error.exit_code, str(error)
    print(json.dumps(told), flush=True)
"""
ASKED = (
    *(["ls", "--json"], ["tail", FIRST], ["doctor", "--json"], ["check", "--json"]),
    *(["delete", FIRST, "--yes"], ["cleanup", "--older-than", "1m", "--yes"]),
)


@pytest.mark.parametrize("error", [37, 5], ids=["ENOLCK", "EIO"])
@pytest.mark.parametrize("has_lock", [True, False])
def test_all_is_shown_and_nothing_done_where_there_are_no_locks(
    tmp_path: Path, error: int, has_lock: bool
) -> None:
    """The listing used to vanish there, with advice to look for a program that holds its lock."""
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    if has_lock:
        SessionLock.take(listing.folder, FIRST).close()
    before = snapshot(listing.folder / ".claude_sessions")
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(listing.root), str(error), json.dumps(ASKED)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "SESSION_CONSOLE_CONFIG": "/dev/null"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed, tail, doctor, check, deleted, cleaned = map(json.loads, done.stdout.splitlines())
    (session,) = json.loads(listed[1].splitlines()[-1])
    shown = session["stage"], session["title"], session["status"], session["liveness"]
    assert shown == ("stage_3", "Strategic buyers, pumps", "active", "unknown")
    assert session["state"] == "ok"
    assert "this mount has no locks" in listed[1]
    assert "Let me look." in tail[1]
    assert '"no_locks"' in check[1] or "no locks" in check[1]
    assert "mount" in doctor[1]
    assert "fuser" not in doctor[1]
    assert (deleted[0], "no locks" in deleted[1]) == (1, True)
    assert "1 moved" not in cleaned[1]
    assert snapshot(listing.folder / ".claude_sessions") == before
