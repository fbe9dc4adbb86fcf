"""The files below a root that agents obey as they start, and whose agents those are."""

from __future__ import annotations

from pathlib import Path

from tui.claude.acting_files import UNREAD, AgentFile, acting_files
from tui.operations.catalog.root_state import listing_names
from tui.settings import Settings


def acting_below(root: Path) -> tuple[AgentFile, ...]:
    """Return what acts in agents of a root's listings, its own files first."""
    own = acting_files(root)
    try:
        folders = [root / name for name in sorted(listing_names(root))]
    except OSError:
        return (*own, AgentFile(root, UNREAD, is_running=True))
    return (*own, *(one for folder in folders for one in acting_files(folder)))


def obeying_stages(settings: Settings) -> tuple[str, ...]:
    """Return the stages whose agents obey such files from a restricted console, too."""
    return tuple(name for name, stage in settings.stages.items() if stage.get("setting_sources"))
