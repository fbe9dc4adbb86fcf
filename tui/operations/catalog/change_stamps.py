"""Detects changes in a listing with `stat` alone."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.layout import PROJECTS, REGISTRY, SETTINGS, TRANSCRIPT_ENDING
from tui.core.values import dataclass
from tui.operations.target import DATABASE
from tui.safe_io.folders import OURS, FileStamp, stamp_of, stamps_of
from tui.storage.state.acknowledgements import ACKS
from tui.storage.state.annotations import ANNOTATIONS

_SESSIONS = f"/{CONFIG_DIR}/{REGISTRY}"
_WAL = f"/{DATABASE}-wal"
_SETTINGS = f"/{CONFIG_DIR}/{SETTINGS}"
_ANNOTATIONS = f"/{OURS}/{ANNOTATIONS}"
_RUNS, _LOCKS = f"/{OURS}/runs", f"/{OURS}/locks"
_IN_TURN_IN_OURS = (f"/{OURS}/{ACKS}", _ANNOTATIONS, _LOCKS)
_PROJECTS = f"/{CONFIG_DIR}/{PROJECTS}"
_IN_TURN_IN_CONFIG_DIR = (_SETTINGS, _PROJECTS)
# Whoever takes a lock for long makes a run as well, and who holds one is asked in turn anyway.
_FOLDERS = (f"/{CONFIG_DIR}", _SESSIONS, _PROJECTS, f"/{OURS}", _RUNS)

Stamps = Mapping[str, FileStamp]


@dataclass(frozen=True, slots=True)
class ChangeStamps:
    """The stamps of a listing's paths: those to check often, and those to check in turn.

    A path that does not exist is left out: creating it would change its folder. Our own files are
    replaced by rename, which changes their folder too.
    """

    folder: str
    often: Stamps
    in_turn: Stamps

    @property
    def rows(self) -> tuple[FileStamp | None, FileStamp | None]:
        """The stamps of the database file and of its write-ahead log."""
        return self.often.get(f"{self.folder}/{DATABASE}"), self.often.get(self.folder + _WAL)

    @property
    def has_registry(self) -> bool:
        """Whether a CLI ever ran here."""
        return self.folder + _SESSIONS in self.often

    @property
    def has_settings(self) -> bool:
        """Whether the listing's config dir has a settings file."""
        return self.folder + _SETTINGS in self.in_turn

    @property
    def has_ours(self) -> bool:
        """Whether the listing has a folder of ours."""
        return f"{self.folder}/{OURS}" in self.often

    @property
    def folders(self) -> Stamps:
        """The stamps of the listing's own folders, in which its other paths are."""
        there = {**self.often, **self.in_turn}
        inside = {self.folder: self.often[f"{self.folder}/."]}
        paths = [self.folder + name for name in _FOLDERS]
        return inside | {path: there[path] for path in paths if path in there}

    @property
    def annotations(self) -> FileStamp | None:
        """The stamp of the file of tags and notes, `None` when there is none."""
        return self.in_turn.get(self.folder + _ANNOTATIONS)


def read_stamps(folder: str) -> ChangeStamps:
    """Return the stamps of every fixed path in a listing.

    Raises `OSError` for a folder that cannot be entered.
    """
    inside = f"{folder}/."
    often = {inside: stamp_of(os.lstat(inside))}
    often |= stamps_of((f"{folder}/{DATABASE}", folder + _WAL))
    often |= stamps_of((f"{folder}/{CONFIG_DIR}", f"{folder}/{OURS}"))
    in_turn: dict[str, FileStamp] = {}
    if f"{folder}/{CONFIG_DIR}" in often:
        often |= stamps_of([folder + _SESSIONS])
        in_turn |= stamps_of(folder + place for place in _IN_TURN_IN_CONFIG_DIR)
    if f"{folder}/{OURS}" in often:
        often |= stamps_of([folder + _RUNS])
        in_turn |= stamps_of(folder + place for place in _IN_TURN_IN_OURS)
    return ChangeStamps(folder, often, in_turn)


def is_same(*every: Stamps) -> bool:
    """Whether none of these stamps has changed."""
    lstat = os.lstat
    try:
        for stamps in every:
            for path, stamp in stamps.items():
                if stamp_of(lstat(path)) != stamp:
                    return False
    except OSError:
        return False
    return True


def stamps_beside(stamps: Stamps, folders: Stamps) -> Stamps:
    """Return the stamps of what is no transcript directly in one of these folders."""
    return {
        path: stamp
        for path, stamp in stamps.items()
        if not path.endswith(TRANSCRIPT_ENDING) or path.rpartition("/")[0] not in folders
    }
