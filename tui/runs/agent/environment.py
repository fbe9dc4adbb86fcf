"""The environments of a run: what its processes inherit, and the secrets that only they read."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

from tui.core.errors import Reason, RunFailed
from tui.runs.agent.cli_process import RUN_VARIABLE
from tui.runs.folder.protocol import RunSpec
from tui.safe_io.folders import is_link, read_small
from tui.safe_io.replacing import make_folders

# What belongs to the operator's terminal and login (an agent that finds a forwarded SSH agent can
# log in elsewhere), or would make the CLI believe that it runs inside another one.
_DROPPED = {"CLAUDECODE", "DISPLAY", "XAUTHORITY", "STY", "COLUMNS", "LINES", "ESCDELAY"}
_DROPPED_PREFIXES = ("SSH_", "TMUX", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SSE", "TEXTUAL")

# What Python, the loader, and what a runner imports read as they begin.
_OF_INTERPRETER = {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "OTEL_PROPAGATORS"}
_OF_INTERPRETER_PREFIXES = ("LC_", "LD_", "PYTHON", "MALLOC_", "GLIBC_")

STATE_EVENTS = "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS"


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the console's environment that a runner may inherit."""
    return {
        name: value
        for name, value in environment.items()
        if name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES)
    }


def of_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that a runner begins with, which holds no secrets.

    The rest comes with its order.
    """
    return {
        name: value
        for name, value in environment.items()
        if name in _OF_INTERPRETER or name.startswith(_OF_INTERPRETER_PREFIXES)
    }


def cli_environment(spec: RunSpec) -> dict[str, str]:
    """Return what the CLI's environment adds to ours: the secrets, and where its sessions are."""
    secrets = read_env_file(spec.env_file) if spec.env_file else {}
    return secrets | {
        "CLAUDE_CONFIG_DIR": str(spec.config_dir),
        "CLAUDE_SESSION_DIR": str(spec.config_dir),
        STATE_EVENTS: "1",
        RUN_VARIABLE: spec.run_id,
    }


def make_config_dir(path: Path) -> None:
    """Make the CLI's config dir if there is none; raises `RunFailed` for one behind a link."""
    if is_link(path):
        raise RunFailed(f"{path.name} is a link, and links are not followed")
    try:
        make_folders(path.parent, path.name)
    except OSError as error:
        where = f"{path.parent.name}/{path.name}"
        raise RunFailed(f"{where} cannot be used: {error.strerror or error}") from error


def read_env_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a file of secrets.

    Raises `RunFailed` when it cannot be read, or when everybody on this machine could read it.
    """
    try:
        mode, text = path.stat().st_mode, read_small(path, follows=True).decode("utf-8")
    except OSError as error:
        raise RunFailed(f"the env file {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise RunFailed(f"the env file {path} is not a text file") from error
    if "\0" in text:
        raise RunFailed(f"the env file {path} is not a text file")
    if mode & stat.S_IRWXO:
        words = f"the env file {path} is readable by everyone"
        raise RunFailed(words, Reason.NOT_SET_UP, remedy=f"chmod 600 {shlex.quote(str(path))}")
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    named = ((name.strip(), _unquoted(value.strip())) for name, _, value in pairs)
    return {name: value for name, value in named if name}


def _unquoted(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value
