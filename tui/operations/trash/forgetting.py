"""Forgets what is kept about erased sessions: acknowledgements, tags, notes, drafts, caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, footprint
from tui.core.errors import ConsoleError
from tui.core.models.session import Key
from tui.core.text.safe_text import one_line
from tui.core.values import replace
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import Context
from tui.safe_io.folders import is_folder, is_link
from tui.storage.index.erasure_marks import mark_erased
from tui.storage.index.index import Index, index_path
from tui.storage.state.acknowledgements import forget_ack
from tui.storage.state.annotations import annotated_ids, forget_annotation
from tui.storage.state.pictures import erase_pictures
from tui.storage.state.saved_views import read_remembered, write_remembered
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import read_trash

Step = Callable[[], object]


def attempt_all(steps: Iterable[Step]) -> list[OSError | ConsoleError]:
    """Take every step, also those after one that failed; return the errors."""
    errors: list[OSError | ConsoleError] = []
    for step in steps:
        try:
            step()
        except (OSError, ConsoleError) as error:
            errors.append(error)
    return errors


def forget_words(folder: Path, session_id: str) -> None:
    """Remove what operators said about a session of this listing.

    Raises `OSError`, and `Refused` when another process keeps a file locked.
    """
    try:
        forget_ack(folder, session_id)
    finally:
        forget_annotation(folder, session_id)


def forget_unclaimed(context: Context, erased: Sequence[Manifest]) -> tuple[str, ...]:
    """Remove that of sessions erased from the trash, unless another copy of them is left.

    Each listing by itself: returns messages about those where not everything could be removed.
    """
    noted, problems = _noted(context, erased)
    if not noted:
        return tuple(problems)
    everything, unread = read_trash(context.root, listing_paths(context.root))
    for listing, ids in noted.items():
        folder, shown, found, why = context.root / listing, one_line(listing), everything, unread
        if unread:  # perhaps only that of another listing
            found, why = read_trash(context.root, (folder,))
        if why:
            problems.append(f"{shown}: {'; '.join(why)}")
            continue
        left = {one.session_id for one in found if one.listing == listing}
        errors = attempt_all(partial(_forget_last, folder, one) for one in sorted(ids - left))
        problems += dict.fromkeys(f"{shown}: {error}" for error in errors)
    return tuple(problems)


def _noted(
    context: Context, erased: Sequence[Manifest]
) -> tuple[Mapping[str, frozenset[str]], list[str]]:
    """Return the erased sessions with tags or notes by listing, and what could not be read."""
    by_listing: dict[str, set[str]] = {}
    for one in erased:
        by_listing.setdefault(one.listing, set()).add(one.session_id)
    noted, problems = {}, list[str]()
    for listing, ids in by_listing.items():
        try:
            if found := annotated_ids(context.root / listing) & ids:
                noted[listing] = found
        except OSError as error:
            problems.append(f"{one_line(listing)}: {error.strerror or error}")
    return noted, problems


def _forget_last(folder: Path, session_id: str) -> None:
    """Remove what was said about a session unless its listing has it; raises as `forget_words`."""
    if not footprint(folder / CONFIG_DIR, session_id):
        forget_words(folder, session_id)


def forget_drafts(context: Context, key: Key) -> None:
    """Forget this operator's unsent prompts for a session; raises `OSError`.

    Other operators' consoles do so when they see that it was erased.
    """
    settings, who = context.settings, context.settings.login or context.settings.operator
    if settings.state_dir is None:
        return
    view = read_remembered(settings.state_dir, context.root, who)
    left = tuple(one for one in view.drafts if not one.may_quote((key,)))
    if left != view.drafts:
        write_remembered(settings.state_dir, context.root, who, replace(view, drafts=left))


def mark_before(context: Context, folders: Iterable[Path]) -> None:
    """Invalidate all caches of these listings and all pictures before anything is erased.

    Whoever is killed in between leaves nothing that is still shown. Without a mark the erasure goes
    on: it is marked again at its end.
    """
    there = (one for one in folders if not is_link(one) and is_folder(one, unknown=True))
    for folder in (*there, context.root):
        with suppress(OSError):
            mark_erased(folder)


def clearing_caches(context: Context, *folders: Path) -> tuple[Step, ...]:
    """Return what clears all that is cached of these listings; each step may raise `OSError`."""
    steps = [partial(_clear_caches, context, folder) for folder in folders]
    return (*steps, partial(_clear_pictures, context)) if steps else ()


def _clear_caches(context: Context, folder: Path) -> None:
    """Clear what the caches have of a listing, this login's own at once."""
    if is_folder(folder, unknown=True):
        mark_erased(folder)
    Index(index_path(context.settings.cache_dir, context.root)).forget(folder)


def _clear_pictures(context: Context) -> None:
    """Let no console show what another left as its picture; this login's are removed at once."""
    mark_erased(context.root)
    if context.settings.cache_dir is not None:
        erase_pictures(context.settings.cache_dir, context.root)
