"""What this host has begun of what others asked, kept here: the database may lose that.

It does when it fails over to a copy that lags behind: what was begun is then asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.time.zones import read_time
from tui.operations.context import Context
from tui.storage.state.json_file import PrivateFile, operator_file

_KIND = "fleet-begun"
_KEPT = timedelta(minutes=10)  # what is older than `commands.FRESH_S` is not begun at all
_AHEAD_S = 5.0  # of the clock of the database, unless that was set back
_KNOWN_S = 300.0  # after it was asked, that it was begun is still kept
_MOST = 10_000


class Begun:
    """The names of what was begun in the last minutes, on disk before it is begun."""

    def __init__(self, file: PrivateFile, clock: Callable[[], datetime]) -> None:
        self._file, self._clock = file, clock

    def begin(self, nonce: str) -> str | None:
        """Note that this begins now; if it was begun before, return the run that it became.

        That is empty when it is not known. Raises `ConsoleError` when nothing may begin, because
        nobody could tell later that it was begun.
        """
        with self._changing() as stored:
            if nonce in stored:
                return str(stored[nonce].get("run") or "")
            if len(stored) >= _MOST:
                raise Refused("too much was asked of that host at once: nothing was done")
            stored[nonce] = {"at": self._clock().isoformat()}
        return None

    def has_begun(self, nonce: str, age_s: float) -> bool | None:
        """Whether what was asked so long ago was begun; `None` when that is not known."""
        try:
            with self._file.locked():
                if nonce in self._recent():
                    return True
        except OSError:
            return None
        return False if -_AHEAD_S <= age_s < _KNOWN_S else None

    def note_run(self, nonce: str, run_id: str) -> None:
        """Note the run that something became; raises `ConsoleError` when that cannot be kept."""
        with self._changing() as stored:
            stored[nonce] = {"at": self._clock().isoformat(), "run": run_id}

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Mapping[str, Any]]]:
        try:
            with self._file.locked():
                stored = self._recent()
                before = dict(stored)
                yield stored
                if stored != before:
                    self._file.write(stored)
        except OSError as error:
            words = f"what was begun cannot be kept there: {error.strerror or error}"
            raise ConsoleError(f"{words}: nothing was done", Reason.of(error)) from error

    def _recent(self) -> dict[str, Mapping[str, Any]]:
        since = self._clock() - _KEPT
        found: dict[str, Mapping[str, Any]] = {}
        for nonce, one in self._file.read().items():
            at = read_time(one.get("at"), UTC) if isinstance(one, dict) else None
            if at is None:
                raise self._file.damaged()
            if at > since:
                found[nonce] = one
        return found


def begun_by(context: Context, host: str) -> Begun:
    """Return what `host`, this one, has begun; raises `Refused` without a folder for it."""
    folder = context.settings.state_dir or context.settings.cache_dir
    if folder is None:
        raise Refused("a member needs a state folder: set HOME", Reason.NOT_SET_UP)
    return Begun(operator_file(folder, _KIND, context.root, host), context.clock)
