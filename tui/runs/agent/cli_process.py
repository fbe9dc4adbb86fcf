"""Starts the CLI of a run, and finds and kills it among this process's children."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.safe_io.processes import UNTOLD, started

if TYPE_CHECKING:
    import asyncio

    from claude_agent_sdk import ClaudeSDKClient, SessionStore

    from tui.runs.folder.protocol import RunSpec

# In the environment of the CLI alone, so that nothing else that a pipeline started is taken for it.
RUN_VARIABLE = "SESSION_CONSOLE_RUN"
_TRIES, _PAUSE_S = 20, 0.1
_LOOK_S, _LAST_ANSWER_S = 0.1, 1.0


_ASK_WITHIN_S = 10.0


class _Mirror:
    """A pipeline's store of sessions, which is told what is written, and asked for nothing.

    The SDK would have the CLI resume what is in the store, in a folder of its own: no console
    would see it, and the session's own transcript would not have it.
    """

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    async def append(self, key: Any, entries: Any) -> None:
        """Tell the store; what it raises must not end the SDK's hearing, with an answer unheard."""
        from tui.core.event_loop import as_exceptions  # it imports asyncio

        with as_exceptions():
            await self._store.append(key, entries)

    async def load(self, key: Any) -> None:
        """Return that nothing is known."""


def session_options(spec: RunSpec, store: SessionStore | None) -> Mapping[str, Any]:
    """Return whose conversation it is; nothing else in the options may say so."""
    resumed = {"new": None, "resume": spec.session_id, "fork": spec.source_id}[spec.mode]
    return {
        "session_id": None if spec.mode == "resume" else spec.session_id,
        "resume": resumed,
        "fork_session": spec.mode == "fork",
        "resume_session_at": (resumed and spec.source_at) or None,
        "continue_conversation": False,
        "session_store": _Mirror(store) if store is not None else None,
    }


def may_write(user: str, path: Path) -> bool:
    """Whether a process of the `user` could write to a file, or in a folder; true if unknown.

    It is asked as the SDK starts the CLI, which keeps the groups of this process.
    """
    import subprocess

    test = '[ -w "$1" ] && { [ ! -d "$1" ] || [ -x "$1" ]; }'
    try:
        asked = subprocess.run(  # noqa: S603 (ours)
            ("/bin/sh", "-c", test, "sh", path), user=user, timeout=_ASK_WITHIN_S, check=False
        )
    except (LookupError, ValueError, OSError, subprocess.SubprocessError):
        return True  # the SDK says what is wrong with such a user
    return asked.returncode == 0


async def connect(client: ClaudeSDKClient) -> None:
    """Start the CLI and greet it; raises the SDK's `ProcessError` once it ends without an answer.

    The SDK waits a minute for the answer of one that ends by itself, with exit code 0.
    """
    import asyncio  # verbs that only look for a CLI shall not pay for it

    from claude_agent_sdk import ProcessError

    ended: list[int] = []

    async def watch(patience: asyncio.Timeout) -> None:
        code = None
        while code is None:
            await asyncio.sleep(_LOOK_S)
            code = _exit_code(client)
        await asyncio.sleep(_LAST_ANSWER_S)  # what it has written is read, or its failure raised
        ended.append(code)
        patience.reschedule(asyncio.get_running_loop().time())

    watching = None
    try:
        async with asyncio.timeout(None) as patience:
            watching = asyncio.create_task(watch(patience), name="greeting")
            await client.connect()
    except TimeoutError:
        if not ended:
            raise
        raise ProcessError("The CLI ended before it answered", exit_code=ended[0]) from None
    finally:
        if watching is not None:
            watching.cancel()


def _exit_code(client: object) -> int | None:
    """Return the exit code of its CLI; `None` while it runs, and in an SDK built differently."""
    process = getattr(getattr(client, "_transport", None), "_process", None)
    code = getattr(process, "returncode", None)
    return code if isinstance(code, int) else None


def find_cli_process(run_id: str) -> tuple[int, str] | None:
    """Return the pid and start time of this run's CLI; `None` if there is none.

    Raises `OSError` when not all children could be checked.
    """
    mark, own = os.fsencode(f"{RUN_VARIABLE}={run_id}"), b"%d" % os.getpid()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 (names)
    found = next((pid for pid in pids if _is_child(pid, own) and mark in _environment(pid)), 0)
    start = started(found) if found else None
    if start == UNTOLD:
        raise OSError(errno.EAGAIN, "cannot tell when the CLI started")
    return (found, start) if start else None


def cli_identity(run_id: str) -> dict[str, int | str]:
    """Return what tells the CLI of this run from another process; raises as `find_cli_process`."""
    pid, start = find_cli_process(run_id) or (0, "")
    return {"cli_pid": pid, "cli_start": start}


def kill_cli(run_id: str) -> bool:
    """Kill the CLI of this run if it is still there; whether it is certainly gone."""
    try:
        cli = find_cli_process(run_id)
        if cli is not None:
            os.kill(cli[0], signal.SIGKILL)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return True


def kill_cli_surely(run_id: str) -> str:
    """Do so, with retries; return a message if it is still uncertain."""
    for _ in range(_TRIES):
        if kill_cli(run_id):
            return ""
        time.sleep(_PAUSE_S)
    return (
        "could not tell whether its CLI is still running: `doctor` finds one that was left behind"
    )


def _is_child(pid: int, own: bytes) -> bool:
    """Whether a process is a living child of ours; there may be thousands to look at."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            stat = os.read(fd, 4096)  # the kernel's few hundred bytes
        finally:
            os.close(fd)
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat.rpartition(b")")[2].split(None, 2)
    return fields[1] == own and fields[0] not in (b"Z", b"X")


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
