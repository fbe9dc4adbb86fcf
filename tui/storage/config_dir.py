"""The CLI's own config dir: its sweep, the footprint of a session in it, its children's age."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tui.core.errors import ConsoleError
from tui.storage.folders import read_small, write_atomically

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
        settings = json.loads(read_small(path)) if path.exists() else {}
        if not isinstance(settings, dict):
            raise ValueError("not a JSON object")
        text = json.dumps(settings | {"cleanupPeriodDays": needed}, indent=2, ensure_ascii=False)
        write_atomically(path, text + "\n")
    except (OSError, ValueError, RecursionError) as error:
        raise ConsoleError(f"the CLI's own sweep could not be put off: {path.name}: {error}") from (
            error
        )
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

    Nothing that is a link or lies behind one. `session_id` is already known to be well-formed.
    """
    projects = _folders(config_dir / "projects")
    places = [project / f"{session_id}.jsonl" for project in projects]
    places += [project / session_id for project in projects]
    places += [config_dir / kind / session_id for kind in ("file-history", "tasks", "session-env")]
    places += [config_dir / "debug" / f"{session_id}.txt", config_dir / session_id]
    places += _todos(config_dir / "todos", session_id)
    return tuple(
        place for place in places if os.path.lexists(place) and not _is_linked(config_dir, place)
    )


def _is_linked(config_dir: Path, place: Path) -> bool:
    between = place.relative_to(config_dir).parts
    steps = (config_dir.joinpath(*between[:count]) for count in range(len(between) + 1))
    return any(step.is_symlink() for step in steps)


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
