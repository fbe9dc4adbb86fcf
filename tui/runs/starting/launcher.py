"""Starts a run: its folder, then a detached runner that outlives whoever started it."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from tui.core.errors import RunFailed
from tui.runs.agent.environment import inherited
from tui.runs.folder.open_folder import (
    closing,
    make_inside,
    open_file,
    open_folder,
    replace_file,
    write_new,
)
from tui.runs.folder.protocol import (
    EVENTS,
    HEARTBEAT,
    INBOX,
    LOG,
    OWNER,
    RESERVE,
    RESERVE_BYTES,
    SPEC,
    RunSpec,
    describe,
)
from tui.runs.starting.order import Order, channel, send_order
from tui.runs.starting.process import spawn
from tui.runs.starting.spare import SpareRunner
from tui.safe_io.folders import console_folder, may_be_there
from tui.safe_io.walking import erase_inside, erase_tree
from tui.storage.session_locks import SessionLock

_OF_ORDER_S = 60.0  # it is there before the runner is


def launch(spec: RunSpec, lock: SessionLock, spare: SpareRunner | None = None) -> Path:
    """Start the run of `spec` and return its folder; takes milliseconds.

    The `spare` runner gets it, if there is one that is as a new one would be.

    `lock` is the session's, held by the caller; its descriptor is passed to the runner and closed
    here, so that the lock is released when the runner ends in any way. After `RunFailed` nothing is
    left behind, and the caller still holds the lock.
    """
    listing = lock.path.parent.parent.parent
    try:
        folder = make_folder(listing, spec)
    except OSError as error:
        raise RunFailed(f"the run's folder cannot be made: {error.strerror or error}") from error
    try:
        pid = _start(folder, lock.fd, spec.digest(), spare)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        with suppress(OSError):
            erase_tree(folder)
        raise RunFailed(f"the runner cannot be started: {error}") from error
    lock.close()
    _name_runner(folder, pid)
    return folder


def make_folder(listing: Path, spec: RunSpec) -> Path:
    """Make the run's folder atomically; until the runner starts, we are its owner.

    Raises `OSError`.
    """
    path, new = console_folder(listing, "runs"), f".{spec.run_id}"
    with closing(open_folder(path, 2)) as runs:
        try:
            with closing(make_inside(runs, new)) as folder:
                os.close(make_inside(folder, INBOX))
                for name in (HEARTBEAT, LOG):
                    os.close(open_file(folder, name))
                write_new(folder, RESERVE, "\0" * RESERVE_BYTES)
                replace_file(folder, SPEC, spec.to_json())
                replace_file(folder, OWNER, json.dumps(describe(os.getpid())))
            os.rename(new, spec.run_id, src_dir_fd=runs, dst_dir_fd=runs)
        except BaseException:  # an interrupt too must leave nothing half-made
            with suppress(OSError):
                erase_inside(runs, new)
            raise
    return path / spec.run_id


def _start(folder: Path, lock_fd: int, digest: str, spare: SpareRunner | None) -> int:
    """Order a runner to drive the run, the spare one or else a new one.

    Returns its pid.
    """
    order = Order(str(folder.absolute()), digest, inherited(os.environ))
    with (
        closing(open_folder(folder)) as opened,
        closing(open_file(opened, LOG, os.O_APPEND)) as log,
    ):
        ahead = spare.take() if spare is not None else None
        if ahead is not None and ahead.takes(order, lock_fd, log):
            return ahead.pid
        ours, its = channel()
        with ours, its:
            send_order(ours, order, lock_fd, log)
            return spawn(order.folder, its, _OF_ORDER_S, log)


def _name_runner(folder: Path, pid: int) -> None:
    """Record the runner's process before it can do so itself, so that its death can be proven."""
    if not may_be_there(folder / EVENTS):
        # On a full disk only this is lost: the runner records it itself.
        with suppress(OSError), closing(open_folder(folder)) as opened:
            replace_file(opened, OWNER, json.dumps(describe(pid)))
