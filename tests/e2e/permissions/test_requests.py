"""What the real CLI asks for, is all in sight before it is allowed: Live, `a`, `show`, `--json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.console.permission_requests import granted, painted_input
from tests.support.listings.painted_request import read_back
from tests.support.listings.sample_listing import run_cli
from tests.support.processes.runs_site import Site, command, over, site_below, wait
from tui.core.agent_questions import QUESTION
from tui.core.models.permission_request import PermissionRequest
from tui.core.text.safe_text import one_line
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.runs.folder.protocol import read_events, read_run
from tui.view.stream import entry_lines

SERVER = """
import json, sys
TOOLS = sys.argv[1:]
def answer(method, given):
    if method == "initialize":
        served = {"protocolVersion": given["protocolVersion"], "capabilities": {"tools": {}}}
        return served | {"serverInfo": {"name": "any", "version": "1"}}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "done"}]}
    return {"tools": [{"name": one, "inputSchema": {"type": "object"}} for one in TOOLS]}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        result = answer(asked["method"], asked.get("params"))
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
HIDDEN = "rm -rf /srv/a\u200b \x1b[8m; touch x"
END = "; touch /srv/data/THE-END-OF-IT"
OPTIONS = [
    {
        "label": f"option {number}",
        "description": "d" * 120,
        "preview": "\n".join(f"line {line} of {number}" for line in range(10)),
    }
    for number in range(3)
]
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "mcp__ops__run",
        {"command": "status", "host": "production", "args": ["--drop-all-tables", "--yes"]},
    ),
    ("mcp__fs__files", {"file_path": "/srv/buyers", "action": "delete", "recursive": True}),
    (
        "Bash",
        {
            "command": "curl example.org",
            "description": "harmless",
            "dangerouslyDisableSandbox": True,
            "run_in_background": True,
        },
    ),
    (
        "mcp__mail__send",
        {
            "to": ["ann@example.com", "bob@example.com"],
            "subject": "Invoice",
            "body": "Dear Ann,\n\nwe pay on Friday.\n\nPS: and the old account is closed.",
        },
    ),
    ("Bash", {"command": "echo ".ljust(90_000 - len(END), "x") + END, "description": "long"}),
    (
        "Write",
        {"file_path": "/srv/data/w.txt", "content": "\n".join(["x" * 39] * 7_500)},
    ),
    (
        "mcp__sheet__put",
        {"rows": [[f"{n:030}" for n in range(row, row + 40)] for row in range(1_300)]},
    ),
    (
        QUESTION,
        {
            "questions": [
                {
                    "question": f"Question {number}?",
                    "header": "Q",
                    "options": OPTIONS,
                    "multiSelect": False,
                }
                for number in range(4)
            ]
        },
    ),
    ("mcp__ops__run", {"command": HIDDEN}),  # of Bash the CLI itself refuses such a command
)
LARGE = {4: (200, 60), 5: (200, 100), 6: (400, 120)}  # screens: a page takes a key to turn


def one_call(asked: ApiRequest) -> Turn:
    number = int(asked.prompt.split()[-1])
    return say(ToolUse(*CALLS[number])) if not asked.step else say("Done.")


def delegate(asked: ApiRequest) -> Turn:
    task = {"description": "find pumps", "prompt": "INNER", "subagent_type": "general-purpose"}
    return say(ToolUse("Agent", task | {"run_in_background": False})) if not asked.step else say("")


def bash(asked: ApiRequest) -> Turn:
    call = ToolUse("Bash", {"command": "touch made", "description": "x"})
    return say(call) if not asked.step else say("Done.")


