"""Forgets what operators said about sessions that are erased: acknowledgements, tags, notes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, footprint
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import Context
from tui.storage.state.acknowledgements import forget_ack
from tui.storage.state.annotations import forget_annotation, read_annotations
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import list_trash


def forget_words(folder: Path, session_id: str) -> None:
    """Remove what operators said about a session of this listing.

    Raises `OSError`, and `Refused` when another process keeps a file locked.
    """
    forget_ack(folder, session_id)
    forget_annotation(folder, session_id)


def forget_unclaimed(context: Context, erased: Sequence[Manifest]) -> None:
    """Remove that of sessions erased from the trash, unless another copy of them is left.

    Raises as `forget_words`.
    """
    noted = [
        one for one in erased if one.session_id in read_annotations(context.root / one.listing)
    ]
    if not noted:
        return
    left = {
        (one.listing, one.session_id)
        for one in list_trash(context.root, listing_paths(context.root))
    }
    for one in noted:
        folder = context.root / one.listing
        has_copy = (one.listing, one.session_id) in left
        if not has_copy and not footprint(folder / CONFIG_DIR, one.session_id):
            forget_words(folder, one.session_id)
