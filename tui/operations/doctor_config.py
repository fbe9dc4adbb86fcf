"""What the doctor finds about the CLI's config dir of a listing: what it orders, where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tui.core.models import Catalog, Listing
from tui.core.text import one_line
from tui.operations.finding import Finding, Level
from tui.storage.config_dir import CONFIG_DIR
from tui.storage.folders import is_link, mount_of, read_object

# What runs a program, or sends an agent elsewhere, without being asked.
_RUNS = ("hooks", "apiKeyHelper", "env", "statusLine", "awsAuthRefresh", "awsCredentialExport")
_ALLOWS = ("allow", "defaultMode", "additionalDirectories")


def of_config_dirs(catalog: Catalog) -> Iterator[Finding]:
    """Yield what each listing's config dir does to its agents; one small file a listing."""
    for listing in catalog.listings:
        config_dir = listing.path / CONFIG_DIR
        if not listing.is_vanished and not is_link(config_dir) and config_dir.is_dir():
            yield from _of_settings(listing, config_dir / "settings.json")
            yield from _of_mount(listing, config_dir)


def _of_settings(listing: Listing, path: Path) -> Iterator[Finding]:
    """The CLI obeys this file in every session of the listing, whoever wrote it."""
    settings = read_object(path, follows=True)
    runs = [name for name in _RUNS if settings.get(name)]
    permissions = settings.get("permissions")
    given = permissions if isinstance(permissions, Mapping) else {}
    allows = [f"permissions.{name}" for name in _ALLOWS if given.get(name)]
    if not runs and not allows:
        return
    words = f"{one_line(path)} has {', '.join(runs + allows)}: every agent here obeys it"
    remedy = "look who wrote it; take out what you do not want, and leave the rest"
    level: Level = "warning" if runs else "note"
    yield Finding(level, "acting_settings", words, remedy, listing.listing_id)


def _of_mount(listing: Listing, config_dir: Path) -> Iterator[Finding]:
    """What is a mount of its own cannot be moved into the trash by a rename."""
    if mount_of(config_dir / "projects") != config_dir.resolve():
        return
    words = (
        f"{one_line(config_dir)} is a mount of its own: nothing can be moved from it into the "
        "trash, so deleting and clean-up are refused here"
    )
    remedy = f"mount {one_line(listing.path)} or the whole root instead; `purge ID` erases here"
    yield Finding("warning", "mounted_apart", words, remedy, listing.listing_id)
