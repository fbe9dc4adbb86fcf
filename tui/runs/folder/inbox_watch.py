"""Watches a run's inbox from a thread of its own, for little: most of the time nothing comes."""

from __future__ import annotations

import threading
from collections.abc import Callable

_EVERY_S = 0.2
# A second file within one tick of the kernel's clock leaves the folder's time as it was.
_LOOKS_AFTER = 5


class InboxWatch:
    """Whether something may have come: `changed` returns a value that differs once it has.

    `tell` is called then, in the watch's own thread.
    """

    def __init__(self, changed: Callable[[], object], tell: Callable[[], object]) -> None:
        self._changed, self._tell = changed, tell
        self._is_over = threading.Event()
        self._looks = _LOOKS_AFTER

    def start(self) -> None:
        """Begin; a disk that does not answer holds up nobody but the thread."""
        threading.Thread(target=self._watch, name="inbox", daemon=True).start()

    def end(self) -> None:
        """Let the thread end, within a moment."""
        self._is_over.set()

    @property
    def is_alert(self) -> bool:
        """Whether `may_have_mail` should soon be asked, without being told to."""
        return self._looks > 0

    def may_have_mail(self) -> bool:
        """Whether the inbox is worth a look; costs no access to the disk."""
        self._looks, due = max(0, self._looks - 1), self._looks
        return due > 0

    def _watch(self) -> None:
        seen: object = None
        while not self._is_over.wait(_EVERY_S):
            try:
                now = self._changed()
            except OSError:
                continue
            if now != seen:
                seen, self._looks = now, _LOOKS_AFTER
                self._tell()
