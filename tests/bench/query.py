"""What a pipeline's turn costs through `SessionManager.query`, beside the SDK's bare `query`.

CPU of the pipeline's own process, its imports included; the CLI's is not counted. The API is the
demo's, on the loopback. Most of the floor is the SDK's import: with longer turns our share is
smaller, and on a machine that has much else to do it is larger. The guide `speed` has the figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench._figures import Measured, ratio
from tests.bench._program import environment
from tui.demo.api import LoopbackApi
from tui.demo.turns import Text, say
from tui.runs.folder.protocol import PARTIAL

_TOKENS, _RATE = 2_000, 200.0
_TIMES = 3
_PROGRAM = """
import asyncio, json, sys, time
from pathlib import Path
from claude_agent_sdk import ClaudeAgentOptions, query
how, folder = sys.argv[1], Path(sys.argv[2])

def messages():
    if how == "bare":
        return query(prompt="Go.", options=ClaudeAgentOptions(cwd=folder))
    from tui import SessionManager
    manager = SessionManager(folder)
    manager.setup()
    options = ClaudeAgentOptions(cwd=folder)
    return manager.query("Go.", stage="stage_1", listing_id=folder.name, options=options)

async def main():
    began = time.perf_counter()
    async for _ in messages():
        pass
    print(json.dumps({"cpu": time.process_time(), "wall": time.perf_counter() - began}))

asyncio.run(main())
"""


def measure() -> list[Measured]:
    """Return CPU and wall time of a turn, and the CPU of a token while somebody follows it."""
    words = "Strategic buyers. " * (_TOKENS // 4)
    with (
        tempfile.TemporaryDirectory(prefix="bench-query-") as folder,
        LoopbackApi(lambda _: say(Text(words, _RATE))) as api,
    ):
        # In turns, so that whatever else runs slows down all of them.
        runs = [
            {how: _turn(Path(folder), api, how) for how in ("bare", "ours", "followed")}
            for _ in range(_TIMES)
        ]

    def of(how: str, what: str) -> float:
        return float(median(one[how][what] for one in runs))

    name = f"a turn of {_TOKENS:,} tokens through SessionManager.query, against the SDK's query"
    token = 1000 * (of("followed", "cpu") - of("bare", "cpu")) / _TOKENS
    return [
        ratio(f"{name}, CPU", of("ours", "cpu"), of("bare", "cpu"), 1.3),
        ratio("... wall", of("ours", "wall"), of("bare", "wall"), 1.05),
        {"name": "... more CPU a token, while followed", "value": token, "unit": "ms", "goal": 0.1},
    ]


def _turn(folder: Path, api: LoopbackApi, how: str) -> dict[str, Any]:
    listing = folder / how
    listing.mkdir(exist_ok=True)
    scratch = {"CLAUDE_CONFIG_DIR": str(listing / ".bare")} if how == "bare" else {}
    over = threading.Event()
    following = threading.Thread(target=_follow, args=(listing, over))
    if how == "followed":
        following.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, how, str(listing)],
            env=environment(folder) | api.env() | scratch,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        over.set()
        if how == "followed":
            following.join()
    return dict(json.loads(done.stdout))


def _follow(listing: Path, over: threading.Event) -> None:
    """Read what is being written as often as a console does."""
    while not over.wait(0.1):
        for place in listing.glob(f".session_console/runs/*/{PARTIAL}"):
            with suppress(OSError):
                place.read_bytes()
