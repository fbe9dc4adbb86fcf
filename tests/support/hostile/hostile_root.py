"""A root in which everything that others write is hostile: every name, field and file."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.hostile.payloads import PAYLOADS
from tests.support.listings import guide_statements as guide
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.children import Child
from tui.operations.running.hold import set_hold
from tui.operations.sessions.acknowledge import acknowledge
from tui.operations.trash.delete import delete
from tui.runs.folder.protocol import EVENTS, HEARTBEAT, INBOX, OWNER, PARTIAL, SPEC, describe
from tui.safe_io.processes import own_domain, started

WAITING = "9f2e0000-1111-4222-8333-444455556666"
ASKING = "9f2f0000-1111-4222-8333-444455556666"
TRASHED = "9f300000-1111-4222-8333-444455556666"
STRAY = "9f310000-1111-4222-8333-444455556666"
SICK = "9f320000-1111-4222-8333-444455556666"
MARKUP = "[/red][@click=app.exit]x[/] {0} %s {x!r}"
ALL = "".join(PAYLOADS.values()) + MARKUP
NAME = ALL.replace("/", "").encode()[:180].decode(errors="ignore")
ENVIRONMENT = {
    "LOGNAME": NAME,
    "USER": NAME,
    "SSH_CONNECTION": f"{ALL} 1 10.0.0.1 22",
    "SSH_TTY": ALL,
}


@dataclass(frozen=True)
class HostileRoot:
    """The root, its one listing that works, and the process that owns its runs."""

    listing: SampleListing
    driver: subprocess.Popen[str]

    @property
    def root(self) -> Path:
        return self.listing.root

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the operator."""
        return ENVIRONMENT | {
            "HOME": str(self.root.parent / "home"),
            "SESSION_CONSOLE_CONFIG": str(self.root.parent / "config.toml"),
        }


@contextmanager
def hostile_root(folder: Path, *, is_held: bool = True) -> Iterator[HostileRoot]:
    """Create the root; with `is_held` no agent and no clean-up can start."""
    listing = SampleListing(folder / "outputs", NAME)
    listing.folder.mkdir(parents=True)
    with Child(["sleep", "600"]) as driver:
        try:
            _rows(listing)
            _transcripts(listing, folder / "home")
            _runs(listing, driver.pid)
            _audit(listing)
            _own_files(listing, is_held=is_held)
            _sick(listing)
            (folder / "config.toml").write_text(_settings())
            yield HostileRoot(listing, driver)
        finally:
            driver.kill()


def _settings() -> str:
    """Return a settings file whose stages are hostile; JSON strings are also TOML strings."""
    return f"[stages.{_toml(ALL)}]\nmodel = {_toml(ALL)}\nallowed_tools = [{_toml(ALL)}]\n"


