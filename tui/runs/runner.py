"""The detached process of a run: it owns the agent, and ends when nothing is left to do.

The launcher starts it, and hands it the session's lock.
"""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tui.core.errors import RunFailed
from tui.core.text import one_line
from tui.runs.driver import Driver
from tui.runs.gate import Gate
from tui.runs.journal import Journal
from tui.runs.protocol import SPEC, RunSpec, describe
from tui.runs.untrusted import read_end


def main(folder: Path, lock_fd: int, clock: Callable[[], datetime]) -> None:
    """Run the run in `folder`; the lock is let go before the run says that it has ended."""
    with suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    journal = Journal(folder, clock)
    journal.owner(describe(os.getpid()))
    try:
        spec = RunSpec.from_json(read_end(folder / SPEC).decode("utf-8"))
        asyncio.run(_drive(Driver(journal, spec, clock, gate=_gate(folder, spec))))
    except Exception as error:  # the last chance to say in the run folder what went wrong
        traceback.print_exception(error)
        journal.event("failed", reason=one_line(error))
    finally:
        with suppress(OSError):
            os.close(lock_fd)
        journal.event("ended")


def _gate(folder: Path, spec: RunSpec) -> Gate | None:
    root = folder.parent.parent.parent.parent
    return Gate(root, spec.run_id, spec.max_runs) if spec.max_runs > 0 else None


async def _drive(driver: Driver) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, driver.stop)
    failure = await driver.run()
    if failure is not None and not isinstance(failure, RunFailed):
        traceback.print_exception(failure)


def begin(folder: str, lock_fd: str) -> None:
    """Be the runner of `folder`: the detached process starts here, and picks its clock."""
    main(Path(folder), int(lock_fd), lambda: datetime.now(UTC))
