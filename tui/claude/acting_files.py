"""The files that the CLI obeys as it starts in a folder: looked for, never followed or obeyed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tui.claude.layout import DEFAULT_CONFIG_DIR, LOCAL_SETTINGS, SETTINGS, STATE
from tui.core.values import dataclass
from tui.safe_io.folders import is_link, read_small
from tui.safe_io.opening import CONFIG_DIR

# Settings that run a program, or send an agent elsewhere, without asking.
_RUNS = (
    *("hooks", "apiKeyHelper", "env", "statusLine", "awsAuthRefresh", "awsCredentialExport"),
    *("gcpAuthRefresh", "otelHeadersHelper", "fileSuggestion", "enabledPlugins"),
    *("enableAllProjectMcpServers", "enabledMcpjsonServers", "extraKnownMarketplaces"),
)
_ALLOWS = ("allow", "defaultMode", "additionalDirectories")
_SERVERS = ".mcp.json"
# Folders that an agent may use; each can bring commands of its own.
_FOLDERS = ("skills", "commands", "agents", "plugins", "workflows", "output-styles", "rules")
_ONLY_WORDS = ("output-styles", "rules")
_PLUGINS_DATA = "store"  # what the CLI's own plugins remember; nothing in it runs
_WORDS = ("CLAUDE.md", "CLAUDE.local.md")
UNREAD = "cannot be read"


@dataclass(frozen=True, slots=True)
class AgentFile:
    """One file or folder, `what` acts in it, and whether it may run commands."""

    path: Path
    what: str
    is_running: bool


def acting_files(folder: Path) -> tuple[AgentFile, ...]:
    """Return what acts in agents that start in a listing's folder, with about thirty `stat`s."""
    own, config_dir = folder / DEFAULT_CONFIG_DIR, folder / CONFIG_DIR
    found = [*_of_folder(folder), *_of_claude(own, (SETTINGS, LOCAL_SETTINGS))]
    if not is_link(config_dir):
        found += [*_of_claude(config_dir, (SETTINGS,)), *_of_servers(config_dir / STATE)]
    return tuple(found)


def _of_folder(folder: Path) -> Iterator[AgentFile]:
    for name in _WORDS:
        if _is_there(folder / name):
            yield AgentFile(folder / name, "words", is_running=False)
    if _is_there(folder / _SERVERS):
        yield AgentFile(folder / _SERVERS, "MCP servers", is_running=True)


def _of_claude(folder: Path, settings: Iterable[str]) -> Iterator[AgentFile]:
    """Yield what acts in a `.claude` folder, or in a config dir, with the settings files it has."""
    if is_link(folder):
        yield AgentFile(folder, "a link: what it leads to", is_running=True)
        return
    for name in settings:
        yield from _of_settings(folder / name)
    for name in _FOLDERS:
        if _is_there(folder / name) and not _is_empty(folder / name):
            yield AgentFile(folder / name, name, is_running=name not in _ONLY_WORDS)
    yield from (one for one in _of_folder(folder) if one.path.name != _SERVERS)


def _of_settings(path: Path) -> Iterator[AgentFile]:
    if not _is_there(path):
        return
    settings = _read(path)
    if settings is None:
        yield AgentFile(path, UNREAD, is_running=True)
        return
    runs = [name for name in _RUNS if settings.get(name)]
    permissions = settings.get("permissions")
    given = permissions if isinstance(permissions, Mapping) else {}
    allows = [f"permissions.{name}" for name in _ALLOWS if given.get(name)]
    if runs or allows:
        yield AgentFile(path, ", ".join(runs + allows), is_running=bool(runs))


def _of_servers(path: Path) -> Iterator[AgentFile]:
    """Yield the CLI's state file if it names MCP servers, for all folders or for one."""
    if not _is_there(path):
        return
    state = _read(path)
    projects = state.get("projects") if state is not None else None
    places = projects.values() if isinstance(projects, Mapping) else ()
    if state is None or any(
        isinstance(one, Mapping) and one.get("mcpServers") for one in (state, *places)
    ):
        yield AgentFile(path, UNREAD if state is None else "MCP servers", is_running=True)


def _read(path: Path) -> Mapping[str, Any] | None:
    """Return the object in a small file; `None` for a link, and for what cannot be read."""
    with suppress(OSError, ValueError, RecursionError):
        value = json.loads(read_small(path))
        return value if isinstance(value, dict) else {}
    return None


def _is_there(path: Path) -> bool:
    """Whether the path exists; true if nobody can tell."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def _is_plugins_data(folder: Path, entry: os.DirEntry[str]) -> bool:
    is_named_so = folder.name == "plugins" and entry.name == _PLUGINS_DATA
    return is_named_so and entry.is_dir(follow_symlinks=False)


def _is_empty(path: Path) -> bool:
    if is_link(path):
        return False
    try:
        with os.scandir(path) as entries:
            return all(_is_plugins_data(path, one) for one in entries)
    except OSError:
        return False
