"""The settings: flags override the environment, which overrides a TOML file and the defaults."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tui.core.errors import UsageError
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line
from tui.core.text.toml_lines import SettingsSource
from tui.core.time.expiry import parse_duration
from tui.core.time.zones import zone_named
from tui.core.values import dataclass, field, fields, replace
from tui.settings_file import home, read_settings, settings_path

if TYPE_CHECKING:  # a pipeline reads settings too, and shall not pay for what a console needs
    from tui.core.console.keymap import Keymap
    from tui.core.console.own_command import OwnCommand
    from tui.fleet_settings import FleetSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, with their descriptions.

    Names are the keys of the TOML file; in the environment they are upper case, with the prefix
    `SESSION_CONSOLE_`. Not settable: `source` is the TOML file read, `missing` the one that
    `SESSION_CONSOLE_CONFIG` names but does not exist, `origins` the origin of each setting that is
    not the default (flag, environment, file), `login` the login without its address when no
    `operator` is set, `claude_home` the operator's own CLI config dir, `state_dir` and `cache_dir`
    our XDG folders; `None` if there is none.
    """

    root: Annotated[Path, "the folder that holds the listings' folders"] = Path("data/outputs")
    operator: Annotated[
        str, "who acts, where a login is shared; else the login name, with the SSH client's address"
    ] = ""
    read_only: Annotated[bool, "read-only; cannot be overridden by other sources"] = False
    restricted: Annotated[bool, "no access to a shell; cannot be overridden by other sources"] = (
        False
    )
    time_zone: Annotated[
        str, "the zone of the table's naive times; `auto` infers it per listing"
    ] = "auto"
    env_file: Annotated[
        Path | None, "`NAME=value` lines with the agents' credentials, mode 600, read at each start"
    ] = None
    cli_path: Annotated[Path | None, "the CLI to run instead of the one in the SDK"] = None
    max_age_days: Annotated[int, "how long a new session lasts"] = 30
    trash_days: Annotated[int, "how long deleted sessions can be restored"] = 7
    audit_days: Annotated[int, "how long the audit keeps who did what, and `undo` reaches back"] = (
        365
    )
    resume_keeps: Annotated[timedelta, "how long a resumed session lasts at least from then on"] = (
        timedelta(days=1)
    )
    quiet_after: Annotated[
        timedelta, "how long a busy session may write nothing before it needs a look"
    ] = timedelta(minutes=10)
    permission_timeout: Annotated[
        timedelta, "how long a permission request waits before it is denied"
    ] = timedelta(minutes=30)
    stall_timeout: Annotated[
        timedelta, "how long the API may say nothing before a run shows `stalled`"
    ] = timedelta(minutes=3)
    max_runs: Annotated[
        int, "how many of our runs work at once in a root; more wait as `queued`"
    ] = 4
    bell: Annotated[bool, "ring once for each new request"] = True
    login: str = ""
    ssh: bool = False
    ascii: Annotated[bool, "ASCII only; set automatically if the locale is not UTF-8"] = False
    cell_diff: Annotated[
        bool, "send only the cells that differ; off leaves the painting to Textual"
    ] = True
    first_picture: Annotated[
        bool, "begin with what the last console showed, until the root has been read"
    ] = True
    theme: Annotated[str, "Textual's theme; else `ansi-dark` over SSH, `tokyo-night` elsewhere"] = (
        ""
    )
    columns: Annotated[
        tuple[str, ...], "the columns of Sessions, in order; else those that the width allows"
    ] = ()
    keys: Annotated[Keymap | None, "the keymap: an action or a verb = a key, or several"] = None
    commands: Annotated[
        tuple[OwnCommand, ...], "a table for each command of yours: `key`, `argv`, `ask`; no shell"
    ] = ()
    notify_command: Annotated[
        str, "run once for each new thing by `check --notify` or an open console; no shell"
    ] = ""
    stages: Annotated[
        Mapping[str, Mapping[str, Any]],
        "a table for each stage: agent's options (`model`, `allowed_tools` ...), `max_age_days`",
    ] = field(default_factory=dict)
    roots: Annotated[
        Mapping[str, Mapping[str, Any]], "a table for each root: settings for that root alone"
    ] = field(default_factory=dict)
    fleet: Annotated[
        FleetSettings | None, "a table: `dsn_file`, `host`, `lease`; without it there is no fleet"
    ] = None
    source: Path | None = None
    missing: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    claude_home: Path | None = None
    state_dir: Path | None = None
    cache_dir: Path | None = None

    def __post_init__(self) -> None:
        if ".." in self.root.parts:  # the checks for swapped folders need a path without it
            object.__setattr__(self, "root", Path(os.path.realpath(self.root)))

    @property
    def keymap(self) -> Keymap:
        """The keys of the settings, else the default ones."""
        from tui.core.console.keymap import Keymap

        return self.keys or Keymap()


