"""Finds the files in a listing that an agent obeys at its start; never follows or runs them."""

from __future__ import annotations

from pathlib import Path

from tui.claude.acting_files import UNREAD, AgentFile, acting_files
from tui.operations.catalog.root_state import listing_names
from tui.settings import Settings


def acting_below(root: Path) -> tuple[AgentFile, ...]:
    """Return the files that agents of a root's listings obey, the root's own first."""
    own = acting_files(root)
    try:
        folders = [root / name for name in sorted(listing_names(root))]
    except OSError:
        return (*own, AgentFile(root, UNREAD, is_running=True))
    return (*own, *(one for folder in folders for one in acting_files(folder)))


def obeying_stages(settings: Settings) -> tuple[str, ...]:
    """Return the stages whose agents obey such files even from a restricted console."""
    return tuple(name for name, stage in settings.stages.items() if stage.get("setting_sources"))
