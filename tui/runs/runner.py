"""The detached process of a run: it owns the agent, and ends when nothing is left to do.

The launcher starts it, or takes one that was started ahead, and hands it the session's lock.
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
from tui.core.text.digest import sha256_hex
from tui.core.text.safe_text import one_line
from tui.runs.agent.sdk_import import import_ahead
from tui.runs.driver import RunDriver
from tui.runs.folder.bounded_reads import read_end
from tui.runs.folder.protocol import SPEC, RunSpec, describe
from tui.runs.journal.run_journal import Journal
from tui.runs.queue_gate import QueueGate
from tui.runs.starting.command_line import CommandLine
from tui.runs.starting.order import OrderChannel
from tui.safe_io.opening import guard_below


def main(folder: Path, lock_fd: int, digest: str, clock: Callable[[], datetime]) -> None:
    """Run the run in `folder`; the lock is released before its end is recorded.

    Only a spec with this digest is accepted: others could write one that allows everything.
    """
    with suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    journal = Journal(folder, clock)
    journal.owner(describe(os.getpid()))
    try:
        spec = _spec(folder, digest)
        asyncio.run(_drive(RunDriver(journal, spec, clock, gate=_gate(folder, spec, journal))))
    except Exception as error:  # the last chance to say in the run folder what went wrong
        traceback.print_exception(error)
        journal.event("failed", reason=one_line(error))
    finally:
        with suppress(OSError):
            os.close(lock_fd)
        journal.event("ended")


def _spec(folder: Path, digest: str) -> RunSpec:
    raw = read_end(folder / SPEC)
    if sha256_hex(raw) != digest:
        raise RunFailed(f"{SPEC} changed after the run was started")
    return RunSpec.from_json(raw.decode("utf-8"))


def _root_of(folder: Path) -> Path:
    return folder.parent.parent.parent.parent


def _gate(folder: Path, spec: RunSpec, journal: Journal) -> QueueGate | None:
    def tell(words: str) -> None:
        journal.event("notice", kind="places", words=words)

    return (
        QueueGate(_root_of(folder), spec.run_id, spec.max_runs, tell) if spec.max_runs > 0 else None
    )


async def _drive(driver: RunDriver) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, driver.stop)
    failure = await driver.run()
    if failure is not None and not isinstance(failure, RunFailed):
        traceback.print_exception(failure)


def begin_ordered(place: str, fd: str, life_s: str) -> None:
    """Start here as a detached runner, of the run that is ordered by the channel `fd`.

    Without an order this ends within `life_s`, or when the other end of the channel is closed; what
    any run needs is imported meanwhile. `place` is where the run's folder is on the command line.
    """
    orders = OrderChannel(int(fd), CommandLine(place), float(life_s))
    if not orders.has_mail:
        import_ahead()
    if (taken := orders.take()) is not None:
        order, lock_fd = taken
        begin(order.folder, str(lock_fd), order.digest)


def begin(folder: str, lock_fd: str, digest: str) -> None:
    """Start here as the detached runner of `folder`, with the real clock."""
    guard_below(_root_of(Path(folder)))
    main(Path(folder), int(lock_fd), digest, lambda: datetime.now(UTC))
