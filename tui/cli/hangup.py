"""Whether anybody still reads what a verb prints: over SSH without a terminal no signal says so."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_GONE = select.POLLERR | select.POLLHUP
_LOOK_EACH_S = 0.5


def is_reader_gone(within_s: float = 0.0) -> bool:
    """Wait so many seconds; whether the reader of stdout or stderr went away before they passed.

    The end of stdin says nothing: many a script has none.
    """
    begun, waiting = time.monotonic(), select.poll()
    for stream in (sys.stdout, sys.stderr):
        try:
            waiting.register(stream.fileno(), 0)
        except (OSError, ValueError, AttributeError):  # closed, or collected by the console
            continue
    while True:
        left = begun + within_s - time.monotonic()
        if any(event & _GONE for _, event in waiting.poll(max(0.0, left) * 1000)):
            return True
        if left <= 0:
            return False


@contextmanager
def ending_with_reader() -> Iterator[None]:
    """End this process as soon as nobody reads it any more; for what only looks, and for long."""
    is_done = threading.Event()
    if threading.current_thread() is threading.main_thread():
        threading.Thread(target=_end_alone, args=(is_done,), daemon=True).start()
    try:
        yield
    finally:
        is_done.set()


def _end_alone(is_done: threading.Event) -> None:
    while not is_done.is_set():
        if is_reader_gone(_LOOK_EACH_S) and not is_done.is_set():
            os._exit(0)
