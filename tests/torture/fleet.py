"""A console on 1,000 databases and 10,000 sessions that may hold 256 descriptors."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.catalog import sample_root
from tests.torture._watched import Watched

_LISTINGS, _SESSIONS = 1000, 10
_SECONDS = 60.0
_MOST_THREADS = 20
_LATE_MS = 50.0
_LIMITED = ("sh", "-c", 'ulimit -n 256; exec "$@"', "sh")


def run(scale: float) -> Mapping[str, Any]:
    """Move about in it for a minute; assert what the promise says, from its first picture on."""
    listings = max(1, round(_LISTINGS * scale))
    with (
        sample_root(listings, _SESSIONS) as root,
        tempfile.TemporaryDirectory(prefix="session-console-torture-") as name,
    ):
        home = {"HOME": name, "XDG_STATE_HOME": f"{name}/state", "XDG_CACHE_HOME": f"{name}/cache"}
        words = ("--root", str(root), "--operator", "anna")
        with Watched(words, Path(name) / "told", home, before=_LIMITED) as console:
            console.screen.wait_for("listing_0", "Find the buyers", seconds=60)
            states = [console.state()]
            until = time.monotonic() + _SECONDS * scale
            while time.monotonic() < until:
                console.screen.send("jjjjkG"[len(states) % 6])
                time.sleep(2.2)
                states.append(console.state())
            text = console.screen.text
    most = {
        "sessions": listings * _SESSIONS,
        "threads": max(one.threads for one in states),
        "descriptors": max(one.descriptors for one in states),
        "late_ms_until_shown": states[0].late_ms,
        "late_ms": max(one.late_ms for one in states[1:]),
    }
    assert "Find the buyers" in text, text
    assert most["threads"] <= _MOST_THREADS, most
    assert most["late_ms"] <= _LATE_MS, most
    return most
