"""Locks that a forked child finds free, whatever threads its parent had.

Those threads are not in the child, so that what they held would be held for ever.
"""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

_locks: WeakSet[threading.Lock] = WeakSet()


def fork_safe_lock() -> threading.Lock:
    """Return a lock for short work; never fork while holding it."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def _free() -> None:
    for lock in _locks:
        if lock.locked():
            lock.release()


os.register_at_fork(after_in_child=_free)
