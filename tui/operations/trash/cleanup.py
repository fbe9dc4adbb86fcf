"""Clean-up: plans what to move into the trash, and does it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tui.core.errors import Conflict, Reason, UsageError
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.sessions import row_transitions
from tui.core.sessions.cleanup_selection import CleanupCriteria, CleanupSelection, select
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import replace
from tui.operations.catalog.scanner import listing_paths
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import ActionResult, Context, here
from tui.operations.formatting import count, moment
from tui.operations.listing_health import is_whole
from tui.operations.running.hold import require_not_held
from tui.operations.target import require_not_stray
from tui.operations.trash.bulk import BulkProgress, BulkResult, OnProgress, Stop, never
from tui.operations.trash.cleanup_plan import CleanupPlan, later
from tui.operations.trash.interrupted_moves import unfinished
from tui.operations.trash.purge import broken_off, erase_many, old_trash
from tui.operations.trash.removal import Removal, remove_many
from tui.operations.trash.restore import restore_many
from tui.storage.state.hold import read_hold
from tui.storage.trash.erasing import measures, nameless_leftovers
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import read_trash

__all__ = ["BulkProgress", "BulkResult", "CleanupPlan", "clean_up", "plan_cleanup"]

_CLOSE = timedelta(milliseconds=1)
_FEW = 5
_HIDING = (Reason.UNREAD, Reason.FORBIDDEN, Reason.NO_LOCKS)


def plan_cleanup(
    context: Context,
    catalog: Catalog,
    *,
    listing: str = "",
    is_expired: bool = False,
    older_than: timedelta | None = None,
    max_bytes: int | None = None,
    purges_trash: bool = False,
    free_bytes: int | None = None,
) -> CleanupPlan:
    """Return what a clean-up would take, of one listing if named; changes nothing.

    Without criteria it takes expired sessions and leftovers. `older_than` counts from the last
    activity; to get down to `max_bytes` it takes the least recently active sessions and erases the
    oldest trash, which counts as well; `purges_trash` erases all old trash. Neither erases what is
    in the trash for less than `trash_days`: so long it can be restored. To free `free_bytes`, it
    erases for good: trash, the oldest first, then what has expired, the longest over first, and
    nothing else. What lives on other hosts is left to them. Raises `UnknownId` for an unknown
    listing, `UsageError` for `free_bytes` with other criteria.
    """
    catalog = here(catalog)
    only = find_listing(catalog, listing) if listing else None
    listings = (only,) if only else catalog.listings
    cut_off = unfinished(context.root, listings)
    is_default = older_than is None and max_bytes is None
    if free_bytes is not None:
        if is_expired or purges_trash or not is_default:
            raise UsageError("`free` stands alone: it goes with no other choice")
        return _plan_to_free(context, listings, only, free_bytes, cut_off)
    wanted = CleanupCriteria(is_expired or is_default, older_than, max_bytes)
    selected = _without_unread(select(_sessions(listings), wanted, context.clock()), listings)
    taken_from = old_trash if purges_trash else broken_off
    purges = taken_from(context, only=only.path if only else None)
    if max_bytes is not None:
        there = sum(one.bytes for one in _sessions(listings))
        purges += _over_limit(context, listings, there - max_bytes, purges)
    plan = _planned(context, listings, selected, tuple(one for one in purges if one not in cut_off))
    emptied_at = context.clock() + timedelta(days=context.settings.trash_days)
    return replace(plan, unfinished=cut_off, emptied_at=emptied_at)


def _planned(
    context: Context,
    listings: tuple[Listing, ...],
    selected: CleanupSelection,
    purges: tuple[Manifest, ...],
) -> CleanupPlan:
    """Return a plan with these, and with what could not be read."""
    return CleanupPlan(
        taken=selected.taken,
        skipped=selected.skipped,
        purges=purges,
        purge_sizes=tuple(one.bytes for one in measures(purges)),
        unreadable_listings=tuple(
            (one.listing_id, one_line(one.problem)) for one in listings if not is_whole(one)
        ),
        unreadable_trash=read_trash(context.root, [one.path for one in listings])[1],
        leftovers=nameless_leftovers((context.root, *listing_paths(context.root))),
    )


def _plan_to_free(
    context: Context,
    listings: tuple[Listing, ...],
    only: Listing | None,
    asked: int,
    cut_off: tuple[Manifest, ...],
) -> CleanupPlan:
    """Return what to erase for good until `asked` bytes are free, in that order."""
    begun = broken_off(context, only=only.path if only else None)
    found = read_trash(context.root, [one.path for one in listings])[0]
    spared = {*begun, *cut_off}
    oldest_first = [
        one
        for one in reversed(found)
        if one not in spared and (only is None or one.listing == only.path.name)
    ]
    left, purges = asked - sum(one.bytes for one in measures(begun)), [*begun]
    for one, size in zip(oldest_first, measures(oldest_first), strict=True):
        if left <= 0:
            break
        purges.append(one)
        left -= size.bytes
    selected = CleanupSelection((), ())
    if left > 0:
        selected = _expired_to_free(context, listings, left)
    return replace(_planned(context, listings, selected, tuple(purges)), asked=asked)


def _expired_to_free(
    context: Context, listings: tuple[Listing, ...], left: int
) -> CleanupSelection:
    """Return the expired sessions to erase for that many bytes, the longest over first."""
    now = context.clock()
    found = select(_sessions(listings), CleanupCriteria(is_expired=True), now)
    found = _without_unread(found, listings)
    taken, skipped = list[tuple[Session, str]](), list(found.skipped)
    for session, why in sorted(found.taken, key=lambda one: one[0].ends_at or now):
        until = session.ack.until if session.ack is not None else None
        if until is not None and until > now:
            skipped.append((session, f"snoozed until {moment(until)}"))
        elif left > 0 and session.bytes:
            taken.append((session, why))
            left -= session.bytes
    return CleanupSelection(tuple(taken), tuple(skipped))


def clean_up(
    context: Context,
    plan: CleanupPlan,
    progress: OnProgress | None = None,
    stop: Stop = never,
) -> BulkResult:
    """Carry out a plan as far as it still holds; raises `Refused` while the root is held.

    Sessions that became live or changed are left, and the summary says so. A hold that is set
    meanwhile, like `stop`, ends it at the next batch.
    """
    context.require_writable()
    require_not_held(context.root)
    erased = erase_many(context, plan.purges)

    def is_stopped() -> bool:
        return stop() or read_hold(context.root) is not None

    mended = restore_many(context, plan.unfinished)
    done = remove_many(context, plan.sessions, _CLEAN_UP, progress, is_stopped)
    if plan.asked is not None:
        return _erased_too(context, erased, done)
    notes = [erased.note] if erased.acts else []
    notes.append(later(done.moved, plan.emptied_at))
    if mended.acts:
        halfway = f"{count(len(mended.acts), 'session')} moved only halfway"
        notes.append(f"{halfway} put back: {_named(mended.acts)}")
    note = "; ".join(filter(None, notes))
    refused = erased.refused + mended.refused + done.refused
    return replace(done, refused=refused, freed=erased.freed, note=note, mended=mended.acts)


def _erased_too(context: Context, erased: BulkResult, moved: BulkResult) -> BulkResult:
    """Erase what was just moved to the trash, and return the sum with what was erased before."""
    paths = {act.folder for act in moved.acts}
    ids = {act.trash_id for act in moved.acts}
    there = [one for one in read_trash(context.root, paths)[0] if one.trash_id in ids]
    gone = erase_many(context, there)
    freed = erased.freed + gone.freed
    notes = [one.note for one in (erased, gone) if one.acts]
    return BulkResult(
        participle="erased for good",
        acts=erased.acts + gone.acts,
        refused=erased.refused + moved.refused + gone.refused,
        freed=freed,
        is_cut_short=moved.is_cut_short,
        note=" and ".join(notes) or f"{size_text(freed)} freed",
    )


def _named(acts: tuple[ActionResult, ...]) -> str:
    named = ", ".join(f"{act.listing}/{act.session_id[:8]}" for act in acts[:_FEW])
    return named if len(acts) <= _FEW else f"{named} and {len(acts) - _FEW} more"


def _require_as_planned(session: Session) -> None:
    """Raise for a session that was written to after the plan: it is no longer idle."""
    require_not_stray(session)
    transcript = session.transcript
    if transcript is None:
        return
    try:
        modified_at = datetime.fromtimestamp(os.lstat(transcript.place).st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        raise Conflict(
            f"{session.session_id[:8]} changed in the meantime: its transcript"
        ) from None
    if abs(modified_at - transcript.modified_at) > _CLOSE:
        raise Conflict(f"{session.session_id[:8]} changed in the meantime: it was written to")


def _cleaned_words(short: str) -> str:
    return f"cleaned up {short}; `undo` or `restore {short}` brings it back"


_CLEAN_UP = Removal(
    "clean-up",
    "moved to the trash",
    row_transitions.cleaned_up,
    _require_as_planned,
    _cleaned_words,
)


def _sessions(listings: tuple[Listing, ...]) -> Iterator[Session]:
    """Yield the sessions that may be taken, or skipped with a reason."""
    for listing in listings:
        if not listing.is_vanished:
            yield from listing.sessions


def _without_unread(selected: CleanupSelection, listings: tuple[Listing, ...]) -> CleanupSelection:
    """Skip sessions that were not completely read: what seems missing may exist.

    Each is skipped with its reason.
    """
    by_folder = {one.path: one for one in listings}
    taken, skipped = list[tuple[Session, str]](), list(selected.skipped)
    for session, why in selected.taken:
        unread = _unread(by_folder[session.folder], session)
        (skipped if unread else taken).append((session, unread or why))
    return CleanupSelection(tuple(taken), tuple(skipped))


def _unread(listing: Listing, session: Session) -> str:
    """Say why a session is not completely known; empty when it is."""
    if listing.trouble in _HIDING:
        return one_line(listing.problem)
    is_missing = session.transcript is None and listing.trouble is not Reason.NO_TABLE
    return one_line(listing.problem) if is_missing else ""


def _over_limit(
    context: Context, listings: tuple[Listing, ...], excess: int, known: tuple[Manifest, ...]
) -> tuple[Manifest, ...]:
    """Return the oldest trash to erase until sessions and trash fit the limit.

    What is in the trash for less than `trash_days` stays, whatever the limit.
    """
    paths = [one.path for one in listings]
    names = {path.name for path in paths}
    found = [one for one in read_trash(context.root, paths)[0] if one.listing in names]
    counted = zip(found, measures(found), strict=True)
    sizes = {one.trash_id: size.bytes for one, size in counted}
    excess += sum(sizes.values()) - sum(sizes.get(one.trash_id, 0) for one in known)
    taken, old = [], {*old_trash(context)}
    for one in reversed(found):
        if excess <= 0:
            break
        if one in old and one not in known:
            taken.append(one)
            excess -= sizes[one.trash_id]
    return tuple(taken)
