"""Findings about the trash: interrupted moves, and files that no manifest explains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tui.core.models.catalog import Catalog
from tui.core.text.safe_text import one_line
from tui.operations.finding import Finding
from tui.operations.formatting import moment
from tui.operations.interrupted_purges import left_in_trash
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import read_trash, unreadable_trash


def of_trash(catalog: Catalog, cut_off: Iterable[Manifest]) -> Iterator[Finding]:
    """Yield findings about the trash of the root and its listings; `cut_off` is known already."""
    for one in cut_off:
        words = (
            f"its {one.action} by {one_line(one.operator)} on {moment(one.at)} was interrupted: "
            "part of it is in the trash, and its row does not say so"
        )
        remedy = (
            f"`doctor --fix` restores it, as `restore {one.session_id[:8]}` does; then delete it "
            "again if you meant to"
        )
        listing = one_line(one.listing)
        yield Finding(
            "error",
            "unfinished_delete",
            words=words,
            remedy=remedy,
            listing=listing,
            session_id=one.session_id,
            is_fixable=True,
            command=("restore", one.session_id),
        )
    for left in left_in_trash(catalog.root, _paths(catalog)):
        yield Finding(
            "error",
            "half_erased",
            words=left.words,
            remedy=left.remedy,
            listing=left.listing,
            session_id=left.session_id,
            command=left.command,
        )
    for words in read_trash(catalog.root, _paths(catalog))[1]:
        remedy = "nothing is erased, undone or restored on a guess: try again once it can be read"
        yield Finding("warning", "unreadable_trash", words=words, remedy=remedy)
    for folder in unreadable_trash(catalog.root, _paths(catalog)):
        words = f"no readable manifest explains what is in {one_line(folder)}"
        remedy = "check it; what is in it can only be moved back or removed by hand"
        yield Finding("warning", "unreadable_trash", words=words, remedy=remedy)


def _paths(catalog: Catalog) -> list[Path]:
    return [one.path for one in catalog.listings if not one.is_vanished]
