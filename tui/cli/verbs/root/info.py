"""The verb that prints paths, versions, settings, terminal and credentials: info."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tui import __version__
from tui.claude.versions import REMEDY, untested_words, version_text
from tui.cli.output import put, put_json
from tui.cli.tables import put_table
from tui.core.console.keymap import KEYS, Keymap
from tui.core.models.catalog import Catalog
from tui.core.text.safe_text import one_line
from tui.core.values import fields
from tui.operations.catalog.fleet_health import fleet_troubles
from tui.operations.context import Context
from tui.operations.doctor.agent_files import acting_below, obeying_stages
from tui.operations.running.agent_options import shells
from tui.operations.running.preflight import KEY_NAMES, cli_path, sign_in
from tui.operations.target import Target
from tui.settings import Settings
from tui.settings_file import settings_path
from tui.storage.state.fault_log import fault_log_path

_PACKAGES = ("claude-agent-sdk", "textual", "aiosqlite", "humanize")
_NOT_SETTINGS = {"source", "missing", "origins", "claude_home", "state_dir", "cache_dir"}
_LINKS = {
    (True, True): "over SSH",
    (True, False): "over SSH, with --rich",
    (False, True): "not over SSH, with --ssh",
    (False, False): "not over SSH",
}
_SECRET = {"notify_command"}  # it may hold a token


def info(context: Context, args: argparse.Namespace) -> int:
    """Print all paths, versions and settings."""
    facts = _facts(context)
    switches = _switches(context.settings)
    acting = _acting(context)
    if args.json:
        named = {name: {"value": value, "from": origin} for name, value, origin in switches}
        put_json({**facts, "switches": named, "acting": acting})
        return 0
    for name, value in facts.items():
        put(f"{name:<20}{'-' if value is None else value}")
    put("")
    put_table(
        ("SWITCH", "FROM", "VALUE"), [(name, origin, said) for name, said, origin in switches]
    )
    if acting:
        put("")
        put_table(
            ("ACTS WHEN AN AGENT STARTS", "WHY", "IN RUNS OF"),
            [tuple(one.values()) for one in acting],
        )
    return 0


def _facts(context: Context) -> dict[str, str | None]:
    settings, off = context.settings, context.settings.keymap.no_commands
    config_dir, stages = Target("", context.root).config_dir, shells(settings)
    return {
        "version": __version__,
        "root": str(context.root.absolute()),
        "operator": settings.operator,
        "read_only": str(settings.read_only).lower(),
        "restricted": str(settings.restricted).lower(),
        **({"no_commands": off} if settings.commands and off else {}),
        **({"shells": ", ".join(stages)} if settings.restricted and stages else {}),
        **_places(context),
        "sign_in": sign_in(settings, config_dir) or "none found in settings or environment",
        "credentials": _credentials(os.environ),
        "terminal": _terminal(os.environ, settings),
        "time_zone": settings.time_zone,
        **_fleet(context),
        **_versions(settings),
    }


def _fleet(context: Context) -> dict[str, str]:
    """Return whether the other hosts are heard, if this one is in a fleet."""
    if context.settings.fleet is None:
        return {}
    found = context.elsewhere.joined(Catalog(context.root, context.clock()))
    if troubles := "; ".join(one.words for one in fleet_troubles(found)):
        return {"fleet": troubles}
    named = ", ".join(sorted(map(one_line, found.hosts)))
    return {"fleet": f"heard: {named or 'no other host has joined'}"}


def _acting(context: Context) -> list[dict[str, str]]:
    """Return each file below the root that agents obey, why, and which agents do."""
    stages = obeying_stages(context.settings)
    whose = ", ".join(
        ["consoles with all rights", "pipelines", *(f"stage {one}" for one in stages)]
    )
    return [
        {"path": one_line(one.path), "why": one.what, "runs_of": one_line(whose)}
        for one in acting_below(context.root)
    ]


def _places(context: Context) -> dict[str, str | None]:
    settings, root = context.settings, context.root.absolute()
    own = root / ".session_console"
    return {
        "settings": _path_text(settings.source),
        "settings_file": f"{settings_path(os.environ)}{' (missing)' if settings.missing else ''}",
        "env_file": _path_text(settings.env_file),
        "state": _path_text(settings.state_dir),
        "faults": _path_text(fault_log_path(settings.state_dir) if settings.state_dir else None),
        "cache": _path_text(settings.cache_dir),
        "claude_home": _path_text(settings.claude_home),
        "trash": str(own / "trash"),
        "logbook": str(own / "log.jsonl"),
        "runs": str(root / "LISTING" / ".session_console" / "runs"),
    }


def _versions(settings: Settings) -> dict[str, str | None]:
    from importlib.metadata import version

    cli = cli_path(settings)
    version_here = version_text(cli) if cli else ""
    untested = untested_words(version_here)
    return {
        "cli": _path_text(cli),
        "cli_version": version_here or None,
        **({"cli_untested": f"{untested}: {REMEDY}"} if untested else {}),
        "python": sys.version.split()[0],
        "python_path": sys.executable,
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in _PACKAGES},
    }


def _path_text(path: Path | None) -> str | None:
    return str(path) if path else None


def _credentials(environment: Mapping[str, str]) -> str:
    """Return which secrets are set in the environment, never their values."""
    return ", ".join(f"{name} {'set' if environment.get(name) else 'no'}" for name in KEY_NAMES)


def _terminal(environment: Mapping[str, str], settings: Settings) -> str:
    """Return what a console started here would know of its terminal."""
    from tui.view.text.colours import colours_of, draws_nothing

    columns, rows = _size()
    term = environment.get("TERM", "")
    colours = colours_of(environment, is_remote=settings.ssh)
    ssh = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
    facts = (
        f"TERM={term or '(none)'}",
        "no screen: the console refuses it" if draws_nothing(environment) else colours.words,
        "ASCII" if settings.ascii else "UTF-8",
        _LINKS[ssh, settings.ssh],
        "inside tmux" if environment.get("TMUX") else "",
        f"{columns}x{rows}" if columns else "no size",
    )
    return ", ".join(fact for fact in facts if fact)


def _size() -> tuple[int, int]:
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            size = os.get_terminal_size(stream.fileno()) if stream is not None else None
        except (OSError, ValueError):
            continue
        if size is not None:
            return size.columns, size.lines
    return 0, 0


def _switches(settings: Settings) -> list[tuple[str, str, str]]:
    """Return the name, value and origin of each setting."""
    return [
        (one.name, _value(one.name, getattr(settings, one.name)), _origin(settings, one.name))
        for one in fields(settings)
        if one.name not in _NOT_SETTINGS
    ]


def _origin(settings: Settings, name: str) -> str:
    origin = settings.origins.get(name, "default")
    return "terminal or flag" if origin == "flag" and name in ("ssh", "ascii") else origin


def _value(name: str, value: Any) -> str:
    match value:
        case Keymap():
            own = {key: of for key, of in value.keys.items() if KEYS.get(key) != of}
            return "; ".join(f"{key} = {' '.join(of)}" for key, of in own.items()) or "-"
        case timedelta():
            return str(value)
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(str(getattr(one, "name", one)) for one in value) or "-"
        case Mapping():
            return ", ".join(map(str, value)) or "-"
        case _ if name == "fleet" and value:
            return f"host {value.host}, lease {value.lease}, dsn_file {one_line(value.dsn_file)}"
        case _ if name in _SECRET and value:
            return "set"
        case _:
            return "-" if value in (None, "") else str(value)
