"""Notices that nobody reads the output any more: SSH without a terminal sends no SIGHUP."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_GONE = select.POLLERR | select.POLLHUP
_POLL_S = 0.5


def is_reader_gone(within_s: float = 0.0) -> bool:
    """Wait up to `within_s` seconds for the reader of stdout or stderr to go away.

    The end of stdin does not count: scripts often have none.
    """
    begun, waiting = time.monotonic(), select.poll()
    for stream in (sys.stdout, sys.stderr):
        try:
            waiting.register(stream.fileno(), 0)
        except (OSError, ValueError, AttributeError):  # closed, or captured by the console
            continue
    while True:
        left = begun + within_s - time.monotonic()
        if any(event & _GONE for _, event in waiting.poll(max(0.0, left) * 1000)):
            return True
        if left <= 0:
            return False


@contextmanager
def ending_with_reader() -> Iterator[None]:
    """End the process as soon as its reader is gone; for long work that changes nothing."""
    is_done = threading.Event()
    if threading.current_thread() is threading.main_thread():
        threading.Thread(target=_end_without_reader, args=(is_done,), daemon=True).start()
    try:
        yield
    finally:
        is_done.set()


def _end_without_reader(is_done: threading.Event) -> None:
    while not is_done.is_set():
        if is_reader_gone(_POLL_S) and not is_done.is_set():
            os._exit(0)
