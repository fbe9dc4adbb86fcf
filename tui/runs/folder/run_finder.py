"""Finds the runs of a listing's sessions, again and again, within a time limit.

Where there is no run, the protocol is not imported: that would be a tenth of a verb's start.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from tui.core.limits import MOST_RUNS, RUNS_S
from tui.core.models.run import Run
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.runs.folder.bounded_reads import require_readable, run_folders
from tui.safe_io.walking import Budget


def last_runs(listing_path: Path, wanted: Collection[str], before: str = "") -> dict[str, Run]:
    """Return the last run of each of these sessions, if it has any; raises `OSError`.

    Those `before` the run of that id, if one is given.
    """
    from tui.runs.folder import protocol

    found: dict[str, Run] = {}
    for folder in reversed(run_folders(listing_path)):
        if before and folder.name >= before:
            continue
        session_id = protocol.session_of(folder)
        if session_id in wanted and session_id not in found:
            found[session_id] = protocol.read_run(folder)
        if len(found) == len(wanted):
            break
    return found


class RunFinder:
    """Finds the current run of each session of a listing; reads only changed ones.

    That is the one that is not over, else the last one: the clock in their names may have been set
    back. `cut` says why there may be more; with `is_unread` some could not be read, and are as last
    known.
    """

    def __init__(self) -> None:
        self.cut = ""
        self.is_unread = False
        self._known: dict[Path, tuple[object, Run]] = {}
        self._sessions: dict[Path, str] = {}
        self._ended: dict[Path, None] = {}  # an empty set takes three times as much

    def find(self, listing_path: Path) -> tuple[Run, ...]:
        """Return the runs, oldest first; those beyond the time limit are read the next time."""
        try:
            folders = run_folders(listing_path)
        except OSError as error:
            self.cut, self.is_unread = f"its runs cannot be read: {error.strerror}", True
            return self._counting()
        known, self._known, self.cut, self.is_unread = self._known, {}, "", False
        budget, seen, left = Budget(MOST_RUNS, RUNS_S), set[str](), 0
        for folder in reversed(folders):
            if not budget.spend():
                left += 1
                if folder in known:
                    self._known[folder] = known[folder]
                continue
            try:
                session_id = self._session_of(folder)
                if session_id not in seen or not self._has_ended(folder):
                    self._known[folder] = _looked_at(folder, known.get(folder))
                    seen.add(session_id)
            except Exception as error:  # nothing that one run holds may hide the sessions
                self._be_unread(folder, known.get(folder), error)
        self._ended = {one: None for one in folders if one in self._ended}
        if left and not self.is_unread:
            self.cut = f"{left:,} of its {len(folders):,} runs were not read: {budget.words}"
        return self._counting()

    def _be_unread(self, folder: Path, known: tuple[object, Run] | None, error: Exception) -> None:
        """Keep a run as last known, else as far as it can be read, and read it again next time."""
        why = one_line((isinstance(error, OSError) and error.strerror) or error)[:200]
        self.cut = f"its run {one_line(folder.name)} cannot be read: {why}"
        self.is_unread = True
        run = known[1] if known else _as_far_as_told(folder, self._sessions.get(folder, ""))
        is_told = known is not None or not run.is_over
        self._known[folder] = (None, run if is_told else replace(run, error=self.cut))

    def _counting(self) -> tuple[Run, ...]:
        """Return the current run of each session."""
        counts: dict[str, Run] = {}
        for _, run in self._known.values():
            counts[run.session_id] = _counts(counts.get(run.session_id), run)
        return tuple(sorted(counts.values(), key=lambda run: run.folder))

    def _has_ended(self, folder: Path) -> bool:
        """Whether a run has recorded its end, which never changes."""
        from tui.runs.folder import protocol

        if folder not in self._ended and protocol.has_ended(folder):
            self._ended[folder] = None
        return folder in self._ended

    def _session_of(self, folder: Path) -> str:
        """Return the run's session id, which never changes; raises `OSError`."""
        if folder not in self._sessions:
            from tui.runs.folder import protocol

            self._sessions[folder] = one_line(protocol.session_of(folder))
        return self._sessions[folder]


def _counts(known: Run | None, older: Run) -> Run:
    """Return the current one of two runs of a session; `known` has the later name."""
    return older if known is None or (known.is_over and not older.is_over) else known


def _as_far_as_told(folder: Path, session_id: str) -> Run:
    """Return a run as far as it can be read; an unreadable one counts as not over."""
    from tui.runs.folder import protocol

    try:
        return protocol.read_run(folder)
    except Exception:  # the one run that cannot be read is shown as such, whatever is wrong in it
        never = datetime.fromtimestamp(0, UTC)
        listing = one_line(folder.absolute().parent.parent.parent.name)
        name = one_line(folder.name)
        return Run(
            run_id=name,
            session_id=session_id,
            listing=listing,
            folder=folder,
            state="starting",
            operator="",
            started_at=never,
            beat_at=never,
        )


def _looked_at(folder: Path, known: tuple[object, Run] | None) -> tuple[object, Run]:
    """Return a run, and the stamp of what it was read from; raises `OSError`."""
    if known is not None and known[1].is_over and known[1].state != "lost":
        return known
    from tui.runs.folder import protocol

    stamp = protocol.stamp(folder)
    if known is None or known[0] != stamp:
        for name in (protocol.SPEC, protocol.OWNER, protocol.EVENTS):
            require_readable(folder / name)
        return stamp, protocol.read_run(folder)
    return known
