"""Finds strays: sessions that a pipeline wrote to the CLI's default config dir, not its listing's.

Everything else there is private. Only names are read to find our files: an id that a listing
tracks, or a project folder named after a folder inside a listing, which the head of the file must
confirm.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, sweep_days
from tui.claude.layout import LONGEST_SLUG, PROJECTS, project_slug, session_of
from tui.claude.live_registry import read_registry
from tui.claude.session_id import is_session_id
from tui.claude.transcript_files.transcript_facts import read_cwd
from tui.core.models.session import Process, Transcript
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.safe_io.folders import FileStamp, is_link, is_settled, stamp_of
from tui.safe_io.walking import FolderSize, measure
from tui.storage.transcripts.facts_cache import FactsCache, no_facts, read_or_nothing
from tui.storage.transcripts.fork_costs import with_own_costs
from tui.storage.transcripts.transcript_files import sketch_in, transcript_of

# Where a pipeline that follows the guide's sketch keeps sessions in the login's config dir.
SKETCHES = "sessions"
_Owned = tuple[str, str, tuple[Path, ...]]
_Look = Callable[[str], Iterator[_Owned]]

Listings = tuple[tuple[Path, tuple[str, ...]], ...]


class StrayFinder:
    """Finds the transcripts in `claude_home` that belong to listings; reads only changed folders.

    `unread` says why there may be more. There are none if `claude_home` is itself a listing's.
    """

    def __init__(self, claude_home: Path, facts: FactsCache | None = None) -> None:
        self._home = claude_home
        self._facts = facts or FactsCache()
        self._said = no_facts()
        self._listings: Listings = ()
        self._owners: dict[str, tuple[Path, ...]] = {}
        self._slugs: dict[str, tuple[Path, ...]] = {}
        self._is_a_listing_s = False
        self._folders: dict[str, tuple[FileStamp, tuple[_Owned, ...]]] = {}
        self._confirmed: dict[str, tuple[Path, ...]] = {}
        self._found: dict[str, Transcript] = {}
        self.unread = ""

    def find(self, listings: Listings) -> Mapping[Path, tuple[Transcript, ...]]:
        """Return the strays by listing folder; `listings` have their folder and tracked ids."""
        if listings is not self._listings:
            self._learn(listings)
        if self._is_a_listing_s or not listings:
            return {}
        self._said = self._facts.of(self._home)
        self.unread = ""
        strays: dict[Path, list[Transcript]] = {}
        found = {one.path: (one, owners) for one, owners in self._transcripts()}
        self._found = {str(path): one for path, (one, _) in found.items()}
        self._said.keep_only(self._found.keys())
        costs = with_own_costs([one for one, _ in found.values()], self._said)
        for one, (_, owners) in zip(costs, found.values(), strict=True):
            for folder in owners:
                strays.setdefault(folder, []).append(one)
        return {folder: tuple(ones) for folder, ones in strays.items()}

    def processes(self) -> tuple[Process, ...]:
        """Return the registry's entries for the listings' sessions, and unreadable ones.

        Everything else that runs there is private.
        """
        if self._is_a_listing_s or not self._listings:
            return ()
        strays = {one.session_id for one in self._found.values()}
        return tuple(
            one
            for one in read_registry(self._home)
            if one.session_id in self._owners or one.session_id in strays or not one.session_id
        )

    def _learn(self, listings: Listings) -> None:
        owners: dict[str, tuple[Path, ...]] = {}
        for folder, ids in listings:
            for one in ids:
                owners[one] = (*owners.get(one, ()), folder)
        folders = tuple(folder for folder, _ in listings)
        if folders != tuple(folder for folder, _ in self._listings):
            self._learn_folders(folders)
        if not owners.keys() <= self._owners.keys() or not self._slugs:
            self._folders.clear()
        self._owners, self._listings = owners, listings

    def _learn_folders(self, folders: tuple[Path, ...]) -> None:
        """Learn the listings' paths, under every name that a CLI may use for them."""
        self._folders.clear()
        self._confirmed.clear()
        self._slugs.clear()
        real = {parent: _real(parent) for parent in {folder.parent for folder in folders}}
        home = _real(self._home)
        self._is_a_listing_s = home.name == CONFIG_DIR and home.parent.parent in real.values()
        for folder in folders:
            for path in {folder.absolute(), real[folder.parent] / folder.name}:
                slug = project_slug(path)
                self._slugs[slug] = (*self._slugs.get(slug, ()), folder)

    def _transcripts(self) -> Iterator[tuple[Transcript, tuple[Path, ...]]]:
        days: int | None = None
        for session_id, path, owners in self._owned():
            one = self._sketch(path) if path.endswith("/") else self._transcript(session_id, path)
            if one is not None:
                days = sweep_days(self._home) if days is None else days
                marked = replace(one, stray_in=self._home, sweep_days=days)
                known = self._found.get(str(one.path))
                yield known if known == marked and known is not None else marked, owners

    def _owned(self) -> Iterator[_Owned]:
        for project in self._subfolders(f"{self._home}/{PROJECTS}"):
            yield from self._ours(project, self._in_project)
        yield from self._ours(f"{self._home}/{SKETCHES}", self._in_sketches)

    def _ours(self, folder: str, look: _Look) -> tuple[_Owned, ...]:
        try:
            status = os.lstat(folder)
        except OSError as error:
            self._note(folder, error)
            return ()
        stamp = stamp_of(status)
        known = self._folders.get(folder)
        if known is None or known[0] != stamp:
            ours = tuple(look(folder)) if stat.S_ISDIR(status.st_mode) else ()
            if not is_settled([stamp]):
                return ours
            known = self._folders[folder] = (stamp, ours)
        return known[1]

    def _in_project(self, project: str) -> Iterator[_Owned]:
        candidates = self._candidates(project.rpartition("/")[2])
        for name in self._names(project):
            session_id = session_of(name)
            if session_id == name or not is_session_id(session_id):
                continue
            path = f"{project}/{name}"
            owners = self._owners.get(session_id) or self._inside(path, candidates)
            if owners:
                yield session_id, path, owners

    def _in_sketches(self, folder: str) -> Iterator[_Owned]:
        for name in self._names(folder):
            if name in self._owners and is_session_id(name):
                yield name, f"{folder}/{name}/", self._owners[name]

    def _candidates(self, name: str) -> tuple[Path, ...]:
        """Return the listings that may contain the folder of a project with this name."""
        ends = (*(one.start() for one in re.finditer("-", name)), len(name))
        found = (self._slugs.get(name[:end][:LONGEST_SLUG], ()) for end in ends if end)
        return tuple(dict.fromkeys(folder for folders in found for folder in folders))

    def _inside(self, path: str, candidates: tuple[Path, ...]) -> tuple[Path, ...]:
        """Return the candidate that contains the working folder recorded in the session."""
        if not candidates:
            return ()
        if path not in self._confirmed:
            try:
                cwd = read_cwd(path)
            except OSError as error:
                self._note(path, error)
                cwd = ""
            if not cwd:
                return ()
            owners = tuple(one for one in candidates if _is_inside(cwd, one))
            self._confirmed[path] = owners[-1:]
        return self._confirmed[path]

    def _transcript(self, session_id: str, path: str) -> Transcript | None:
        try:
            status = os.lstat(path)
        except OSError as error:
            self._note(path, error)
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        beside = session_of(path)
        more = measure(beside) if _is_folder(beside) else FolderSize()
        said = read_or_nothing(self._said.of(path, stamp_of(status)))
        return transcript_of(session_id, path, status, said, more)

    def _sketch(self, folder: str) -> Transcript | None:
        try:
            return sketch_in(Path(folder)) if _is_folder(folder[:-1]) else None
        except OSError as error:
            self._note(folder, error)
            return None

    def _note(self, place: str, error: OSError) -> None:
        """Note that a path could not be read, unless it is gone."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            self.unread = f"{one_line(place)} cannot be read: {error.strerror}"

    def _subfolders(self, base: str) -> list[str]:
        if is_link(base):
            return []
        try:
            with os.scandir(base) as entries:
                return sorted(one.path for one in entries if one.is_dir(follow_symlinks=False))
        except OSError as error:
            self._note(base, error)
            return []

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(folder))  # noqa: PTH208 (names are wanted, no paths)
        except OSError as error:
            self._note(folder, error)
            return []


def _is_inside(cwd: str, folder: Path) -> bool:
    path = Path(os.path.normpath(cwd))
    places = (folder.absolute(), _real(folder.parent) / folder.name)
    return any(path.is_relative_to(place) for place in places)


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
