"""The doctor's repairs: only those that lose nothing and need no decision."""

from __future__ import annotations

from collections.abc import Iterable

from tui.claude.config_dir import CONFIG_DIR, postpone_sweep, refresh_children, sweep_days
from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.operations.catalog.late_rows import write_late_rows
from tui.operations.context import Context
from tui.operations.finding import Finding
from tui.operations.formatting import count
from tui.operations.trash.interrupted_moves import repair, unfinished
from tui.storage.index.erasure_marks import generation_of
from tui.storage.state.pictures import erase_pictures


def fix(context: Context, catalog: Catalog, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Repair what is fixable, and say what was done or failed."""
    context.require_writable()
    fixable = [one for one in findings if one.is_fixable]
    said = _put_back(context, catalog) if any(map(_is_cut_off, fixable)) else []
    if any(one.code == "old_pictures" for one in fixable):
        said.append(_forget_pictures(context))
    for listing in dict.fromkeys(one.listing for one in fixable):
        here = [one for one in fixable if one.listing == listing]
        try:
            said += _fix_listing(context, catalog, listing, here)
        except (ConsoleError, OSError) as error:
            said.append(f"{listing}: not fixed: {error}")
    return tuple(said)


def _is_cut_off(finding: Finding) -> bool:
    return finding.code == "unfinished_delete"


def _put_back(context: Context, catalog: Catalog) -> list[str]:
    """Restore interrupted deletes: they can be repeated, but not assumed to be intended."""
    said = []
    for trashed in unfinished(context.root, catalog.listings):
        address = f"{one_line(trashed.listing)}/{trashed.session_id[:8]}"
        try:
            said.append(f"{address}: {repair(context, trashed).words}")
        except (ConsoleError, OSError) as error:
            said.append(f"{address}: not fixed: {error}")
    return said


def _forget_pictures(context: Context) -> str:
    """Remove what this login's consoles showed before the last purge."""
    folder, root = context.settings.cache_dir, context.root
    try:
        if folder is not None:
            erase_pictures(folder, root, but=generation_of(root))
    except OSError as error:
        return f"the pictures from before the last purge are not removed: {error}"
    return "removed the pictures from before the last purge"


def _fix_listing(
    context: Context, catalog: Catalog, listing: str, findings: list[Finding]
) -> list[str]:
    named = catalog.listing(listing)
    if named is None:
        return []
    said, now, config_dir = [], context.clock(), named.path / CONFIG_DIR
    too_soon = [one.session_id for one in findings if one.code == "swept_first"]
    swept = [one for one in named.sessions if one.session_id in too_soon]
    if swept:
        for session in swept:
            _postpone_sweep(session)
        days = sweep_days(config_dir)
        kept = count(len(swept), "session")
        said.append(f"{listing}: postponed the CLI's sweep to {days} d, past the end of {kept}")
    if any(one.code in ("swept_first", "old_folder") for one in findings):
        refresh_children(config_dir, now)
        said.append(f"{listing}: reset the age of {CONFIG_DIR}, which the guide's clean-up goes by")
    if any(one.code == "unwritten" for one in findings):
        failed = write_late_rows(context, named.path)
        said += [f"{listing}: {one}" for one in failed or ("wrote the rows that were missing",)]
    return said


def _postpone_sweep(session: Session) -> None:
    if session.transcript is not None and session.expires_at is not None:
        config_dir = session.folder / CONFIG_DIR
        postpone_sweep(config_dir, session.transcript.modified_at, session.expires_at)