SCENES = by_word(
    {"CALL": one_call, "INNER": bash, "DELEGATE": delegate},
    default=lambda asked: say("Very well."),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        (site.listing / "server.py").write_text(SERVER)
        yield site


def servers(site: Site) -> dict[str, Any]:
    path = str(site.listing / "server.py")
    names = {"ops": "run", "fs": "files", "mail": "send", "sheet": "put"}
    given = {
        name: {"command": sys.executable, "args": [path, tool]} for name, tool in names.items()
    }
    return {"mcp_servers": given}


async def test_every_key_is_in_sight_before_it_is_allowed(site: Site) -> None:
    """One agent asks for each in a turn of its own."""
    folder = site.start("CALL 0", agent=servers(site))
    for number in range(1, len(CALLS)):
        command(folder, "prompt", f"CALL {number}")
    for number, (tool, given) in enumerate(CALLS):
        request = _asked_for(folder, number)
        assert (request.tool, request.problem) == (tool, "")
        assert {name: request.input[name] for name in given} == given
        _require_shown(site, folder, request)
        _require_live(request)
        if tool != QUESTION:
            painted = await granted(request, LARGE.get(number, (80, 24)))
            assert painted_input(painted) == request.input
        if tool == "mcp__ops__run" and given["command"] == HIDDEN:
            shown = _shown(site, read_run(folder).session_id)
            assert r"command: rm -rf /srv/a\u200b \x1b[8m; touch x" in shown
        command(folder, "answer", decision="deny")
    assert over(folder).state == "done"


def _asked_for(folder: Path, number: int) -> PermissionRequest:
    """Wait for the next request."""
    asked = wait(
        lambda: [one for one in read_events(folder) if one["type"] == "permission"][number:]
    )
    request: PermissionRequest = wait(lambda: read_run(folder).request)
    assert request.request_id == asked[0]["request_id"]
    return request


def _require_shown(site: Site, folder: Path, request: PermissionRequest) -> None:
    session_id = read_run(folder).session_id
    told = _shown(site, session_id).splitlines()
    begins = f"asks          {request.tool},"
    begin = next(n for n, row in enumerate(told) if row.startswith(begins))
    end = next(n for n, row in enumerate(told) if "shown in full: --input" in row)
    rows = [row[14:] for row in told[begin + 1 : end]]
    first = next(iter(request.input), "{}")
    keys = _after_facts(rows, first)
    assert read_back(rows[keys:]) == request.input
    assert request.digest.startswith(told[end].split()[-1])
    known = json.loads(_shown(site, session_id, "--json"))
    asked = known["run"]["request"]
    assert (asked["input"], asked["sha256"]) == (request.input, request.digest)
    assert asked["denied_at"]
    assert asked["title"] == (request.asker.title or None)


def _shown(site: Site, *words: str) -> str:
    """Return what `show` says, once its listing answers: a slow machine reads so much late."""
    done = wait(lambda: (one := run_cli(site.listing.parent, "show", *words)).stdout and one)
    return str(done.stdout)


def _after_facts(rows: Sequence[str], first: str) -> int:
    """Return where the input begins: its first key may be the name of a fact above it, too."""
    facts = next(n for n, row in enumerate(rows) if row.startswith("waiting for "))
    return next(n for n, row in enumerate(rows) if n > facts and row.startswith(first))


def _require_live(request: PermissionRequest) -> None:
    """Of very much Live shows how it begins, and where all of it is."""
    now = datetime.now(UTC)
    lines = entry_lines.request_lines(request, 80, now, UTC)
    rows = ["".join(cell.text for cell in line)[entry_lines.TIME_WIDTH + 2 :] for line in lines]
    first = next(iter(request.input), "{}")
    begin = _after_facts(rows, first)
    if rows[-1].startswith("re than shown here:"):
        assert len(rows) > 300
    else:
        assert read_back(rows[begin:-1]) == request.input


def test_who_asks_and_why_is_told(site: Site) -> None:
    folder = site.start("DELEGATE now")
    request: PermissionRequest = wait(lambda: read_run(folder).request)
    assert request.asker.agent == "general-purpose: find pumps"
    assert request.asker.agent_id
    assert request.until is not None
    shown = run_cli(site.listing.parent, "show", read_run(folder).session_id).stdout
    assert f"sub-agent: general-purpose: find pumps ({request.asker.agent_id})" in shown
    assert "will be denied in" in one_line(shown)
    command(folder, "stop")
    over(folder)


def test_an_allow_of_an_input_that_was_not_seen_is_refused_and_the_request_stays(
    site: Site,
) -> None:
    folder = site.start("INNER this")
    request: PermissionRequest = wait(lambda: read_run(folder).request)
    short = read_run(folder).session_id[:8]
    root = site.listing.parent
    path = folder / "requests" / f"{request.request_id}.json"
    real = path.read_text()
    path.write_text(real.replace("touch made", "ls"))
    edited = read_run(folder).request
    assert edited is not None
    assert edited.input["command"] == "ls"
    done = run_cli(root, "answer", short, "allow", "--input", edited.digest)
    assert (done.returncode, "can only be denied" in done.stderr) == (4, True)
    command(folder, "answer", decision="allow")
    wait(lambda: [one for one in read_events(folder) if one["type"] == "refused"])
    assert read_run(folder).request
    assert "answer refused by bert" in run_cli(root, "tail", short).stdout
    path.write_text(real)
    assert run_cli(root, "answer", short, "wait", "2h").returncode == 0
    later = read_run(folder).request
    assert later is not None
    assert later.until is not None
    assert later.until > datetime.now(UTC) + timedelta(minutes=100)
    done = run_cli(root, "answer", short, "allow", "--input", request.digest[:16])
    assert done.returncode == 0
    assert over(folder).state == "done"
    assert (site.listing / "made").exists()
