"""The process that runs a demo, and removes everything when its stdin is closed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.core.errors import ConsoleError
from tui.demo.api import LoopbackApi
from tui.demo.cast import Fate
from tui.demo.live_runs import delete_sample, end_runs, has_runs, leads, resume
from tui.demo.sample import WrittenSession, write_sample
from tui.demo.scenes import demo_scene, found
from tui.operations.context import Context
from tui.settings import Settings

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# An agent uses both cores of a small machine in its first second.
_GAP_S = 2.5
_STAGE = {
    "model": "claude-sonnet-5-5",
    "allowed_tools": ["WebSearch"],
    "permission_mode": "default",
}


def main(arguments: list[str]) -> int:
    """Run a demo until stdin is closed or a signal comes; the first argument is its speed."""
    speed = float(arguments[0]) if arguments else 1.0
    if not speed > 0:
        sys.exit("the speed must be above 0")
    asyncio.run(_keep(speed))
    return 0


async def _keep(speed: float) -> None:
    over = _end_of_input()
    folder = Path(tempfile.mkdtemp(prefix="session-console-demo-"))
    try:
        root = folder / "outputs"
        home = folder / "home"
        sample = write_sample(root, _now(), claude_home=home)
        with LoopbackApi(demo_scene(), search=found, speed=speed) as api:
            settings = _settings(folder, root, api)
            context = Context(Settings(**settings, operator="demo"), _now)
            for one in sample:
                if one.part.fate is Fate.DELETED:
                    delete_sample(context, one)
            _announce(folder, settings)
            await _play(context, leads(sample), over)
            await asyncio.to_thread(_end_all, root)
    finally:
        _remove(folder)


def _now() -> datetime:
    return datetime.now(UTC)


def _end_of_input() -> asyncio.Event:
    """Return an event that is set when stdin is closed, as it is when the parent dies."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for one in _SIGNALS:
        loop.add_signal_handler(one, over.set)

    def wait() -> None:
        while os.read(0, 4096):
            pass
        with suppress(RuntimeError):  # a signal may have ended the loop
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait, name="input", daemon=True).start()
    return over


def _settings(folder: Path, root: Path, api: LoopbackApi) -> dict[str, Any]:
    scratch = folder / "scratch"
    scratch.mkdir(mode=0o700)
    # Otherwise the CLI leaves folders and sockets in the machine's temporary folders.
    own = {"CLAUDE_CODE_TMPDIR": str(scratch), "XDG_RUNTIME_DIR": str(scratch)}
    env_file = folder / "agents.env"
    env_file.touch(mode=0o600)
    lines = [f"{name}={value}\n" for name, value in (api.env() | own).items()]
    env_file.write_text("".join(lines), encoding="utf-8")
    stages = {f"stage_{number}": _STAGE for number in range(1, 6)}
    # The console's own state and cache stay inside the demo.
    own_places = {
        "claude_home": folder / "home",
        "state_dir": folder / "state",
        "cache_dir": folder / "cache",
    }
    # The leads take four slots, and `r` should not have to wait for them.
    places = {"max_runs": 8}
    return {"root": root, "env_file": env_file, "stages": stages, **places, **own_places}


def _announce(folder: Path, settings: dict[str, Any]) -> None:
    """Print where everything is in one line; from then on all output goes to a log."""
    told = {"folder": folder, "pid": os.getpid(), "root": settings["root"], "settings": settings}
    sys.stdout.write(json.dumps(told, default=str) + "\n")
    sys.stdout.flush()
    log = os.open(folder / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


async def _play(context: Context, sessions: list[WrittenSession], over: asyncio.Event) -> None:
    """Start the live runs one after the other, then wait for the end."""
    for session in sessions:
        try:
            await asyncio.to_thread(resume, context, session)
        except ConsoleError as error:
            sys.stderr.write(f"{session.listing_id}: {error}\n")
        with suppress(TimeoutError):
            async with asyncio.timeout(_GAP_S):
                await over.wait()
        if over.is_set():
            return
    await over.wait()


def _end_all(root: Path) -> None:
    """End all runs, also those that an operator starts meanwhile."""
    for _ in range(5):
        end_runs(root)
        if not has_runs(root):
            return


def _remove(folder: Path) -> None:
    """Remove the folder; a process that is ending may still write to it."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        threading.Event().wait(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