THEMES = (
    *("ansi-dark", "ansi-light", "atom-one-dark", "atom-one-light", "catppuccin-frappe"),
    *("catppuccin-latte", "catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki"),
    *("gruvbox", "monokai", "nord", "rose-pine", "rose-pine-dawn", "rose-pine-moon"),
    *("solarized-dark", "solarized-light", "textual-dark", "textual-light", "tokyo-night"),
)
_PREFIX = "SESSION_CONSOLE_"
_NOT_SETTABLE = {
    "keys",
    "commands",
    "source",
    "missing",
    "origins",
    "login",
    "ssh",
    "claude_home",
    "state_dir",
    "cache_dir",
}
_TABLES = {"stages", "roots", "fleet"}
_TAKES_AWAY = {"read_only", "restricted"}


def load_settings(
    environment: Mapping[str, str],
    flags: Mapping[str, Any],
    verbs: Collection[str] | None = None,
) -> Settings:
    """Return the settings in force; raises `UsageError` that names the file, line and key.

    `verbs` are those that may have keys; with `None` the table of keys is not read.
    """
    path = settings_path(environment)
    text, others = read_settings(path)
    source = SettingsSource(str(path), text)
    given = _parsed(source)
    keys, commands = given.pop("keys", None), given.pop("commands", None)
    filed = replace(_apply(Settings(), given, source), source=path if path.exists() else None)
    if filed.source is None and environment.get("SESSION_CONSOLE_CONFIG"):
        filed = replace(filed, missing=path)
    if verbs is not None and (keys is not None or commands is not None):
        own = _commands(commands, source)
        filed = replace(filed, keys=_keymap(keys, verbs, source, own, others), commands=own)
    settings = _over(filed, environment, flags)
    for name, table in settings.roots.items():
        if os.path.realpath(Path(name).expanduser()) == os.path.realpath(settings.root):
            settings = _over(_apply(filed, table, source.within("roots", name)), environment, flags)
            given |= table
    login = "" if settings.operator else _login(environment)
    operator = settings.operator or _with_address(login, environment)
    apart = {name: one for name, one in (("keys", keys), ("commands", commands)) if one is not None}
    return replace(
        settings,
        origins=_origins(given | apart, environment, flags),
        operator=one_line(operator)[:64] or "unknown",
        login=one_line(login)[:64],
        claude_home=_folder(environment, "CLAUDE_CONFIG_DIR", ".claude"),
        state_dir=_folder(environment, "XDG_STATE_HOME", ".local/state", "session-console"),
        cache_dir=_folder(environment, "XDG_CACHE_HOME", ".cache", "session-console"),
    )


