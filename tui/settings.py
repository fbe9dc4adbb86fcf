"""What an operator can set: flags over environment over a TOML file over defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tui.core.errors import UsageError
from tui.core.expiry import parse_duration
from tui.core.text import one_line
from tui.core.zones import zone_named


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. Names are the TOML file's keys, upper-cased after `SESSION_CONSOLE_` the
    environment's. `stages` holds a table a stage with the agent's options (`model`,
    `allowed_tools`, `permission_mode`, `max_turns`, ...) and `max_age_days`.

    What cannot be set follows from the environment: `source` is the TOML file read, `claude_home`
    the CLI's config dir of whoever looks, `state_dir` and `cache_dir` our own XDG folders; `None`
    for none of it.
    """

    root: Path = Path("data/outputs")
    operator: str = ""
    read_only: bool = False
    time_zone: str = "auto"
    env_file: Path | None = None
    cli_path: Path | None = None
    max_age_days: int = 30
    trash_days: int = 7
    resume_keeps: timedelta = timedelta(days=1)
    quiet_after: timedelta = timedelta(minutes=10)
    permission_timeout: timedelta = timedelta(minutes=30)
    stall_timeout: timedelta = timedelta(minutes=3)
    max_runs: int = 4
    bell: bool = True
    ssh: bool = False
    ascii: bool = False
    theme: str = ""
    notify_command: str = ""
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: Path | None = None
    claude_home: Path | None = None
    state_dir: Path | None = None
    cache_dir: Path | None = None


_NOT_SETTABLE = {"source", "ssh", "claude_home", "state_dir", "cache_dir"}


def settings_path(environment: Mapping[str, str]) -> Path:
    """Return where the TOML file is: `$SESSION_CONSOLE_CONFIG`, else under the XDG folder."""
    named = environment.get("SESSION_CONSOLE_CONFIG")
    if named:
        return Path(named)
    named = environment.get("XDG_CONFIG_HOME")
    base = Path(named) if named else _home(environment) / ".config"
    return base / "session-console" / "config.toml"


def _home(environment: Mapping[str, str]) -> Path:
    """Return the home folder; the root folder for a user who has none, as in some containers."""
    try:
        return Path(environment.get("HOME") or Path.home())
    except RuntimeError:
        return Path("/")


def load_settings(environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Return the settings in force; raises `UsageError` naming the key that is wrong."""
    path = settings_path(environment)
    settings = _apply(Settings(), _read(path), str(path))
    if path.exists():
        settings = replace(settings, source=path)
    settings = _apply(settings, _from_environment(environment), "the environment")
    settings = replace(settings, **{key: value for key, value in flags.items() if value})
    operator = settings.operator or _login(environment)
    return replace(
        settings,
        operator=one_line(operator)[:64] or "unknown",
        claude_home=_folder(environment, "CLAUDE_CONFIG_DIR", ".claude"),
        state_dir=_folder(environment, "XDG_STATE_HOME", ".local/state", "session-console"),
        cache_dir=_folder(environment, "XDG_CACHE_HOME", ".cache", "session-console"),
    )


def _folder(environment: Mapping[str, str], name: str, default: str, *ours: str) -> Path:
    """Return the folder that a variable names, else the one below the home folder."""
    named = environment.get(name)
    return (Path(named) if named else _home(environment) / default).joinpath(*ours)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    prefix = "SESSION_CONSOLE_"
    names = {one.name for one in fields(Settings)} - _NOT_SETTABLE - {"stages"}
    return {
        name: value
        for name in names
        if (value := environment.get(prefix + name.upper())) is not None
    }


def _apply(settings: Settings, given: Mapping[str, Any], source: str) -> Settings:
    known = {one.name for one in fields(Settings)} - _NOT_SETTABLE
    values = {}
    for key, value in given.items():
        if key not in known:
            raise UsageError(f"{source}: no setting is called {one_line(key)!r}")
        values[key] = _converted(key, value, getattr(Settings(), key), source)
    return replace(settings, **values)


def _converted(key: str, value: Any, default: Any, source: str) -> Any:
    try:
        if key == "stages":
            return _stages(value)
        if key == "time_zone" and value != "auto":
            zone_named(str(value))
        if isinstance(default, bool):
            return _boolean(value)
        if isinstance(default, int):
            return _positive(value)
        if isinstance(default, timedelta):
            return parse_duration(str(value))
        if isinstance(default, Path) or default is None:
            return Path(str(value)).expanduser()
        return str(value)
    except (ValueError, RuntimeError, UsageError) as error:
        raise UsageError(f"{source}: {key}: {error}") from error


def _stages(value: Any) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise ValueError("expected one table a stage, like [stages.stage_3]")
    return value


def _boolean(value: Any) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "0": False,
        "false": False,
        "no": False,
    }
    word = str(value).lower()
    if word not in words:
        raise ValueError(f"expected true or false, not {one_line(value)!r}")
    return words[word]


def _positive(value: Any) -> int:
    text = str(value)
    if not (text.isdecimal() and text.isascii() and int(text) > 0):
        raise ValueError(f"expected a whole number above 0, not {one_line(text)[:40]!r}")
    return int(text)


def _login(environment: Mapping[str, str]) -> str:
    """Return the login name, with the SSH client's address when there is one."""
    name = environment.get("LOGNAME") or environment.get("USER") or _name_of(os.getuid())
    client = environment.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{name}@{client}" if client else name


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"
