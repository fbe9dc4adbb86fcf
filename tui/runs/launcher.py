"""Starts a run: its folder, then a detached runner that outlives whoever started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import tui
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
from tui.safe_io.folders import console_folder, may_be_there
from tui.safe_io.walking import erase_inside, erase_tree
from tui.storage.session_locks import SessionLock

# The shell is the first of two forks: it ends at once, so the runner is nobody's child, leaves no
# zombie, and its session has no terminal that could hang up. Its log is the shell's stderr.
_DETACH = '"$@" </dev/null >&2 & echo $!'
# Not through PYTHONPATH, which the agent's own commands would inherit.
_BEGIN = """
import sys
package, folder, lock_fd, digest = sys.argv[1:]
if package not in sys.path:
    sys.path.insert(0, package)
from tui.runs.runner import begin
begin(folder, lock_fd, digest)
"""
_PATIENCE_S = 10.0


def launch(spec: RunSpec, lock: SessionLock) -> Path:
    """Start the run of `spec` and return its folder; takes milliseconds.

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
        pid = _spawn(folder, lock.fd, spec.digest())
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


def _spawn(folder: Path, lock_fd: int, digest: str) -> int:
    """Start the detached runner with the digest of its spec, and return its pid."""
    package = Path(tui.__file__).absolute().parent.parent
    given = [str(package), str(folder.absolute()), str(lock_fd), digest]
    runner = [sys.executable, "-P", "-c", _BEGIN, *given]
    with (
        closing(open_folder(folder)) as opened,
        closing(open_file(opened, LOG, os.O_APPEND)) as log,
    ):
        done = subprocess.run(  # noqa: S603 (no word of it comes from outside)
            ["/bin/sh", "-c", _DETACH, "runner", *runner],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=inherited(os.environ),
            pass_fds=(lock_fd,),
            start_new_session=True,
            timeout=_PATIENCE_S,
            check=True,
        )
    return int(done.stdout)


def _name_runner(folder: Path, pid: int) -> None:
    """Record the runner's process before it can do so itself, so that its death can be proven."""
    if not may_be_there(folder / EVENTS):
        # On a full disk only this is lost: the runner records it itself.
        with suppress(OSError), closing(open_folder(folder)) as opened:
            replace_file(opened, OWNER, json.dumps(describe(pid)))
