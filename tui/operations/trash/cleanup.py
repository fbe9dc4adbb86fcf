"""Clean-up: plans what to move into the trash, and does it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.errors import Conflict, Reason
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.session import Session
from tui.core.sessions import row_transitions
from tui.core.sessions.cleanup_selection import CleanupCriteria, CleanupSelection, select
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.operations.catalog.scanner import listing_paths
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import count
from tui.operations.listing_health import is_whole
from tui.operations.running.hold import require_not_held
from tui.operations.target import require_not_stray
from tui.operations.trash.bulk import BulkProgress, BulkResult, OnProgress, Stop, never
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupPlan:
    """What a clean-up would do: `taken` and `skipped` are sessions, each with why.

    `purges` are the sessions in the trash that it would erase, of `purge_bytes`; `leftovers` what
    interrupted purges left of unknown sessions; `unfinished` interrupted moves, which it puts back
    first. `unreadable_listings` (each with why) and `unreadable_trash` say what could not be read,
    so that more may be due.
    """

    taken: tuple[tuple[Session, str], ...]
    skipped: tuple[tuple[Session, str], ...]
    purges: tuple[Manifest, ...] = ()
    purge_bytes: int = 0
    unfinished: tuple[Manifest, ...] = ()
    unreadable_listings: tuple[tuple[str, str], ...] = ()
    unreadable_trash: tuple[str, ...] = ()
    leftovers: tuple[Path, ...] = ()

    @property
    def unreadable(self) -> tuple[str, ...]:
        """What could not be read, and why."""
        return (
            *(f"{listing}: {why}" for listing, why in self.unreadable_listings),
            *self.unreadable_trash,
        )

    @property
    def sessions(self) -> tuple[Session, ...]:
        """What would be moved into the trash."""
        return tuple(session for session, _ in self.taken)

    @property
    def bytes(self) -> int:
        """How much would be moved."""
        return sum(session.bytes for session in self.sessions)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.taken or self.purges or self.unfinished or self.leftovers)

    @property
    def words(self) -> str:
        """The preview in one line."""
        return "; ".join((self.does, *self.leaves))

    @property
    def does(self) -> str:
        """What it would do."""
        said = []
        if self.taken:
            listings = count(len({one.listing for one in self.sessions}), "listing")
            moved = count(len(self.taken), "session")
            said.append(f"move {moved} ({size_text(self.bytes)}) of {listings} to the trash")
        if self.purges:
            erased = count(len(self.purges), "session")
            said.append(
                f"erase {erased} from the trash permanently ({size_text(self.purge_bytes)})"
            )
        if self.leftovers:
            said.append(f"erase what {count(len(self.leftovers), 'interrupted erasure')} left")
        if self.unfinished:
            said.append(f"put back {count(len(self.unfinished), 'session')} moved only halfway")
        nothing = "nothing to clean up" + (" in what could be read" if self.unreadable else "")
        return " and ".join(said) or nothing

    @property
    def leaves(self) -> tuple[str, ...]:
        """How many sessions it would leave unchanged, and what could not be read."""
        left = (f"{len(self.skipped)} left unchanged",) if self.skipped else ()
        many = (f"{len(self.unreadable)} places cannot be read",)
        return (*left, *(many if len(self.unreadable) > 1 else self.unreadable))


def plan_cleanup(
    context: Context,
    catalog: Catalog,
    *,
    listing: str = "",
    is_expired: bool = False,
    older_than: timedelta | None = None,
    max_bytes: int | None = None,
    purges_trash: bool = False,
) -> CleanupPlan:
    """Return what a clean-up would take, of one listing if named; changes nothing.

    Without criteria it takes expired sessions and leftovers. `older_than` counts from the last
    activity; to get down to `max_bytes` it takes the least recently active sessions and erases the
    oldest trash, which counts as well; `purges_trash` erases what is in the trash for longer than
    `trash_days`. Raises `UnknownId` for an unknown listing.
    """
    only = find_listing(catalog, listing) if listing else None
    listings = (only,) if only else catalog.listings
    is_default = older_than is None and max_bytes is None
    wanted = CleanupCriteria(is_expired or is_default, older_than, max_bytes)
    selected = _without_unread(select(_sessions(listings), wanted, context.clock()), listings)
    taken_from = old_trash if purges_trash else broken_off
    purges = taken_from(context, only=only.path if only else None)
    if max_bytes is not None:
        there = sum(one.bytes for one in _sessions(listings))
        purges += _over_limit(context, listings, there - max_bytes, purges)
    return CleanupPlan(
        taken=selected.taken,
        skipped=selected.skipped,
        purges=purges,
        purge_bytes=sum(one.bytes for one in measures(purges)),
        unfinished=unfinished(context.root, listings),
        unreadable_listings=tuple(
            (one.listing_id, one_line(one.problem)) for one in listings if not is_whole(one)
        ),
        unreadable_trash=read_trash(context.root, [one.path for one in listings])[1],
        leftovers=nameless_leftovers((context.root, *listing_paths(context.root))),
    )


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
    mended = restore_many(context, plan.unfinished)

    def is_stopped() -> bool:
        return stop() or read_hold(context.root) is not None

    done = remove_many(context, plan.sessions, _CLEAN_UP, progress, is_stopped)
    note = erased.note
    if done.acts:
        note += f": the trash keeps them {count(context.settings.trash_days, 'day')}"
    if mended.acts:
        halfway = f"{count(len(mended.acts), 'session')} moved only halfway"
        note += f"; {halfway} put back: {_named(mended.acts)}"
    refused = erased.refused + mended.refused + done.refused
    return replace(done, refused=refused, freed=erased.freed, note=note, mended=mended.acts)


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
        modified_at = datetime.fromtimestamp(transcript.path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        raise Conflict(
            f"{session.session_id[:8]} changed in the meantime: its transcript"
        ) from None
    if abs(modified_at - transcript.modified_at) > _CLOSE:
        raise Conflict(f"{session.session_id[:8]} changed in the meantime: it was written to")


def _cleaned_words(short: str) -> str:
    return f"cleaned up {short}; `undo` or `restore {short}` brings it back"


_CLEAN_UP = Removal(
    "clean-up", "moved", row_transitions.cleaned_up, _require_as_planned, _cleaned_words
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
    """Return the oldest trash to erase until sessions and trash fit the limit."""
    paths = [one.path for one in listings]
    names = {path.name for path in paths}
    found = [one for one in read_trash(context.root, paths)[0] if one.listing in names]
    counted = zip(found, measures(found), strict=True)
    sizes = {one.trash_id: size.bytes for one, size in counted}
    excess += sum(sizes.values()) - sum(sizes.get(one.trash_id, 0) for one in known)
    taken = []
    for one in reversed(found):
        if excess <= 0:
            break
        if one not in known:
            taken.append(one)
            excess -= sizes[one.trash_id]
    return tuple(taken)
