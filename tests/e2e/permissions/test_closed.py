"""No tool of an agent of ours reaches a secret, whoever started it, with the real CLI."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.runs_site import Site, over, site_below, wait
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import ToolUse, Turn, say
from tui.runs.folder.protocol import read_events, read_run

UNSEEN = "a-word-that-no-agent-may-see"
ELSEWHERE = "9f2c0000-1111-4222-8333-444455556666"
TOOLS = [*("Bash", "Read", "Edit", "Write", "NotebookEdit", "Glob", "Grep", "Agent")]
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
SERVER = """
import json, sys
def answer(method, given):
    if method == "initialize":
        served = {"protocolVersion": given["protocolVersion"], "capabilities": {"tools": {}}}
        return served | {"serverInfo": {"name": "files", "version": "1"}}
    if method == "tools/call":
        path = given["arguments"]["where"]["path"]
        return {"content": [{"type": "text", "text": open(path).read()}]}
    tool = {"name": "show", "inputSchema": {"type": "object"}, "description": "Show a file."}
    return {"tools": [tool]}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        result = answer(asked["method"], asked.get("params"))
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


def read(path: Path | str) -> ToolUse:
    return ToolUse("Read", {"file_path": str(path)})


def bash(command: str) -> ToolUse:
    return ToolUse("Bash", {"command": command, "description": "look"})


def find(tool: str, pattern: str, **more: Any) -> ToolUse:
    return ToolUse(tool, {"pattern": pattern} | more)


def seeking(listing: Path) -> list[ToolUse]:
    """Return the ways to a secret, one call after the other."""
    task = {"description": "look", "prompt": "INNER", "subagent_type": "general-purpose"}
    ways = [*reading(listing), *searching(listing), *changing(listing), *serving(listing)]
    return [*ways, ToolUse("Agent", task)]


def reading(listing: Path) -> list[ToolUse]:
    config_dir = listing / ".claude_sessions"
    return [
        read(config_dir / ".credentials.json"),
        read(".credentials.json"),
        read(".claude_sessions/.credentials.json"),
        read(listing / "sub/../.claude_sessions/./.credentials.json"),
        read(listing / "to_file"),
        read(listing / "to_folder/.credentials.json"),
        read(listing / "env (its) [own]*"),
        read(listing / "../env"),
        read(listing / "../settings.toml"),
        read(listing / "../state/remembered"),
        read(listing / ".session_console/kept"),
        read(listing.parent / ".session_console/kept"),
        read(listing.parent / "other/.claude_sessions/.credentials.json"),
        read("/proc/self/environ"),
        read(f"/proc/self/cwd/{config_dir.name}/.credentials.json"),
    ]


def searching(listing: Path) -> list[ToolUse]:
    config_dir = listing / ".claude_sessions"
    return [
        bash("cat .claude_sessions/.credentials.json"),
        bash("cat to_file"),
        bash("grep -r word ."),
        bash("printenv NOT_TOLD"),
        find("Grep", "word", output_mode="content"),
        find("Grep", "word", path=str(listing), output_mode="content"),
        find("Grep", "word", path=str(listing / "to_folder"), output_mode="content"),
        find("Grep", "word", path=str(listing.parent), output_mode="content"),
        find("Grep", "word", path=str(config_dir / "projects"), output_mode="content"),
        find("Glob", "**/.credentials.json", path=str(listing)),
        find("Glob", ".claude_sessions/*"),
    ]


def changing(listing: Path) -> list[ToolUse]:
    config_dir, new = listing / ".claude_sessions", {"new_source": "x", "cell_type": "code"}
    return [
        read(listing / "notebook.ipynb"),
        ToolUse("NotebookEdit", {"notebook_path": str(listing / "notebook.ipynb")} | new),
        ToolUse("Write", {"file_path": str(listing / "to_folder/new.json"), "content": "{}"}),
        ToolUse("Write", {"file_path": str(config_dir / "settings.json"), "content": "{}"}),
        ToolUse(
            "Edit", {"file_path": str(listing / "to_file"), "old_string": "a", "new_string": ""}
        ),
    ]


def serving(listing: Path) -> list[ToolUse]:
    paths = (str(listing / ".claude_sessions" / ".credentials.json"), "to_file")
    return [ToolUse("mcp__files__show", {"where": {"path": path}}) for path in paths]


def seek(asked: ApiRequest) -> Turn:
    """Try each in its turn; a sub-agent tries the files alone."""
    calls = seeking(Path(asked.first_prompt.split()[-1]))
    return say(calls[asked.step]) if asked.step < len(calls) else say("Sought.")


def inner(asked: ApiRequest) -> Turn:
    calls = [read("to_file"), bash("cat to_file")]
    return say(calls[asked.step]) if asked.step < len(calls) else say("Sought inside.")


def page(asked: ApiRequest) -> Turn:
    """Read on in what was too long, then in what is another session.s or a transcript."""
    found = re.search(r"(/[^\s\"\\]*)/([^/\s\"\\]*)/tool-results/[^\s\"\\]*", str(asked.body))
    if asked.step == 0 or found is None:
        return say(bash("seq 1000000 1200000")) if asked.step == 0 else say("Nothing kept.")
    project, own = found[1], found[2]
    calls = [
        ToolUse("Read", {"file_path": found[0], "limit": 3}),
        read(f"{project}/{ELSEWHERE}/tool-results/a.txt"),
        ToolUse("Read", {"file_path": f"{project}/{own}.jsonl", "limit": 1}),
        read(f"{project}/{own}/tool-results/../../../../.credentials.json"),
    ]
    return say(calls[asked.step - 1]) if asked.step <= len(calls) else say("Paged.")


