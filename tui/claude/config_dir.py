"""The CLI's config dir: its sweep, what belongs to a session in it, the age of its folders."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tui.claude import layout
from tui.claude.session_id import is_cli_id, is_session_id
from tui.core.errors import ConsoleError, Refused
from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import one_line
from tui.safe_io.file_lock import folder_lock
from tui.safe_io.folders import is_link, read_small
from tui.safe_io.opening import CONFIG_DIR as CONFIG_DIR
from tui.safe_io.opening import open_folder
from tui.safe_io.rewriting import rewrite

DEFAULT_SWEEP_DAYS = 30
UNKNOWN_SWEEP = -1
_LONGEST_SWEEP_DAYS = 36500
SWEEP_SETTING = "cleanupPeriodDays"


def sweep_days(config_dir: Path) -> int:
    """Return after how many days without a write the CLI deletes a transcript here.

    `UNKNOWN_SWEEP` when the settings cannot be read. The CLI ignores settings that are no JSON.
    """
    try:
        stored = parse_json(read_small(config_dir / layout.SETTINGS, follows=True))
    except (FileNotFoundError, ValueError, RecursionError):
        return DEFAULT_SWEEP_DAYS
    except OSError:
        return UNKNOWN_SWEEP
    return _days_in(stored) if isinstance(stored, dict) else DEFAULT_SWEEP_DAYS


def _days_in(settings: dict[str, Any]) -> int:
    days = settings.get(SWEEP_SETTING)
    return (
        days
        if isinstance(days, int) and not isinstance(days, bool) and days >= 0
        else DEFAULT_SWEEP_DAYS
    )


def postpone_sweep(config_dir: Path, modified_at: datetime, until: datetime) -> int | None:
    """Make the CLI keep a transcript last written at `modified_at` past `until`.

    Only ever raises `cleanupPeriodDays`, keeping every other key; returns the new value in days,
    or `None` when it already was enough. Raises `ConsoleError` when the file is not ours to write.
    """
    needed = min(math.ceil((until - modified_at) / timedelta(days=1)) + 1, _LONGEST_SWEEP_DAYS)
    if needed <= sweep_days(config_dir):
        return None
    path = config_dir / layout.SETTINGS
    if is_link(config_dir) or is_link(path):
        raise ConsoleError(
            f"the CLI's own sweep could not be put off: {path.name} is behind a link, and what a "
            "link leads to is somebody else's: put a file of the listing's own in its place"
        )
    try:
        with folder_lock(config_dir.parent, ".settings"):
            return _write_sweep(path, needed)
    except (OSError, ValueError, RecursionError) as error:
        raise ConsoleError(f"the CLI's own sweep could not be put off: {path.name}: {error}") from (
            error
        )


def _write_sweep(path: Path, needed: int) -> int | None:
    """Write the days needed, unless another program did; the caller holds the lock.

    The CLI and its users write this file too: nothing that they write meanwhile is lost.
    """

    def raised(stored: bytes | None) -> bytes | None:
        settings = {} if stored is None else parse_json(stored)
        if not isinstance(settings, dict):
            raise ValueError("not a JSON object")
        if needed <= _days_in(settings):
            return None
        changed = settings | {SWEEP_SETTING: needed}
        return (json.dumps(changed, indent=2, ensure_ascii=False) + "\n").encode()

    return needed if rewrite(path, raised) else None


def refresh_children(config_dir: Path, now: datetime) -> None:
    """Set the mtime of the config dir's subfolders to `now`.

    The guide's clean-up by age removes old subfolders, however new the files in them are.
    """
    if is_link(config_dir):
        return
    stamp = now.timestamp()
    with suppress(OSError):
        fd = open_folder(config_dir)
        try:
            with os.scandir(fd) as children:
                names = [one.name for one in children if one.is_dir(follow_symlinks=False)]
            for name in names:
                with suppress(OSError):
                    os.utime(name, (stamp, stamp), dir_fd=fd, follow_symlinks=False)
        finally:
            os.close(fd)


def footprint(config_dir: Path, session_id: str) -> tuple[Path, ...]:
    """Return everything in the config dir that belongs to a session and exists.

    Links are not followed, and an invalid id has no footprint. A folder named like the id counts
    only if it is a session's.
    """
    return footprints(config_dir, [session_id])[session_id]


def footprints(config_dir: Path, session_ids: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    """Return the footprint of each session, reading every folder only once.

    Raises `Refused` when a folder cannot be read: what was not seen may still be there.
    """
    try:
        return _footprints(config_dir, session_ids)
    except OSError as error:
        where = one_line(Path(error.filename or config_dir).name)
        raise Refused(
            f"{where} cannot be read ({error.strerror}): what there is of a session is not known, "
            "and nothing is done to it"
        ) from error


def _footprints(config_dir: Path, session_ids: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    found: dict[str, list[str]] = {one: [] for one in session_ids}
    wanted = {one for one in found if is_session_id(one)}
    if not wanted or is_link(config_dir):
        return dict.fromkeys(found, ())
    projects = _folders(layout.projects_folder(config_dir))
    named = {*wanted, *map(layout.transcript_name, wanted)}
    entries = [entry for one in projects for entry in _entries(one) if entry.name in named]
    transcripts = [(layout.session_of(one.name), one) for one in entries if _is_lines(one)]
    for session_id, entry in transcripts:
        if session_id in wanted:
            found[session_id].append(entry.path)
    theirs = {one for one in wanted if is_cli_id(one) or any(map(_is_file, found[one]))}
    beside = (one for one in _beside(config_dir, entries) if one[0] in theirs)
    for session_id, path in sorted(beside):
        found[session_id].append(path)
    for session_id in wanted:
        own = f"{config_dir}/{session_id}"
        if _is_file(f"{own}/conversation.json") and not is_link(own):
            found[session_id].append(own)
    return {one: tuple(map(Path, dict.fromkeys(paths))) for one, paths in found.items()}


def _beside(config_dir: Path, in_projects: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, str]]:
    """Yield the files and folders beside transcripts, each with the id of its session."""
    for entry in in_projects:
        yield entry.name, entry.path
    for kind in layout.SESSION_FOLDERS:
        for entry in _entries(config_dir / kind):
            yield entry.name, entry.path
    for entry in _entries(config_dir / layout.DEBUG_LOGS):
        if entry.name.endswith(".txt"):
            yield entry.name.removesuffix(".txt"), entry.path
    for entry in _entries(config_dir / layout.TODOS):
        yield _owner_of_todo(entry.name), entry.path


def is_place_of(session_id: str, place: str) -> bool:
    """Whether a place, relative to a listing, is one that the footprint of a session can name."""
    config_dir, *rest = place.split("/")
    if config_dir != CONFIG_DIR or "\0" in place:
        return False
    match rest:
        case [layout.PROJECTS, project, name]:
            is_plain = project not in ("", ".", "..")
            return is_plain and name in (session_id, layout.transcript_name(session_id))
        case [layout.DEBUG_LOGS, name]:
            return name == f"{session_id}.txt"
        case [layout.TODOS, name]:
            return _owner_of_todo(name) == session_id
        case [kind, name]:
            return kind in layout.SESSION_FOLDERS and name == session_id
        case _:
            return rest == [session_id]


def is_transcript_place(session_id: str, place: str) -> bool:
    """Whether a place, relative to a listing, is a session's transcript."""
    return _is_in_projects(place) and place.endswith(f"/{layout.transcript_name(session_id)}")


def is_folder_place(session_id: str, place: str) -> bool:
    """Whether a place, relative to a listing, is the folder beside a session's transcript."""
    return _is_in_projects(place) and place.endswith(f"/{session_id}")


def _is_in_projects(place: str) -> bool:
    return place.startswith(f"{CONFIG_DIR}/{layout.PROJECTS}/")


def _owner_of_todo(name: str) -> str:
    return name.partition(".")[0].partition("-agent-")[0]


def _is_lines(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(layout.TRANSCRIPT_ENDING)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder but links; none if the folder itself is a link."""
    if is_link(folder):
        return
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _folders(base: Path) -> list[Path]:
    found = (one.path for one in _entries(base) if one.is_dir(follow_symlinks=False))
    return [Path(path) for path in sorted(found)]
