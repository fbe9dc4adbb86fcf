"""The last runs of a listing's sessions, looked at again and again, as far as time allows."""

from __future__ import annotations

from pathlib import Path

from tui.core.limits import MOST_RUNS, RUNS_S
from tui.core.models import Run
from tui.core.text import one_line
from tui.runs import protocol
from tui.runs.untrusted import read_json
from tui.storage.walking import Budget


class RunFinder:
    """Finds the last run of each session of a listing, reading only those that may have changed.

    `cut` says why there may be more than it found, `is_unread` that they could not be read: then
    they are as last known.
    """

    def __init__(self) -> None:
        self.cut = ""
        self.is_unread = False
        self._known: dict[Path, tuple[object, Run]] = {}
        self._sessions: dict[Path, str] = {}

    def find(self, listing_path: Path) -> tuple[Run, ...]:
        """Return the runs, oldest first; what time is too short for is read the next time."""
        try:
            folders = protocol.run_folders(listing_path)
        except OSError as error:
            self.cut, self.is_unread = f"its runs cannot be read: {error.strerror}", True
            return tuple(run for _, run in reversed(self._known.values()))
        known, self._known, self.cut, self.is_unread = self._known, {}, "", False
        budget, last, left = Budget(MOST_RUNS, RUNS_S), set[str](), 0
        for folder in reversed(folders):
            if not budget.spend():
                left += 1
                if folder in known:
                    self._known[folder] = known[folder]
            elif (session_id := self._session_of(folder)) not in last:
                last.add(session_id)
                self._known[folder] = _looked_at(folder, known.get(folder))
        if left:
            self.cut = f"{left:,} of its {len(folders):,} runs are not read: {budget.words}"
        return tuple(run for _, run in reversed(self._known.values()))

    def _session_of(self, folder: Path) -> str:
        """Return whose run it is, which its spec says once and for all."""
        if folder not in self._sessions:
            spec = read_json(folder / protocol.SPEC)
            self._sessions[folder] = one_line(spec.get("session_id", ""))
        return self._sessions[folder]


def _looked_at(folder: Path, known: tuple[object, Run] | None) -> tuple[object, Run]:
    if known is not None and known[1].is_over and known[1].state != "lost":
        return known
    stamp = protocol.stamp(folder)
    if known is None or known[0] != stamp:
        return stamp, protocol.read_run(folder)
    return known
