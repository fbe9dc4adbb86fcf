"""A listing whose runs talk to a loopback API, with helpers for the tests of runs."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.listings.run_spec import run_spec
from tui.core.models.row import Row
from tui.core.models.run import Run
from tui.demo.api import LoopbackApi, by_word
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Failure, Text, ToolUse, Turn, say
from tui.runs.folder import protocol
from tui.runs.folder.command import Command, CommandKind, Decision
from tui.runs.folder.inbox import post
from tui.runs.folder.protocol import RunSpec, read_events, read_owner, read_run
from tui.runs.starting.launcher import launch
from tui.runs.starting.spare import SpareRunner
from tui.safe_io.processes import started
from tui.storage.session_locks import SessionLock
from tui.storage.table.tracking import read_rows

WORDS = "Strategic buyers of industrial pumps are few and well known. " * 8


def permit(asked: ApiRequest) -> Turn:
    if asked.step < 2:
        return say(ToolUse("Bash", {"command": f"touch made-{asked.step}", "description": "make"}))
    return say("Finished.")


def leave_work_behind(asked: ApiRequest) -> Turn:
    command = "sleep 2; echo $PYTHONPATH > late"
    late = {"command": command, "run_in_background": True, "description": "wait"}
    return say("So be it.") if asked.step else say(ToolUse("Bash", late))


def ask(asked: ApiRequest) -> Turn:
    options = [{"label": name, "description": ""} for name in ("Europe", "Asia")]
    question = {"question": "Which region?", "header": "Region", "options": options}
    given = {"questions": [question | {"multiSelect": False}]}
    return say("Very well.") if asked.step else say(ToolUse("AskUserQuestion", given))


def call_twice(asked: ApiRequest) -> Turn:
    calls = (ToolUse("Bash", {"command": f"echo Bash-{one}", "description": one}) for one in "ab")
    return say("Both were said.") if asked.step else say(*calls)


SCENES = by_word(
    {
        "QUESTION": ask,
        "TWICE": call_twice,
        "BEHIND": leave_work_behind,
        "ECHO": lambda asked: say(f"You said: {asked.prompt[:40]}"),
        "WORDLESS": lambda asked: Turn(()),
        "STREAM": lambda asked: say(Text("Let me think. "), Text(WORDS, 4)),
        "LONG": lambda asked: say(Text(WORDS * 20, 20)),
        "PERMIT": permit,
        "BADKEY": lambda asked: Failure(401, "authentication_error", "invalid x-api-key"),
    },
    default=lambda asked: say("Very well."),
)


@dataclass
class Site:
    """A listing with its database, and the API of its runs."""

    listing: Path
    env_file: Path
    api: LoopbackApi

    def spec(self, prompt: str, **changes: Any) -> RunSpec:
        values: dict[str, Any] = {
            "session_id": str(uuid.uuid4()),
            "prompt": prompt,
            "env_file": self.env_file,
        }
        return run_spec(self.listing, datetime.now(UTC), **(values | changes))

    def start(self, prompt: str, **changes: Any) -> Path:
        return self.start_by(None, prompt, **changes)

    def start_by(self, spare: SpareRunner | None, prompt: str, **changes: Any) -> Path:
        spec = self.spec(prompt, **changes)
        with SessionLock.take(self.listing, spec.session_id) as lock:
            return launch(spec, lock, spare)

    def row(self, session_id: str) -> Row | None:
        rows = read_rows(self.listing / "buyers.db")
        return next((row for row in rows if row.session_id == session_id), None)

    def transcript(self, session_id: str) -> str:
        config_dir = self.listing / ".claude_sessions"
        paths = list(config_dir.glob(f"projects/*/{session_id}.jsonl"))
        return paths[0].read_text() if paths else ""

    def hurry(self) -> None:
        """Let the agents write at once what they have still to say."""
        self.api.speed = 1e6


@contextmanager
def site_below(folder: Path, api: LoopbackApi) -> Iterator[Site]:
    """A site in an empty folder; runs that a failed test left behind are ended."""
    listing = folder / "outputs" / "hollis_park"
    listing.mkdir(parents=True)
    env_file = folder / "env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in api.env().items()))
    env_file.chmod(0o600)
    api.speed = 1.0
    yield Site(listing, env_file, api)
    left = (run for run in protocol.run_folders(listing) if not protocol.is_dead(run))
    end(*(run for run in left if read_owner(run)["pid"] != os.getpid()))


def wait(is_so: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until `is_so()` is true and return its value."""
    until = time.monotonic() + seconds
    while not (value := is_so()):
        if time.monotonic() >= until:
            raise AssertionError("it never came to pass")
        time.sleep(0.03)
    return value


def end(*folders: Path) -> None:
    """End runners that a test left behind, all at once."""
    for folder in folders:
        os.kill(read_owner(folder)["pid"], signal.SIGTERM)
    wait(lambda: all(map(protocol.is_dead, folders)))


def over(folder: Path) -> Run:
    """Wait for the end of a run, and return it."""
    try:
        wait(lambda: read_run(folder).is_over)
    except AssertionError:
        log = (folder / protocol.LOG).read_text()
        raise AssertionError(f"{read_events(folder)}\n{log}") from None
    return read_run(folder)


def command(folder: Path, kind: CommandKind, text: str = "", decision: Decision = "") -> None:
    request = read_run(folder).request if kind == "answer" else None
    number, digest = (request.request_id, request.digest) if request else ("", "")
    answer = Command(
        kind,
        at=datetime.now(UTC),
        by="bert",
        text=text,
        request_id=number,
        decision=decision,
        digest=digest,
    )
    post(folder, answer)


def kinds(folder: Path) -> list[str]:
    return [event["type"] for event in read_events(folder)]


def cli_is_gone(folder: Path) -> bool:
    return started(read_owner(folder)["cli_pid"]) is None
