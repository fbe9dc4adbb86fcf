"""Where an agent may work, and the places that are closed to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR
from tui.claude.layout import STATE, default_config_dir, secret_places
from tui.core.text.safe_text import one_line
from tui.safe_io.folders import OURS
from tui.settings import Settings
from tui.settings_file import settings_path


def closed_places(settings: Settings, folder: Path) -> tuple[Path, ...]:
    """Return what no agent of a listing's `folder` may touch, whoever started it.

    A place that contains the listing is left out, except for the credentials in it. Config dirs and
    `.session_console`, of any root, are closed without being named.
    """
    home = _real(folder)
    found = (place.absolute() for place in _places(settings) if not _is_device(place))
    return tuple(dict.fromkeys(one for one in found if not home.is_relative_to(_real(one))))


def _places(settings: Settings) -> Iterator[Path]:
    yield from (settings_path(os.environ), *filter(None, [settings.source, settings.env_file]))
    yield from filter(None, [settings.state_dir, settings.cache_dir])
    if settings.fleet is not None:
        yield settings.fleet.dsn_file
    homes = [settings.claude_home] if settings.claude_home else []
    with suppress(RuntimeError):
        homes.append(default_config_dir(Path.home()))
        yield Path.home() / STATE
    for place in homes:
        yield from secret_places(place)


def work_folder(
    settings: Settings, stage: str, folder: Path, asked: str
) -> tuple[Path | None, str]:
    """Return the folder where an agent is to work, links resolved; or `None` and why not.

    It may be the listing's `folder`, one below it, or the one that the settings name for the stage.
    """
    is_named = asked == settings.stages.get(stage, {}).get("cwd")
    try:
        path = _real(Path(asked) if is_named else folder / asked)
        is_there = path.is_dir()
    except (OSError, ValueError):
        return None, "cannot be checked"
    if not is_named and not path.is_relative_to(_real(folder)):
        name = one_line(stage)
        return None, f"is outside its listing and not the cwd of [stages.{name}] in the settings"
    if is_closed(settings, folder, path):
        return None, "is off limits to agents"
    return (path, "") if is_there else (None, "is gone")


def is_closed(settings: Settings, folder: Path, path: Path) -> bool:
    """Whether a path, links resolved, is in a place that is off limits to agents."""
    if not {CONFIG_DIR, OURS}.isdisjoint(path.parts):
        return True
    return any(path.is_relative_to(_real(one)) for one in closed_places(settings, folder))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_device(path: Path) -> bool:
    """Whether it is a device like `/dev/null`, which can hold no secrets."""
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except (OSError, ValueError):
        return False
