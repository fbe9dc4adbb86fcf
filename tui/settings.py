"""What an operator can set: flags over environment over a TOML file over defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tui.core.errors import UsageError
from tui.core.expiry import parse_duration
from tui.core.keymap import Keymap, WrongKey, keymap
from tui.core.text import one_line
from tui.core.toml_place import Source
from tui.core.zones import zone_named


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting. Names are the TOML file's keys, upper-cased after `SESSION_CONSOLE_` the
    environment's. `stages` holds a table a stage with the agent's options (`model`,
    `allowed_tools`, `permission_mode`, `max_turns`, ...) and `max_age_days`; `keys` is the keymap
    of the console; `roots` a table a root
    with settings for that one. What takes rights away (`read_only`, `restricted`) is in force as
    soon as any of them says so, whatever the others say.

    What cannot be set follows from the environment: `source` is the TOML file read, `origins` where
    each setting comes from (flag, environment, file; the others are the defaults), `claude_home`
    the CLI's config dir of whoever looks, `state_dir` and `cache_dir` our own XDG folders; `None`
    for none of it.
    """

    root: Path = Path("data/outputs")
    operator: str = ""
    read_only: bool = False
    restricted: bool = False
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
    cell_diff: bool = True
    theme: str = ""
    keys: Keymap = field(default_factory=Keymap)
    notify_command: str = ""
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    roots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    claude_home: Path | None = None
    state_dir: Path | None = None
    cache_dir: Path | None = None


THEMES = (
    *("ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe"),
    *("catppuccin-latte", "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki"),
    *("gruvbox", "monokai", "nord", "rose-pine", "rose-pine-dawn", "rose-pine-moon"),
    *("solarized-dark", "solarized-light", "textual-dark", "textual-light", "tokyo-night"),
)
_PREFIX = "SESSION_CONSOLE_"
_NOT_SETTABLE = {"keys", "source", "origins", "ssh", "claude_home", "state_dir", "cache_dir"}
_TABLES = {"stages", "roots"}
_TAKES_AWAY = {"read_only", "restricted"}


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


def load_settings(
    environment: Mapping[str, str],
    flags: Mapping[str, Any],
    verbs: Collection[str] | None = None,
) -> Settings:
    """Return the settings in force; raises `UsageError` naming the file, line and key at fault.

    `verbs` are those that may have keys; who has no use for keys names none, and their table is
    left unread.
    """
    path = settings_path(environment)
    source = Source(str(path), _text(path))
    given = _parsed(source)
    keys = given.pop("keys", None)
    filed = replace(_apply(Settings(), given, source), source=path if path.exists() else None)
    if keys is not None and verbs is not None:
        filed = replace(filed, keys=_keymap(keys, verbs, source))
    settings = _over(filed, environment, flags)
    for name, table in settings.roots.items():
        if os.path.realpath(Path(name).expanduser()) == os.path.realpath(settings.root):
            settings = _over(_apply(filed, table, source.within("roots", name)), environment, flags)
            given |= table
    operator = settings.operator or _login(environment)
    return replace(
        settings,
        origins=_origins(given | ({} if keys is None else {"keys": keys}), environment, flags),
        operator=one_line(operator)[:64] or "unknown",
        claude_home=_folder(environment, "CLAUDE_CONFIG_DIR", ".claude"),
        state_dir=_folder(environment, "XDG_STATE_HOME", ".local/state", "session-console"),
        cache_dir=_folder(environment, "XDG_CACHE_HOME", ".cache", "session-console"),
    )


def _over(settings: Settings, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Return the file's settings with those of the environment and the flags over them."""
    settings = _apply(settings, _from_environment(environment), Source("the environment"))
    return replace(settings, **{key: value for key, value in flags.items() if value})


def _folder(environment: Mapping[str, str], name: str, default: str, *ours: str) -> Path:
    """Return the folder that a variable names, else the one below the home folder."""
    named = environment.get(name)
    return (Path(named) if named else _home(environment) / default).joinpath(*ours)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


def _parsed(source: Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except ValueError as error:
        raise UsageError(f"{source.name}: {error}") from error


def _keymap(given: object, verbs: Collection[str], source: Source) -> Keymap:
    try:
        return keymap(given, verbs)
    except WrongKey as error:
        name = (error.name,) if error.name else ()
        said = ".".join(("keys", *map(one_line, name)))
        raise UsageError(f"{source.at('keys', *name)}: {said}: {error}") from error


def _origins(
    filed: Mapping[str, Any], environment: Mapping[str, str], flags: Mapping[str, Any]
) -> Mapping[str, str]:
    """Return where the settings come from that are not the defaults."""
    origins = dict.fromkeys(filed, "file")
    origins |= dict.fromkeys(_from_environment(environment), "environment")
    return origins | {name: "flag" for name, value in flags.items() if value}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = {one.name for one in fields(Settings)} - _NOT_SETTABLE - _TABLES
    return {
        name: value
        for name in names
        if (value := environment.get(_PREFIX + name.upper())) is not None
    }


def _apply(settings: Settings, given: Mapping[str, Any], source: Source) -> Settings:
    known = {one.name for one in fields(Settings)} - _NOT_SETTABLE
    values = {}
    for key, value in given.items():
        if key not in known:
            raise UsageError(
                f"{source.at(key)}: no setting is called {one_line(key)!r}{_meant(key)}"
            )
        values[key] = _converted(key, value, getattr(Settings(), key), source)
        if key in _TAKES_AWAY:
            values[key] = values[key] or getattr(settings, key)
    return replace(settings, **values)


def _meant(key: str) -> str:
    names = {one.name for one in fields(Settings)} - _NOT_SETTABLE
    near = difflib.get_close_matches(key, sorted(names), 1, 0.7)
    return f": did you mean {near[0]!r}?" if near else ""


def _converted(key: str, value: Any, default: Any, source: Source) -> Any:
    if key == "roots":
        return _roots(value, source)
    try:
        if key == "stages":
            return _tables(value, "one table a stage, like [stages.stage_3]")
        if key == "theme" and value not in ("", *THEMES):
            raise UsageError(f"no theme {one_line(value)[:40]!r}: there are {', '.join(THEMES)}")
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
        raise UsageError(f"{source.at(key)}: {key}: {error}") from error


def _tables(value: Any, expected: str) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise ValueError(f"expected {expected}")
    return value


def _roots(value: Any, source: Source) -> Mapping[str, Mapping[str, Any]]:
    """Return the tables of the roots, each checked: the wrong one may be another root's."""
    expected = 'one table a root, like [roots."/srv/buyers/data/outputs"]'
    try:
        tables = _tables(value, expected)
        for name in tables:
            Path(name).expanduser()
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"{source.at('roots')}: roots: {error}") from error
    for name, table in tables.items():
        inside = source.within("roots", name)
        if not {"root", "roots"}.isdisjoint(table):
            raise UsageError(f"{inside.at()}: a root's table names no other root")
        _apply(Settings(), table, inside)
    return tables


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
