"""Findings about a listing's config dir: what its files make agents do, and where it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tui.claude.acting_files import acting_files
from tui.claude.config_dir import CONFIG_DIR
from tui.claude.layout import projects_folder
from tui.core.models.catalog import Catalog, Listing
from tui.core.text.safe_text import one_line
from tui.operations.context import Context
from tui.operations.doctor.agent_files import obeying_stages
from tui.operations.finding import Finding, Level
from tui.safe_io.folders import is_folder, is_link, mount_of


def of_config_dirs(context: Context, catalog: Catalog) -> Iterator[Finding]:
    """Yield findings for the files that agents obey; reads a few small files a listing."""
    reach = _reach(context)
    yield from _of_acting(context.root, "", reach)
    for listing in catalog.listings:
        if listing.is_vanished or not os.access(listing.path, os.X_OK):
            continue  # another finding says that it is unreadable
        yield from _of_acting(listing.path, listing.listing_id, reach)
        config_dir = listing.path / CONFIG_DIR
        if not is_link(config_dir) and is_folder(config_dir):
            yield from _of_mount(listing, config_dir)


def _reach(context: Context) -> str:
    """Say whose agents obey such a file."""
    stages = ", ".join(map(one_line, obeying_stages(context.settings)))
    but = f" (those of {stages} do)" if stages else ""
    return f"every agent here follows it, except those that a restricted console starts{but}"


def _of_acting(folder: Path, listing_id: str, reach: str) -> Iterator[Finding]:
    """The CLI obeys these files in every session that starts there, whoever wrote them."""
    found = acting_files(folder)
    for one in found:
        if one.path.suffix == ".json":
            words = f"{one_line(one.path)} has {one.what}: {reach}"
            yield _found("acting_settings", words, listing_id, is_running=one.is_running)
    for is_running in (True, False):
        named = [
            one for one in found if one.path.suffix != ".json" and one.is_running == is_running
        ]
        if named:
            said = ", ".join(one_line(one.path) for one in named)
            brings = "may run commands" if is_running else "tell agents what to do"
            words = f"{said} {brings}: {reach}"
            yield _found("acting_files", words, listing_id, is_running=is_running)


def _found(code: str, words: str, listing_id: str, *, is_running: bool) -> Finding:
    level: Level = "warning" if is_running else "note"
    remedy = "check who wrote it, and remove what you do not want"
    return Finding(level, code, words=words, remedy=remedy, listing=listing_id)


def _of_mount(listing: Listing, config_dir: Path) -> Iterator[Finding]:
    """A rename cannot move a mount into the trash."""
    if mount_of(projects_folder(config_dir)) != config_dir.resolve():
        return
    words = (
        f"{one_line(config_dir)} is a separate mount: nothing can be moved from it to the "
        "trash, so deleting and clean-up are refused here"
    )
    remedy = f"mount {one_line(listing.path)} or the whole root instead; `purge ID` erases here"
    yield Finding(
        "warning", "mounted_apart", words=words, remedy=remedy, listing=listing.listing_id
    )
