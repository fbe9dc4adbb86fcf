"""Look at a root: every listing's rows, files, locks and registry, joined into a catalog."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from tui.core.catalog import Findings, join
from tui.core.errors import DatabaseProblem, NothingTracked
from tui.core.models import Catalog, Listing, Row, Run
from tui.core.session_id import is_listing_id
from tui.core.text import one_line
from tui.core.zones import zone_named
from tui.operations.context import Context
from tui.operations.target import DATABASE
from tui.runs import protocol
from tui.storage import locks
from tui.storage.config_dir import CONFIG_DIR, sweep_days
from tui.storage.registry import read_registry
from tui.storage.tracking import read_rows
from tui.storage.transcripts import TranscriptFinder

_THREADS = 8
_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Rows:
    stamp: _Stamp
    rows: tuple[Row, ...]
    problem: str = ""
    is_known: bool = True


class Watch:
    """Looks at a root again and again, opening only the databases that changed.

    Not for two threads at once. Looking changes nothing below the root.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rows: dict[Path, _Rows] = {}
        self._finders: dict[Path, TranscriptFinder] = {}
        self._runs: dict[Path, tuple[object, Run]] = {}

    def look(self, only: str | None = None) -> Catalog:
        """Return the picture of this moment, of one listing when `only` names it; blocking."""
        root, now = self._context.root, self._context.clock()
        try:
            names = [name for name in sorted(_listing_names(root)) if only in (None, name)]
            free = shutil.disk_usage(root).free
        except OSError as error:
            return Catalog(root, now, problem=_root_problem(root, error))
        zone = self._zone()
        with ThreadPoolExecutor(_THREADS, "look") as pool:
            listings = tuple(pool.map(lambda name: self._listing(root / name, zone), names))
        return Catalog(root, now, listings, free_bytes=free, problem="")

    def _zone(self) -> tzinfo | None:
        name = self._context.settings.time_zone
        return None if name == "auto" else zone_named(name)

    def _listing(self, path: Path, zone: tzinfo | None) -> Listing:
        """Look at one listing; whatever may not be read there is its problem and no other's."""
        try:
            return self._look_at(path, zone)
        except OSError as error:
            known = self._rows.get(path / DATABASE)
            rows = known.rows if known else ()
            problem = _unread(path, error)
            return join(
                Findings(
                    path.name,
                    path,
                    rows,
                    problem=problem,
                    is_stale=bool(rows),
                    zone=zone,
                    has_rows=bool(rows),
                )
            )

    def _look_at(self, path: Path, zone: tzinfo | None) -> Listing:
        config_dir = path / CONFIG_DIR
        is_linked = config_dir.is_symlink()
        rows = self._read(path / DATABASE)
        finder = self._finders.setdefault(path, TranscriptFinder())
        return join(
            Findings(
                path.name,
                path,
                rows.rows,
                () if is_linked else finder.find(config_dir),
                () if is_linked else read_registry(config_dir),
                self._runs_of(path),
                locks.held(path),
                sweep_days(config_dir),
                rows.problem or _link_problem(config_dir, is_linked),
                bool(rows.problem and rows.rows),
                zone,
                rows.is_known,
            )
        )

    def _runs_of(self, path: Path) -> tuple[Run, ...]:
        return tuple(self._run(folder) for folder in protocol.run_folders(path))

    def _run(self, folder: Path) -> Run:
        known = self._runs.get(folder)
        if known is not None and known[1].is_over and known[1].state != "lost":
            return known[1]
        stamp = protocol.stamp(folder)
        if known is None or known[0] != stamp:
            known = stamp, protocol.read_run(folder)
            self._runs[folder] = known
        return known[1]

    def _read(self, db_path: Path) -> _Rows:
        stamp = _stamp(db_path)
        known = self._rows.get(db_path)
        if known is not None and known.stamp == stamp and not known.problem:
            return known
        try:
            fresh = _Rows(stamp, read_rows(db_path))
        except NothingTracked as problem:
            fresh = _Rows(stamp, (), str(problem))
        except DatabaseProblem as problem:
            rows = known.rows if known else ()
            fresh = _Rows(stamp, rows, str(problem), is_known=bool(rows))
        self._rows[db_path] = fresh
        return fresh


def listing_paths(root: Path) -> tuple[Path, ...]:
    """Return the folders of all listings, by name; none when the root cannot be read."""
    try:
        return tuple(root / name for name in sorted(_listing_names(root)))
    except OSError:
        return ()


def _listing_names(root: Path) -> list[str]:
    with os.scandir(root) as entries:
        return [
            entry.name
            for entry in entries
            if is_listing_id(entry.name) and entry.is_dir(follow_symlinks=False)
        ]


def _stamp(db_path: Path) -> _Stamp:
    """What tells that a database changed: its file, and the log that WAL commits go to."""
    return _version(db_path), _version(db_path.with_name(f"{db_path.name}-wal"))


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _unread(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{one_line(path.name)} may not be read by us"
    return f"{one_line(path.name)} cannot be read: {one_line(error.strerror or error)}"


def _link_problem(config_dir: Path, is_linked: bool) -> str:
    return f"{config_dir.name} is a link, and links are not followed" if is_linked else ""


def _root_problem(root: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no folder {root}: name the root with --root DIR"
    return f"{root}: {error.strerror or error}"
