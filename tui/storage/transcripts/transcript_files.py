"""Finds and measures transcript files."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from tui.claude.layout import PROJECTS, TRANSCRIPT_ENDING, session_of, transcript_name
from tui.claude.session_id import is_cli_id, is_session_id
from tui.claude.transcript_files.transcript_facts import TranscriptFacts
from tui.core.limits import (
    MOST_ENTRIES,
    MOST_NAMES,
    MOST_PROJECTS,
    MOST_TRANSCRIPTS,
    TRANSCRIPTS_S,
)
from tui.core.models.session import Remains, Transcript
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.safe_io.folders import FileStamp, stamp_of
from tui.safe_io.opening import open_below, open_folder_of
from tui.safe_io.walking import Budget, FolderSize, measure
from tui.storage.transcripts.facts_cache import FactsCache, no_facts, read_or_nothing
from tui.storage.transcripts.fork_costs import with_own_costs

_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
_YOUNG_NS = 50_000_000
_NOTHING = FolderSize()
UNREAD: FileStamp = (0, 0, 0, 0, 0)  # of no file: so it is looked at again


class TranscriptFinder:
    """Finds the transcripts of a config dir, reading the head and tail only of changed files.

    `projects` holds the stamp of every project folder before the last `find` listed it, `seen`
    that of every file and session's folder it saw, both by path. `cut` says why there may be more
    than it found, `is_unread` that something could not be read: of that the last known stays. What
    begins with `wanted` is looked at first. `remains` are folders of sessions whose transcript is
    gone.
    """

    def __init__(self, facts: FactsCache | None = None, wanted: str = "") -> None:
        self._facts = facts or FactsCache()
        self._said = no_facts()
        self._young: dict[str, None] = {}  # an empty set takes three times as much
        self._begun_ns = 0
        self._wanted = wanted
        self._known: dict[str, Transcript] = {}
        self._budget = Budget(0, 0)
        self.cut = ""
        self.is_unread = False
        self._unread: list[str] = []
        self.seen: dict[str, FileStamp] = {}
        self.projects: dict[str, FileStamp] = {}
        self.remains: tuple[Remains, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether all that it found has rested, so that each change of it will show."""
        return not self._young

    def find(self, config_dir: Path) -> tuple[Transcript, ...]:
        """Return every transcript below `config_dir`, by path; symlinks are ignored."""
        self._begun_ns = time.time_ns()
        said = self._facts.of(config_dir.parent)
        is_same = said is self._said
        before = self._known, self.seen
        known, seen = before if is_same else ({}, {})
        self._said, self._known, self.seen, self.projects, self.cut = said, {}, {}, {}, ""
        self.is_unread, self._unread = False, []
        self._budget, self.remains = Budget(MOST_TRANSCRIPTS, TRANSCRIPTS_S), ()
        place, sketches = str(config_dir), tuple[Transcript, ...]()
        projects = f"{place}/{PROJECTS}"
        try:
            fd, name = open_folder_of(projects)
        except OSError as error:
            self._leave_unread(projects, error)
            self._keep_unread(*before, is_same=is_same)
        else:
            try:
                self._find_below(fd, name, projects, known, seen)
                self._keep_unread(*before, is_same=is_same)
                sketches = tuple(self._sketches(fd, place))
            finally:
                os.close(fd)
        said.keep_only(self._known.keys())
        self._young = {one: None for one in self._young if one in self._known}
        for one in sketches:
            with suppress(OSError):
                self.seen[str(one.path)] = stamp_of(one.path.lstat())
        return (*with_own_costs(tuple(self._known.values()), said), *sketches)

    def _find_below(
        self,
        above: int,
        name: str,
        place: str,
        known: dict[str, Transcript],
        seen: dict[str, FileStamp],
    ) -> None:
        """Find the transcripts of all projects; each folder is found by its name in an open one."""
        fd = self._entered(above, name, place)
        if fd is None:
            return
        try:
            for project in self._folders(fd, place, MOST_PROJECTS):
                below = self._entered(fd, project, f"{place}/{project}")
                if below is not None:
                    try:
                        self._find_in(below, f"{place}/{project}", known, seen)
                    finally:
                        os.close(below)
        finally:
            os.close(fd)

    def _entered(self, above: int, name: str, place: str) -> int | None:
        """Open a folder, `None` if it is gone, a link, or cannot be read."""
        try:
            return open_below(above, name)
        except OSError as error:
            self._leave_unread(place, error)
            return None

    def _find_in(
        self, fd: int, project: str, known: dict[str, Transcript], seen: dict[str, FileStamp]
    ) -> None:
        """Find the transcripts of one project."""
        self.projects[project] = stamp_of(os.fstat(fd))
        entries = self._scan(fd, project, MOST_ENTRIES)
        folders = {one.name: one for one in entries if self._is_folder(one, project)}
        files = {one.name: one for one in entries if one.name.endswith(TRANSCRIPT_ENDING)}
        for name, entry in sorted(files.items()):
            path, beside = f"{project}/{name}", folders.get(session_of(name))
            if self._budget.spend() or self._is_wanted(name):
                last = (known.get(path), seen.get(path))
                self._note_file(path, entry, beside, fd, last=last)
                continue
            self._leave_out(f"transcripts: {self._budget.words}")
            if path in known:
                self._known[path], self.seen[path] = known[path], seen[path]
        names = {one.name for one in entries}
        for name, folder in sorted(folders.items()):
            if is_cli_id(name) and transcript_name(name) not in names and not self.cut:
                self._note_remains(name, f"{project}/{name}", folder)

    def _note_file(
        self,
        path: str,
        entry: os.DirEntry[str],
        folder: os.DirEntry[str] | None,
        fd: int,
        *,
        last: tuple[Transcript | None, FileStamp | None],
    ) -> None:
        """Add a transcript, read again if it is not as it was `last`."""
        session_id, (one, seen) = session_of(entry.name), last
        try:
            status = entry.stat(follow_symlinks=False)
            more = _NOTHING if folder is None else self._beside(session_of(path), folder)
        except OSError as error:
            self._leave_unread(path, error)
            return
        if not stat.S_ISREG(status.st_mode) or not is_session_id(session_id):
            return
        stamp = stamp_of(status)
        is_known = seen == stamp and path not in self._young
        if one is None or not is_known or not _is_of(one, status, more):
            said = self._said.of(path, stamp, fd)
            one = transcript_of(session_id, path, status, read_or_nothing(said), more)
            stamp = UNREAD if said is None else stamp
            self._note_age(path, status)
        self._known[path], self.seen[path] = one, stamp

    def _note_remains(self, session_id: str, place: str, folder: os.DirEntry[str]) -> None:
        """Add a session's own folder whose transcript is gone."""
        if not self._budget.spend() and not self._is_wanted(session_id):
            self._leave_out(f"transcripts: {self._budget.words}")
            return
        try:
            more = self._beside(place, folder)
        except OSError as error:
            self._leave_unread(place, error)
            return
        if more.files:
            at = _moment(more.newest_ns / 1e9)
            one = Remains(session_id, place, more.bytes, at, more.cut)
            self.remains = (*self.remains, one)

    def _note_age(self, path: str, status: os.stat_result) -> None:
        """Remember a file that is so new that another change may leave its stamp as it is."""
        if abs(self._begun_ns - max(status.st_mtime_ns, status.st_ctime_ns)) < _YOUNG_NS:
            self._young[path] = None
        else:
            self._young.pop(path, None)

    def _beside(self, place: str, folder: os.DirEntry[str]) -> FolderSize:
        """Return how much lies in a session's own folder, and remember that folder's stamp."""
        self.seen[place] = stamp_of(folder.stat(follow_symlinks=False))
        return measure(place)

    def _sketches(self, fd: int, config_dir: str) -> Iterator[Transcript]:
        """Yield the guide's sketches of sessions, folders named by id; they can't be resumed."""
        listed = self._entered(fd, ".", config_dir)
        if listed is None:
            return
        try:
            names = self._folders(listed, config_dir, MOST_TRANSCRIPTS)
        finally:
            os.close(listed)
        for name in names:
            if not is_session_id(name):
                continue
            if not self._budget.spend() and not self._is_wanted(name):
                self._leave_out(f"transcripts: {self._budget.words}")
            else:
                try:
                    sketch = sketch_in(Path(f"{config_dir}/{name}"))
                except OSError as error:
                    self._leave_unread(f"{config_dir}/{name}", error)
                else:
                    yield from () if sketch is None else (sketch,)

    def _folders(self, fd: int, base: str, most: int) -> list[str]:
        """Return the names of the folders in an open one."""
        return sorted(one.name for one in self._scan(fd, base, most) if self._is_folder(one, base))

    def _is_folder(self, entry: os.DirEntry[str], base: str) -> bool:
        try:
            return entry.is_dir(follow_symlinks=False)
        except OSError as error:
            self._leave_unread(f"{base}/{entry.name}", error)
            return False

    def _scan(self, fd: int, folder: str, most: int) -> list[os.DirEntry[str]]:
        """Return at most `most` entries of an open folder, and the wanted ones."""
        found: list[os.DirEntry[str]] = []
        try:
            with os.scandir(fd) as entries:
                found = list(islice(entries, most))
                rest = islice(entries, MOST_NAMES if self._wanted else 1)
                for entry in rest:
                    self._leave_out(f"{one_line(Path(folder).name)} holds over {most:,} names")
                    if self._is_wanted(entry.name):
                        found.append(entry)
        except OSError as error:
            self._leave_unread(folder, error)
        return found

    def _leave_unread(self, place: str, error: OSError) -> None:
        """Record that a path could not be read, unless it is gone."""
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return
        self._leave_out(f"{one_line(Path(place).name)} cannot be read: {error.strerror}")
        self.is_unread = True
        self._unread.append(place)

    def _keep_unread(
        self, known: dict[str, Transcript], seen: dict[str, FileStamp], *, is_same: bool
    ) -> None:
        """Keep the known transcripts in paths that could not be read.

        Their facts are dropped if something was erased since.
        """
        places = tuple(f"{place}/" for place in self._unread)
        for path in known.keys() - self._known.keys() if places else ():
            if f"{path}/".startswith(places) and path in seen:
                one = known[path]
                unsaid = replace(one, title="", model="", cost_usd=None, first_at=None, tag="")
                self._known[path] = one if is_same else unsaid
                self.seen[path] = seen[path] if is_same else UNREAD

    def _is_wanted(self, name: str) -> bool:
        return self._wanted != "" and name.startswith(self._wanted)

    def _leave_out(self, why: str) -> None:
        self.cut = self.cut or f"not everything in it was read: {why}"