def plan(asked: ApiRequest) -> Turn:
    """Write the plan where the CLI says that it belongs."""
    found = re.search(r"/[^\s\"\\`]*/plans/[^\s\"\\`]*\.md", str(asked.body))
    if asked.step or found is None:
        return say("Planned.")
    return say(ToolUse("Write", {"file_path": found[0], "content": "Ask them all."}))


SCENES = by_word(
    {"INNER": inner, "SEEK": seek, "PAGE": page, "PLAN": plan}, default=lambda asked: say("Well.")
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackApi(SCENES) as api, site_below(tmp_path, api) as site:
        site.env_file.rename(site.listing / "env (its) [own]*")
        site.env_file = site.listing / "env (its) [own]*"
        site.env_file.write_text(f"{site.env_file.read_text()}NOT_TOLD={UNSEEN}\n")
        hide(site.listing)
        yield site


def hide(listing: Path) -> None:
    config_dir = listing / ".claude_sessions"
    for path in (
        *(config_dir / ".credentials.json", config_dir / "settings.json"),
        *(config_dir / "unheard-of.json", listing / ".session_console" / "kept"),
        *(listing.parent / ".session_console" / "kept", listing.parent / "state" / "remembered"),
        *(listing.parent / "env", listing.parent / "settings.toml"),
        listing.parent / "other" / ".claude_sessions" / ".credentials.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"env": {"NOT_TOLD": UNSEEN}}))
    (config_dir / "notebook.ipynb").write_text(json.dumps(NOTEBOOK))
    (listing / "sub").mkdir()
    (listing / "server.py").write_text(SERVER)
    for name, place in (
        ("to_file", ".claude_sessions/.credentials.json"),
        ("to_folder", ".claude_sessions"),
        ("notebook.ipynb", ".claude_sessions/notebook.ipynb"),
    ):
        (listing / name).symlink_to(place)


def closed(listing: Path) -> tuple[Path, ...]:
    return tuple(listing.parent / name for name in ("env", "settings.toml", "state"))


def agent(site: Site, *allowed: str) -> dict[str, Any]:
    server = {"command": sys.executable, "args": [str(site.listing / "server.py")]}
    names = [*allowed, "mcp__files", *(one for one in TOOLS if one != "Bash")]
    return {"tools": TOOLS, "allowed_tools": names, "mcp_servers": {"files": server}}


@pytest.mark.parametrize("is_restricted", [True, False])
@pytest.mark.parametrize("place", [".", ".claude_sessions"])
def test_no_tool_shows_or_changes_a_secret(site: Site, place: str, is_restricted: bool) -> None:
    """Without the rules a search finds it; without the judging an MCP server reads it."""
    before = contents(site.listing)
    given = agent(site)
    folder = site.start(
        f"SEEK {site.listing}",
        cwd=(site.listing / place).resolve(),
        agent=given,
        stage_gives={"allowed_tools": given["allowed_tools"]},
        is_restricted=is_restricted,
        closed=closed(site.listing),
        permission_timeout_s=0.2,
    )
    run = over(folder)
    assert (run.state, run.error) == ("done", "")
    said = str([asked.body for asked in site.api.requests])
    assert "Sought." in site.transcript(run.session_id)
    assert "Sought inside." in said
    assert "Show a file." in said
    assert UNSEEN not in said
    assert UNSEEN not in site.transcript(run.session_id)
    assert contents(site.listing) == before


def contents(listing: Path) -> dict[str, str]:
    config_dir = listing / ".claude_sessions"
    names = (".credentials.json", "unheard-of.json", "notebook.ipynb", "new.json")
    paths = [path for path in (config_dir / name for name in names) if path.exists()]
    return {path.name: path.read_text() for path in paths}


def test_a_mention_or_an_import_shows_no_secret(site: Site) -> None:
    """Without the rules the CLI puts in what a prompt or a `CLAUDE.md` names, and uses no tool."""
    (site.listing / "CLAUDE.md").write_text("Mind @.claude_sessions/unheard-of.json and @to_file")
    said = f"Look at @{site.listing}/.claude_sessions/.credentials.json and @to_file"
    assert over(site.start(said, closed=closed(site.listing))).state == "done"
    assert "unheard-of.json" in str(site.api.requests)
    assert UNSEEN not in str(site.api.requests)


def test_what_was_too_long_is_read_on_in_and_no_other_session(site: Site) -> None:
    """Without the gaps in the rules an agent is told to read what it then may not."""
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(site.listing))
    other = site.listing / ".claude_sessions/projects" / slug / ELSEWHERE / "tool-results/a.txt"
    other.parent.mkdir(parents=True)
    other.write_text(UNSEEN)
    folder = site.start("PAGE this", agent={"allowed_tools": ["Bash"], "tools": TOOLS})
    assert over(folder).state == "done"
    said = site.transcript(read_run(folder).session_id)
    assert "1000002" in said
    assert [one["type"] for one in read_events(folder)].count("permission") == 0
    results = re.findall(r'"content":"(?:1\\t)?([^"]{0,60})', said)
    denied = [one for one in results if "denied" in one or "Closed" in one]
    assert len(denied) == 3
    assert UNSEEN not in said


@pytest.mark.parametrize("is_restricted", [True, False])
def test_a_plan_is_written_where_the_cli_keeps_plans(site: Site, is_restricted: bool) -> None:
    """Without the gap in the rules an agent in plan mode cannot do what it is told to do first."""
    given = {"permission_mode": "plan"}
    folder = site.start("PLAN this", agent=given, is_restricted=is_restricted)
    wait(lambda: read_run(folder).is_over or (read_run(folder).request and not is_restricted))
    (kept,) = (site.listing / ".claude_sessions" / "plans").glob("*.md")
    assert kept.read_text() == "Ask them all."