def _over(settings: Settings, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Return the file's settings, overridden by the environment and the flags."""
    settings = _apply(settings, _from_environment(environment), SettingsSource("the environment"))
    return replace(settings, **{key: value for key, value in flags.items() if value})


def _folder(environment: Mapping[str, str], name: str, default: str, *ours: str) -> Path:
    """Return the folder that a variable names, else the one below the home folder."""
    named = environment.get(name)
    return (Path(named) if named else home(environment) / default).joinpath(*ours)


def _parsed(source: SettingsSource) -> dict[str, Any]:
    if not source.text:
        return {}
    import tomllib

    try:
        return tomllib.loads(source.text)
    except RecursionError as error:
        raise UsageError(source.broken(ValueError("it is nested too deep"))) from error
    except ValueError as error:
        raise UsageError(source.broken(error)) from error


def _commands(given: object, source: SettingsSource) -> tuple[OwnCommand, ...]:
    from tui.core.console.own_command import WrongCommand, own_commands

    try:
        return own_commands({} if given is None else given)
    except WrongCommand as error:
        said = ".".join(("commands", *map(one_line, error.names)))
        raise UsageError(f"{source.at('commands', *error.names)}: {said}: {error}") from error


def _keymap(
    given: object,
    verbs: Collection[str],
    source: SettingsSource,
    commands: Sequence[OwnCommand],
    no_commands: str,
) -> Keymap:
    from tui.core.console.keymap import WrongKey, keymap

    try:
        return keymap({} if given is None else given, verbs, commands, no_commands)
    except WrongKey as error:
        is_own = error.name in {one.name for one in commands}
        path = ("commands", error.name, "key") if is_own else ("keys", error.name)
        names = tuple(filter(None, path))
        raise UsageError(
            f"{source.at(*names)}: {'.'.join(map(one_line, names))}: {error}"
        ) from error


def _origins(
    filed: Mapping[str, Any], environment: Mapping[str, str], flags: Mapping[str, Any]
) -> Mapping[str, str]:
    """Return the origin of each setting that is not the default."""
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


def _apply(settings: Settings, given: Mapping[str, Any], source: SettingsSource) -> Settings:
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
    hint = meant(key, sorted(names), "", likeness=0.7)
    return f": {hint}" if hint else ""


def _converted(key: str, value: Any, default: Any, source: SettingsSource) -> Any:
    if key == "roots":
        return _roots(value, source)
    try:
        if key == "stages":
            return _tables(value, "one table a stage, like [stages.stage_3]")
        if key == "fleet":
            return _fleet(value)
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
        if isinstance(default, tuple):
            return _columns(value)
        if isinstance(default, Path) or default is None:
            return Path(str(value)).expanduser()
        return str(value)
    except (ValueError, RuntimeError, UsageError) as error:
        raise UsageError(f"{source.at(key)}: {key}: {error}") from error


def _fleet(value: Any) -> FleetSettings:
    from tui.fleet_settings import parse_fleet

    return parse_fleet(value)


def _columns(value: Any) -> tuple[str, ...]:
    """Return the columns of a list, or of a text with commas as in the environment."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise ValueError('expected a list, like ["ends", "state", "title"]')
    from tui.core.console.column_table import parse_columns

    return parse_columns(names)


def _tables(value: Any, expected: str) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise ValueError(f"expected {expected}")
    return value


def _roots(value: Any, source: SettingsSource) -> Mapping[str, Mapping[str, Any]]:
    """Return the roots' tables, all of them checked, not only the one in use."""
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
    values = {
        "1": True,
        "true": True,
        "yes": True,
        "0": False,
        "false": False,
        "no": False,
    }
    word = str(value).lower()
    if word not in values:
        others = ", ".join(one for one in values if one not in ("true", "false"))
        raise ValueError(f"expected true or false (or {others}), not {one_line(value)!r}")
    return values[word]


def _positive(value: Any) -> int:
    text = str(value)
    if not (text.isdecimal() and text.isascii() and int(text) > 0):
        raise ValueError(f"expected a whole number above 0, not {one_line(text)[:40]!r}")
    return int(text)


def _login(environment: Mapping[str, str]) -> str:
    return environment.get("LOGNAME") or environment.get("USER") or _name_of(os.getuid())


def _with_address(name: str, environment: Mapping[str, str]) -> str:
    """Return a name with the SSH client's address when there is one."""
    client = environment.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{name}@{client}" if client else name


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"
