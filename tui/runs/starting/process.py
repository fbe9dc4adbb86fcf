"""The detached process of a runner, as it is made for an order and ahead of one alike."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import tui
from tui.runs.agent.environment import of_interpreter

# The shell is the first of two forks: it ends at once, so the runner is nobody's child, leaves no
# zombie, and its session has no terminal that could hang up. Its output is the shell's stderr.
_DETACH = '"$@" </dev/null >&2 & echo $!'
# Not through PYTHONPATH, which the agent's own commands would inherit.
_BEGIN = """
import sys
package, *given = sys.argv[1:]
if package not in sys.path:
    sys.path.insert(0, package)
from tui.runs.runner import begin_ordered
begin_ordered(*given)
"""
_PATIENCE_S = 10.0


def spawn(place: str, end: socket.socket, life_s: float, output: int) -> int:
    """Start a detached runner with its end of a channel, and return its pid.

    `place` is the folder of its run, or the room for it on its command line. Raises `OSError`,
    `ValueError` or `subprocess.SubprocessError`.
    """
    package = Path(tui.__file__).absolute().parent.parent
    given = [str(package), place, str(end.fileno()), str(life_s)]
    runner = [sys.executable, "-P", "-c", _BEGIN, *given]
    done = subprocess.run(  # noqa: S603 (no word of it comes from outside)
        ["/bin/sh", "-c", _DETACH, "runner", *runner],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=output,
        cwd="/",
        env=of_interpreter(os.environ),
        pass_fds=(end.fileno(),),
        start_new_session=True,
        timeout=_PATIENCE_S,
        check=True,
    )
    return int(done.stdout)


def surroundings() -> tuple[object, ...]:
    """Return what a process that is spawned now would inherit from this one; raises `OSError`."""
    status = Path("/proc/self/status").read_text("utf-8", "replace").splitlines()
    names = ("Umask:", "Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp", "Cpus_allowed:")
    kept = tuple(line for line in status if line.startswith(names))
    limits = Path("/proc/self/limits").read_text("utf-8", "replace")
    return (kept, limits, os.getpriority(os.PRIO_PROCESS, 0), of_interpreter(os.environ))
