"""What a runner is ordered to do, and the channel by which its order reaches it.

A runner that is started for an order finds it there. One that is started ahead waits for it, and
knows nothing of a run until then; it is asked first whether it is there.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from tui.runs.folder.open_folder import closing
from tui.runs.starting.command_line import CommandLine

_ASKED, _ANSWERED, _ORDERED = b"?", b"!", b"order"
_FDS = 3


class Order(NamedTuple):
    """The run in `folder` with the digest of its spec, and all of the runner's `environment`."""

    folder: str
    digest: str
    environment: Mapping[str, str]


def channel() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a new channel; raises `OSError`."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def is_there(end: socket.socket, within_s: float) -> bool:
    """Ask the runner at the other end whether it can take an order; whether it said so in time."""
    try:
        end.settimeout(within_s)
        end.send(_ASKED)
        return end.recv(len(_ANSWERED)) == _ANSWERED
    except OSError:
        return False


def send_order(end: socket.socket, order: Order, lock_fd: int, log_fd: int) -> None:
    """Send an order, with the session's lock and the run's log; raises `OSError` if it cannot be.

    It goes by a file in memory: an environment may be larger than a message.
    """
    with closing(os.memfd_create("order")) as text:
        with open(os.dup(text), "wb") as file:  # noqa: PTH123 (an open file, no path)
            file.write(json.dumps(order).encode())
        socket.send_fds(end, [_ORDERED], [text, lock_fd, log_fd])


class OrderChannel:
    """The runner's end: `take` returns its order and the lock; `None` if it is not to begin.

    That is once the other end is closed, or nothing came for `life_s`.
    """

    def __init__(self, fd: int, line: CommandLine, life_s: float) -> None:
        self._end = socket.socket(fileno=fd)
        self._end.set_inheritable(False)
        self._line, self._until = line, time.monotonic() + life_s

    @property
    def has_mail(self) -> bool:
        """Whether something has come, or the other end is closed."""
        return bool(select.select([self._end], [], [], 0)[0])

    def take(self) -> tuple[Order, int] | None:
        """Wait for the order; the process then has the environment, output and name of its run."""
        with self._end, suppress(OSError):
            while (left := self._until - time.monotonic()) > 0:
                self._end.settimeout(left)
                flags = socket.MSG_CMSG_CLOEXEC
                sent, fds, _, _ = socket.recv_fds(self._end, len(_ORDERED), _FDS, flags)
                if sent == _ASKED and self._line.is_known:
                    self._end.send(_ANSWERED)
                elif sent == _ORDERED and len(fds) == _FDS:
                    return self._taken(*fds)
                else:
                    break
        return None

    def _taken(self, text: int, lock_fd: int, log_fd: int) -> tuple[Order, int]:
        os.lseek(text, 0, os.SEEK_SET)
        with open(text, "rb") as file:
            order = Order(*json.loads(file.read()))
        os.environ.clear()
        os.environ.update(order.environment)
        time.tzset()
        for output in (1, 2):
            os.dup2(log_fd, output)
        os.close(log_fd)
        self._line.name(order.folder)
        return order, lock_fd
