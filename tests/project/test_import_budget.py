"""What a verb may not import: most of its time is its start, and these cost more than the rest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.place import REPOSITORY
from tests.support.verb_lines import OF_FLEETS, verb_lines

NO_VERB = (
    *("asyncio", "concurrent.futures", "logging", "multiprocessing", "ssl"),
    *("ast", "dataclasses", "inspect"),  # which `tui.core.values` is there to avoid
    *("_hashlib", "hmac", "secrets", "tomllib", "zoneinfo"),
    *("aiosqlite", "claude_agent_sdk", "mcp", "rich", "textual"),
)
NO_LEAN_VERB = (
    *("calendar", "difflib", "email", "importlib.metadata", "locale", "platform", "random"),
    *("shutil", "socket", "subprocess", "tempfile", "uuid"),
    "tui.runs.folder.protocol",  # for there is no run
)
LEAN = ("ls", "show", "extend", "log", "view", "hold", "ack", "snooze", "tag", "note", "fail")
# Each in a fork of a process that has imported nothing of ours.
CODE = """
import contextlib, io, json, os, sys
for root, words in json.load(sys.stdin):
    if pid := os.fork():
        os.waitpid(pid, 0)
        continue
    from tui.__main__ import main
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(["--root", root, *words])
    print(json.dumps([words[0], sorted(sys.modules)]), flush=True)
    os._exit(0)
"""


def test_no_verb_imports_more_than_its_budget(tmp_path: Path) -> None:
    """What one verb alone needs is imported where it does, as the guide `speed` says."""
    lines = [*verb_lines(acting=False), *verb_lines(acting=True)]
    roots = [tmp_path / str(number) for number, _ in enumerate(lines)]
    for root in roots:
        SampleListing(root).add(FIRST)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        input=json.dumps(list(zip(map(str, roots), lines, strict=True))),
        env=os.environ
        | {"SESSION_CONSOLE_CLI_PATH": "/nonexistent/claude", "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=300,
        check=True,
    )
    assert "Traceback" not in done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(lines)
    banned = {name: {*NO_VERB, *(NO_LEAN_VERB if name in LEAN else ())} for name, _ in found}
    banned |= {name: set[str]() for name in OF_FLEETS}
    over = {(name, *sorted(banned[name].intersection(loaded))) for name, loaded in found}
    assert {one for one in over if len(one) > 1} == set()
    assert {name for name, _ in found} >= set(LEAN)