def transcript_of(
    session_id: str, path: str, status: os.stat_result, said: TranscriptFacts, more: FolderSize
) -> Transcript:
    """Return the transcript that a file with this status is, `more` beside it counted in."""
    return Transcript(
        session_id,
        place=path,
        bytes=status.st_size + more.bytes,
        modified_at=_modified_at(status),
        title=said.title,
        model=said.model,
        cost_usd=said.cost_usd,
        first_at=said.first_at,
        origin=said.origin,
        turn_error=said.turn_error,
        tag=said.tag or "",
        context=said.context,
        uncounted=more.cut,
        active_at=_active_at(status, more),
        size=status.st_size,
    )


def sketch_in(folder: Path) -> Transcript | None:
    """Return the guide's sketch of a session in this folder, `None` if it has none.

    Raises `OSError` when it cannot be read.
    """
    conversation = folder / "conversation.json"
    try:
        status = conversation.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    more = measure(folder)
    return Transcript(
        folder.name,
        place=conversation,
        bytes=more.bytes,
        modified_at=_modified_at(status),
        resumable=False,
        uncounted=more.cut,
    )


def _is_of(one: Transcript, status: os.stat_result, more: FolderSize) -> bool:
    """Whether a transcript's size and its own folder are unchanged."""
    return one.bytes == status.st_size + more.bytes and one.active_at == _active_at(status, more)


def _modified_at(status: os.stat_result) -> datetime:
    """Return a file's mtime, limited to the calendar: file systems may store any number."""
    return _moment(status.st_mtime)


def _active_at(status: os.stat_result, more: FolderSize) -> datetime | None:
    """Return when the session's own folder was last written, if later than the transcript."""
    return _moment(more.newest_ns / 1e9) if more.newest_ns > status.st_mtime_ns else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC)
