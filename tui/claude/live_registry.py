"""The CLI's live registry: which process runs which session, proven, never guessed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.layout import registry_entry, registry_folder
from tui.core.limits import MOST_LIVE, REGISTRY_ENTRY, REGISTRY_S
from tui.core.models.session import Liveness, Process
from tui.core.text.bounded_json import parse_json
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.safe_io.folders import is_link, read_object, read_small
from tui.safe_io.processes import is_domain_gone, is_gone, is_running, own_domain, started
from tui.safe_io.walking import Budget, names_in

_ENTRY = late_pattern(r"[1-9][0-9]{0,9}\.json")
_TORN_S = 0.05
_STATUSES = {
    "busy": Liveness.BUSY,
    "waiting": Liveness.WAITING,
    "idle": Liveness.IDLE,
}


class _UnreadableError(Exception):
    """An entry that is there but unusable: torn, too large, unreadable, forged."""


def read_registry(config_dir: Path) -> tuple[Process, ...]:
    """Return the processes that run a session of this config dir.

    An entry is left out when its process, or its whole pid namespace, is proven gone. A process is
    `unknown` when nothing can be proven: it is on another machine or in another pid namespace, or
    its pid lives but the entry has no start time. An unreadable entry of a living pid may be of
    any session: its session id is `""`. Pid 0 stands for a registry that cannot be read, or that
    has more entries than are read.
    """
    try:
        paths, is_all = _entries(registry_folder(config_dir))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        return (_unknown(0),)
    budget = Budget(MOST_LIVE, REGISTRY_S)
    found, torn = _read_all(paths, budget)
    if torn:
        time.sleep(_TORN_S)  # the CLI rewrites its entry in place: a second look finds it whole
        again, torn = _read_all(torn, Budget(MOST_LIVE, REGISTRY_S))
        found += again
    rest = () if is_all and not budget.is_over else (_unknown(0),)
    return (*found, *(_unknown(_pid_of(path)) for path in torn), *rest)


def _entries(folder: Path) -> tuple[list[Path], bool]:
    """Return the entries, and whether these are all; the folder has other files, too.

    Raises `OSError`, also for a link.
    """
    if is_link(folder):
        raise OSError(f"{folder} is a link")
    names, is_all = names_in(folder)
    return [folder / name for name in names if _ENTRY.fullmatch(name)], is_all


def entry_names(config_dir: Path) -> list[str]:
    """Return the file names of the entries, none where they cannot be listed."""
    if is_link(config_dir):
        return []
    try:
        return [path.name for path in _entries(registry_folder(config_dir))[0]]
    except OSError:
        return []


def names_session(config_dir: Path, name: str) -> bool:
    """Whether an entry is still there and names a session: the CLI keeps others, too."""
    entry = read_object(registry_folder(config_dir) / name, REGISTRY_ENTRY)
    return bool(entry.get("sessionId"))


def last_sign_of(config_dir: Path, pid: int) -> datetime | None:
    """Return the latest time in the entry of a process, `None` without one."""
    return _last_sign(read_object(registry_entry(config_dir, pid), REGISTRY_ENTRY))


def _read_all(paths: Iterable[Path], budget: Budget) -> tuple[list[Process], list[Path]]:
    """Return the processes not proven dead, and the unreadable entries whose pid lives.

    A pid proves nothing about another machine, but otherwise the torn entry of a process that is
    gone would block every session here for ever.
    """
    found, torn = [], []
    for path in paths:
        if not budget.spend():
            break
        try:
            process = _read(path)
        except _UnreadableError:
            if started(_pid_of(path)) is not None:
                torn.append(path)
            continue
        if process is not None:
            found.append(process)
    return found, torn


def _pid_of(path: Path) -> int:
    return int(path.stem)


def _unknown(pid: int) -> Process:
    return Process(pid, "", proc_start="", liveness=Liveness.UNKNOWN)


def _read(path: Path) -> Process | None:
    if is_link(path):
        raise _UnreadableError
    try:
        entry = parse_json(read_small(path, REGISTRY_ENTRY))
        if isinstance(entry, dict) and "sessionId" not in entry:
            return None
        pid, session_id = int(entry["pid"]), str(entry["sessionId"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise _UnreadableError from error
    if pid != _pid_of(path):
        raise _UnreadableError  # the CLI names each entry by its own pid: this one is planted
    return _proven(entry, pid, session_id)


def _proven(entry: dict[str, Any], pid: int, session_id: str) -> Process | None:
    start, domain = _start(entry), str(entry.get("pidDomain") or "")
    is_ours = domain in ("", own_domain())
    if is_ours and is_running(pid, start):
        liveness = _STATUSES.get(str(entry.get("status")), Liveness.BUSY)
    elif _is_dead(entry, pid, domain, is_ours=is_ours):
        return None
    else:
        liveness = Liveness.UNKNOWN
    waiting_for = one_line(entry.get("waitingFor") or "")[:200]
    return Process(
        pid,
        session_id,
        proc_start=start,
        liveness=liveness,
        waiting_for=waiting_for,
        started_at=_started_at(entry),
        domain=one_line(domain),
    )


def _is_dead(entry: dict[str, Any], pid: int, domain: str, *, is_ours: bool) -> bool:
    """Whether a process that does not run here is proven dead, wherever it ran."""
    if not is_ours:
        return is_domain_gone(domain, _last_sign(entry))
    return domain != "" and is_gone(pid, _start(entry))


def _start(entry: dict[str, Any]) -> str:
    """Return the start of its process in clock ticks; `""` when the entry has none."""
    start = str(entry.get("procStart", ""))
    return start if start.isascii() and start.isdigit() else ""


def _started_at(entry: dict[str, Any]) -> datetime | None:
    return _moment(entry.get("startedAt"))


def _last_sign(entry: dict[str, Any]) -> datetime | None:
    """Return the latest time in an entry, `None` when it has none."""
    names = ("startedAt", "updatedAt", "statusUpdatedAt")
    return max((moment for name in names if (moment := _moment(entry.get(name)))), default=None)


def _moment(stored: object) -> datetime | None:
    """Return the time for a number of milliseconds since the epoch, `None` for anything else."""
    if isinstance(stored, bool) or not isinstance(stored, int | float | str):
        return None
    try:
        return datetime.fromtimestamp(int(stored) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
