"""What a run costs its pipeline's process is bounded: in what it imports, and in how it wakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.place import REPOSITORY
from tui.demo.api import LoopbackApi
from tui.demo.turns import Text, say

PROGRAM = """
import asyncio, json, sys, threading
from pathlib import Path
from claude_agent_sdk import ClaudeAgentOptions
from tui import SessionManager

async def main():
    folder, woken = Path(sys.argv[1]), 0
    loop = asyncio.get_running_loop()
    select = loop._selector.select
    def counted(timeout):
        nonlocal woken
        woken += 1
        return select(timeout)
    loop._selector.select = counted
    options = ClaudeAgentOptions(cwd=folder)
    manager = SessionManager(folder)
    async for _ in manager.query("Go.", stage="stage_1", listing_id="acme", options=options):
        pass
    return woken

woken = asyncio.run(main())
print(json.dumps({"woken": woken, "imported": [one for one in sys.modules if one[:4] == "tui."]}))
"""
# Each brings a dozen others, and a run that takes nothing over and cleans up nothing needs none.
NOT_NEEDED = {
    "tui.claude.transcript_files.transcript_facts",
    "tui.core.console.keymap",
    "tui.core.sessions.listing_join",
    "tui.operations.catalog.scanner",
    "tui.operations.running.resume",
    "tui.operations.running.steer",
    "tui.operations.trash.cleanup",
    "tui.runs.queue_gate",
}
_TOKENS = 4_000


def test_a_run_imports_what_it_needs_and_is_not_woken_by_each_token(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    with LoopbackApi(lambda _: say(Text("Buyers. " * _TOKENS, 10_000.0))) as api:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "acme")],
            env={"PATH": os.environ["PATH"]} | home | api.env(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=300,
        )
    told = json.loads(done.stdout)

    assert "tui.runs.driver" in told["imported"]
    assert NOT_NEEDED.isdisjoint(told["imported"])
    assert told["woken"] < _TOKENS / 2
