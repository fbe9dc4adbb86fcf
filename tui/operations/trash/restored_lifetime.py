"""Keep what was restored from both sweeps: the CLI's own, and the guide's clean-up by age."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, raise_sweep, refresh_children
from tui.claude.layout import is_transcript


def keep_from_sweep(listing: Path, places: Iterable[str], now: datetime, until: datetime) -> None:
    """Put both off for a session that was put back in these places below its listing.

    Raises `ConsoleError` when the CLI's cannot be, `OSError` for a transcript that nobody can see.
    """
    for place in places:
        if is_transcript(place):
            modified = (listing / place).lstat().st_mtime
            raise_sweep(listing / CONFIG_DIR, datetime.fromtimestamp(modified, UTC), until)
    refresh_children(listing / CONFIG_DIR, now)
