"""Kills orphaned or hung processes of a run, once each is proven to be the right one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tui.claude.layout import DEFAULT_CONFIG_DIR
from tui.core.errors import Refused
from tui.runs.folder.protocol import named_process, read_owner
from tui.safe_io.processes import (
    end_process,
    interrupt_process,
    is_gone,
    is_running,
    started_with,
)


def end_cli(pid: int, proc_start: str, config_dir: Path) -> None:
    """End the CLI `pid` that started at `proc_start` and works in `config_dir`.

    Anyone who can write a registry file could name any process in it: one that was not started for
    this config dir is left alone. Raises `Refused`; a process that is gone already is fine.
    """
    _end(pid, proc_start, lambda: _works_in(pid, config_dir), f"a CLI of {config_dir}")


def end_runner(folder: Path) -> int:
    """End the runner named in a run folder's `owner.json`, and return its pid.

    Raises `Refused` when it cannot be proven to be this runner.
    """
    runner = named_process(read_owner(folder), "pid", "proc_start")
    if runner is None:
        raise Refused("its runner cannot be reached from here: end it on the machine it runs on")
    _end(*runner, lambda: _drives(runner[0], folder), f"the runner of {folder}")
    return runner[0]


def interrupt_cli(pid: int, proc_start: str, config_dir: Path) -> None:
    """Interrupt the CLI `pid` that started at `proc_start` and works in `config_dir`.

    Raises `Refused` for a process that cannot be proven to be that.
    """
    if not is_gone(pid, proc_start) and not _works_in(pid, config_dir):
        raise Refused(f"pid {pid} is left alone: it is not proven to be a CLI of {config_dir}")
    interrupt_process(pid, proc_start)


def _end(pid: int, proc_start: str, is_proven: Callable[[], bool], what: str) -> None:
    # The pid and start that `end_process` checks again make what is proven here hold there too.
    if is_gone(pid, proc_start):
        return
    if not is_proven():
        raise Refused(f"pid {pid} is left alone: it is not proven to be {what}")
    end_process(pid, proc_start)
    if is_running(pid, proc_start):
        raise Refused(f"pid {pid} was killed but has not ended: stuck in the kernel")


def _works_in(pid: int, config_dir: Path) -> bool:
    if not _is_claude(pid):
        return False
    pairs = (one.partition(b"=") for one in started_with(pid, "environ"))
    given = {name: value for name, _, value in pairs}
    if b"CLAUDE_CONFIG_DIR" in given:
        return _is_same(given[b"CLAUDE_CONFIG_DIR"], config_dir)
    return _is_same(given.get(b"HOME", b"") + b"/" + os.fsencode(DEFAULT_CONFIG_DIR), config_dir)


def _is_claude(pid: int) -> bool:
    """Whether a process is a CLI by its name: its environment goes to all that it starts."""
    for one in started_with(pid, "cmdline")[:2]:
        folder, _, name = one.rpartition(b"/")
        if b"claude" in name or (name == b"cli.js" and b"claude-code" in folder):
            return True
    return False


def _drives(pid: int, folder: Path) -> bool:
    return any(_is_same(given, folder) for given in started_with(pid, "cmdline"))


def _is_same(given: bytes, path: Path) -> bool:
    try:
        return given.startswith(b"/") and Path(os.fsdecode(given)).samefile(path)
    except (OSError, ValueError):
        return False
