"""The CLI's own config dir: its sweep, the footprint of a session in it, its children's age."""

from __future__ import annotations

import json
import math
import os
import stat
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tui.core.errors import ConsoleError
from tui.core.session_id import is_cli_id, is_session_id
from tui.storage.folders import is_link, read_small, write_atomically
from tui.storage.locks import settings_lock

DEFAULT_SWEEP_DAYS = 30
CONFIG_DIR = ".claude_sessions"
_LONGEST_SWEEP_DAYS = 36500


def sweep_days(config_dir: Path) -> int:
    """Return after how many days without a write the CLI deletes a transcript here."""
    days = _settings(config_dir).get("cleanupPeriodDays")
    return (
        days
        if isinstance(days, int) and not isinstance(days, bool) and days >= 0
        else DEFAULT_SWEEP_DAYS
    )


def raise_sweep(config_dir: Path, modified_at: datetime, until: datetime) -> int | None:
    """Make the CLI keep a transcript last written at `modified_at` past `until`.

    Only ever raises `cleanupPeriodDays`, keeping every other key; returns the new value in days,
    or `None` when it already was enough. Raises `ConsoleError` when the file is not ours to write.
    """
    needed = min(math.ceil((until - modified_at) / timedelta(days=1)) + 1, _LONGEST_SWEEP_DAYS)
    if needed <= sweep_days(config_dir):
        return None
    path = config_dir / "settings.json"
    try:
        with settings_lock(config_dir.parent):
            return _raise_sweep(path, needed)
    except (OSError, ValueError, RecursionError) as error:
        raise ConsoleError(f"the CLI's own sweep could not be put off: {path.name}: {error}") from (
            error
        )


def _raise_sweep(path: Path, needed: int) -> int | None:
    """Write the days needed unless another did meanwhile; the lock is held."""
    if needed <= sweep_days(path.parent):
        return None
    settings = json.loads(read_small(path)) if path.exists() else {}
    if not isinstance(settings, dict):
        raise ValueError("not a JSON object")
    text = json.dumps(settings | {"cleanupPeriodDays": needed}, indent=2, ensure_ascii=False)
    write_atomically(path, text + "\n")
    return needed


def refresh_children(config_dir: Path, now: datetime) -> None:
    """Give the children of the config dir the mtime `now`.

    The guide's clean-up by age removes old children of this folder, whatever is new below them.
    """
    stamp = now.timestamp()
    with suppress(OSError), os.scandir(config_dir) as children:
        for child in children:
            if child.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    os.utime(child.path, (stamp, stamp), follow_symlinks=False)


def footprint(config_dir: Path, session_id: str) -> tuple[Path, ...]:
    """Return everything in the config dir that belongs to a session and exists.

    Nothing that is a link or lies behind one, and nothing for what can be no session's id. A
    folder called like the id is only taken when it is a session's: other things have names too.
    """
    if not is_session_id(session_id):
        return ()
    projects = _folders(config_dir / "projects")
    transcripts = [project / f"{session_id}.jsonl" for project in projects]
    places = list(transcripts)
    if is_cli_id(session_id) or any(_is_file(path) for path in transcripts):
        places += _beside(config_dir, projects, session_id)
    if _is_file(config_dir / session_id / "conversation.json"):
        places.append(config_dir / session_id)
    return tuple(
        place for place in places if os.path.lexists(place) and not _is_linked(config_dir, place)
    )


def _beside(config_dir: Path, projects: list[Path], session_id: str) -> list[Path]:
    """Return where the CLI keeps what belongs to a session, beside its transcript."""
    folders = (config_dir / kind for kind in ("file-history", "tasks", "session-env"))
    places = [folder / session_id for folder in (*projects, *folders)]
    todos = _todos(config_dir / "todos", session_id)
    return [*places, config_dir / "debug" / f"{session_id}.txt", *todos]


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _is_linked(config_dir: Path, place: Path) -> bool:
    between = place.relative_to(config_dir).parts
    steps = (config_dir.joinpath(*between[:count]) for count in range(len(between) + 1))
    return any(is_link(step) for step in steps)


def _folders(base: Path) -> list[Path]:
    try:
        with os.scandir(base) as entries:
            return sorted(
                Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)
            )
    except OSError:
        return []


def _todos(base: Path, session_id: str) -> list[Path]:
    names = (f"{session_id}.", f"{session_id}-agent-")
    try:
        return sorted(path for path in base.iterdir() if path.name.startswith(names))
    except OSError:
        return []


def _settings(config_dir: Path) -> dict[str, Any]:
    try:
        settings = json.loads(read_small(config_dir / "settings.json"))
    except (OSError, ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}