def _toml(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")


def _rows(listing: SampleListing) -> None:
    agent = {"model": ALL, "cwd": ALL, "allowed_tools": [ALL], "permission_mode": ALL, ALL: ALL}
    metadata = json.dumps({"last_error": ALL, "failed_at": ALL, ALL: [ALL, {ALL: ALL}]})
    asyncio.run(guide.init_table(listing.db_path))
    now = datetime.now()  # noqa: DTZ005 (the guide writes naive local times)
    made, ends = (now - timedelta(hours=1)).isoformat(), (now + timedelta(days=6)).isoformat()
    sound = [(one, ALL, ALL, made, ends, "active") for one in (SECOND, WAITING, ASKING, TRASHED)]
    odd = [(FIRST, ALL, ALL, ALL, ALL, "failed"), (f"77{ALL}", ALL, ALL, ALL, ALL, ALL)]
    told = json.dumps({"agent": agent})
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        pipeline.executemany(
            "INSERT INTO claude_sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
            [*((*row, metadata) for row in odd), *((*row, told) for row in sound)],
        )
        pipeline.commit()


def _transcripts(listing: SampleListing, home: Path) -> None:
    call = {"type": "tool_use", "id": ALL, "name": ALL, "input": {"command": ALL, ALL: ALL}}
    result = {"type": "tool_result", "tool_use_id": ALL, "content": ALL, "is_error": True}
    thought = {"type": "thinking", "thinking": ALL, "signature": ALL}
    said: list[dict[str, Any]] = [
        {"type": "ai-title", "title": ALL},
        {"type": "custom-title", "customTitle": ALL},
        {"type": "assistant", "message": {"id": ALL, "model": ALL, "content": [thought, call]}},
        {"type": "user", "message": {"content": [result]}},
        {"type": "system", "subtype": "api_error", "error": ALL},
        {"type": "system", "subtype": ALL, "content": ALL},
        {"type": ALL, "uuid": ALL, "cwd": ALL},
    ]
    lines = "".join(f"{json.dumps(line)}\n" for line in said)
    for one in (FIRST, SECOND, WAITING, ASKING, TRASHED):
        path = listing.write_transcript(one, *PAYLOADS.values(), ALL, prompt=ALL)
        path.write_text(path.read_text() + lines)
    below = listing.transcript_path(FIRST).parent / FIRST
    files = {
        below / "subagents" / f"agent-{NAME}.jsonl": lines,
        below / "subagents" / f"agent-{NAME}.meta.json": json.dumps(
            {"agentType": ALL, "description": ALL, "toolUseId": ALL}
        ),
        below / "tool-results" / f"{NAME}.txt": ALL,
        listing.config_dir / "settings.json": json.dumps({"cleanupPeriodDays": ALL, ALL: ALL}),
        home / ".claude/projects" / _folder_of(listing) / f"{STRAY}.jsonl": json.dumps(
            {"type": "user", "cwd": str(listing.folder), "message": {"content": ALL}}
        ),
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n", errors="replace")


def _folder_of(listing: SampleListing) -> str:
    """Return the name that the CLI gives to the folder of a working directory."""
    return re.sub("[^A-Za-z0-9]", "-", str(listing.folder.resolve()))


def _runs(listing: SampleListing, pid: int) -> None:
    """Make one session wait for a permission and another ask a question."""
    option = {"label": ALL, "description": ALL}
    asked = {"questions": [{"question": ALL, "header": ALL, "options": [option, option]}]}
    _run(listing, WAITING, pid, ALL, {"command": ALL, "description": ALL, ALL: ALL})
    _run(listing, ASKING, pid, "AskUserQuestion", asked)
    entry = {"pid": pid, "sessionId": WAITING, "status": "waiting", "waitingFor": ALL, "cwd": ALL}
    facts = {"procStart": started(pid), "pidDomain": own_domain(), "startedAt": ALL}
    registry = listing.config_dir / "sessions"
    registry.mkdir(parents=True)
    (registry / f"{pid}.json").write_text(json.dumps(entry | facts))
    (registry / "77.json").write_text(json.dumps({"pid": 77, "sessionId": ALL, "pidDomain": ALL}))


def _run(listing: SampleListing, one: str, pid: int, tool: str, given: dict[str, Any]) -> None:
    number = "1f9c00" if one == WAITING else "2f9c00"
    folder = listing.folder / ".session_console/runs" / f"20261122T071530Z-{number}"
    (folder / INBOX).mkdir(parents=True)
    at = datetime.now(UTC).isoformat()
    spec = {"session_id": one, "created_at": at, "operator": ALL, "stage": ALL, "prompt": ALL}
    events = [
        {"type": "queued", "at": at, "reason": ALL},
        {"type": "admitted", "at": at},
        {"type": "init", "at": at, "model": ALL, "permission_mode": ALL, ALL: ALL},
        {"type": "notice", "at": at, "kind": ALL, "words": ALL, "command": ALL, "by": ALL},
        {"type": "missed", "at": at, "id": ALL, "command": ALL, "by": ALL, "words": ALL},
        {"type": ALL, "at": at},
        {"type": "permission", "at": at, "request_id": "p7", "tool": tool, "input": given},
    ]
    block = {"message_id": ALL, "index": 0, "kind": "text", "text": ALL, "tool": ALL, "at": at}
    sent = {"kind": "prompt", "at": at, "by": ALL, "text": ALL}
    files = {
        SPEC: json.dumps(spec),
        OWNER: json.dumps(describe(pid) | {"host": ALL}),
        EVENTS: "".join(f"{json.dumps(event)}\n" for event in events),
        PARTIAL: json.dumps(block | {"earlier": [block | {"kind": "tool"}]}),
        f"{INBOX}/20261122T071530.000000-0badcafe-prompt.json": json.dumps(sent),
        HEARTBEAT: "",
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    os.utime(folder / HEARTBEAT)


def _audit(listing: SampleListing) -> None:
    """Add a hostile act to the audit, as another console may have written it."""
    delete(listing.context(), listing.session(TRASHED))
    row = dict.fromkeys(("session_id", "listing_id", "stage", "created_at", "expires_at"), ALL)
    told = json.dumps(row | {"status": ALL, "metadata": json.dumps({"last_error": ALL})})
    acts = [(SECOND, "extend"), (FIRST, ALL), (ALL, ALL)]
    with closing(sqlite3.connect(listing.db_path)) as pipeline:
        pipeline.executemany(
            "INSERT INTO claude_session_events "
            "(at, operator, action, session_id, before, after) VALUES (?, ?, ?, ?, ?, ?)",
            [(datetime.now(UTC).isoformat(), ALL, act, one, told, told) for one, act in acts],
        )
        pipeline.commit()


def _own_files(listing: SampleListing, *, is_held: bool) -> None:
    """Spoil the files that consoles share: trash, acknowledgements, hold, logbook."""
    acknowledge(listing.context(), listing.session(FIRST))
    set_hold(listing.context(), is_on=True, reason=ALL)
    ours = listing.root / ".session_console"
    for path in listing.root.rglob("manifest.json"):
        manifest = json.loads(path.read_text()) | {"operator": ALL, "action": ALL}
        for one in manifest["sessions"].values():
            one["title"] = ALL
        path.write_text(json.dumps(manifest))
    acks = listing.folder / ".session_console" / "acks.json"
    acks.write_text(acks.read_text().replace('"anna"', json.dumps(ALL)))
    signed = {"by": ALL, "at": datetime.now(UTC).isoformat()}
    noted = {"tags": {"urgent": signed, ALL: signed}, "note": {"text": ALL, **signed}}
    acks.with_name("annotations.json").write_text(json.dumps({FIRST: noted}))
    (ours / "hold.json").write_text((ours / "hold.json").read_text().replace('"anna"', _toml(ALL)))
    at = datetime.now(UTC).isoformat()
    names = dict.fromkeys(("operator", "listing", "session_id", "note"), ALL)
    with (ours / "log.jsonl").open("a") as log:
        for action in ("ack", "rename", "purge", "hold", ALL):
            log.write(json.dumps({"at": at, "action": action} | names) + "\n")
    if not is_held:
        (ours / "hold.json").unlink()


def _sick(listing: SampleListing) -> None:
    """Add listings that cannot be read, and files that are not ours."""
    sick = listing.root / f"sick{NAME}"
    sick.mkdir()
    (sick / "buyers.db").write_bytes(ALL.encode() * 9)
    there = sick / ".claude_sessions/projects" / NAME / f"{SICK}.jsonl"
    there.parent.mkdir(parents=True)
    shutil.copy(listing.transcript_path(FIRST), there)
    (listing.folder / f"{NAME}.csv").write_text(ALL)
    (listing.root / f"file{NAME}").write_text(ALL)
