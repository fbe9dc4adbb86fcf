"""Purge: erases one session wherever it is, or old trash, for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, footprint
from tui.claude.layout import is_transcript
from tui.claude.prompt_history import scrub_history
from tui.core.errors import (
    AmbiguousId,
    Conflict,
    ConsoleError,
    Inconclusive,
    Refused,
    UnknownId,
)
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.models.session import Key, Session
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.time.zones import zone_named
from tui.core.values import dataclass, replace
from tui.operations.catalog.scanner import CatalogScanner, listing_paths
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import count
from tui.operations.interrupted_purges import log_half_erased
from tui.operations.logbook_entry import log_act
from tui.operations.target import (
    Target,
    hold_lock,
    require_no_orphan,
    require_not_live,
    require_not_stray,
    require_row_known,
    target_of,
)
from tui.operations.trash.bulk import BulkResult
from tui.operations.trash.forgetting import (
    Step,
    attempt_all,
    clearing_caches,
    forget_drafts,
    forget_unclaimed,
    forget_words,
    mark_before,
)
from tui.operations.trash.restore import find_trashed
from tui.runs.folder.protocol import run_folders, session_of
from tui.safe_io.folders import is_folder, is_link
from tui.safe_io.walking import FolderSize, measure
from tui.storage.session_locks import SessionLock
from tui.storage.state.notified import forget_session
from tui.storage.table.tracking import is_tracked, read_rows
from tui.storage.trash.erasing import (
    erase,
    erase_path,
    erase_words,
    finish,
    measure_trashed,
    read_half_erased,
    read_manifests,
)
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.scrubbing import scrub_database
from tui.storage.trash.trash import is_full, list_trash

_SURELY_OVER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """What a purge would erase of one session: in its listing, and in the trash."""

    listing: str
    target: Target
    session: Session | None
    trashed: tuple[Manifest, ...]
    paths: tuple[Path, ...]
    size: FolderSize

    @property
    def words(self) -> str:
        """What would be erased, and that it cannot be restored."""
        address = f"{self.listing}/{self.target.session_id}"
        return f"{address}: {_amount(self.size)} for good"


def _amount(found: FolderSize) -> str:
    least = "at least " if found.cut else ""
    return f"{least}{count(found.files, 'file')} ({size_text(found.bytes)})"


def plan_purge(context: Context, address: str) -> PurgePlan:
    """Return what erasing the session that `address` names would take.

    Raises `UnknownId` when neither a listing nor the trash knows it, `AmbiguousId`.
    """
    return _erasure(context, *_named(context, address))


def _erasure(context: Context, target: Target, session: Session | None) -> PurgePlan:
    """Return what exists of a session now."""
    everything, unread = read_manifests(context.root, (target.folder,))
    if unread:
        raise Refused(f"not all of {target.short} would be erased: {'; '.join(unread)}")
    trashed = tuple(
        one
        for one in everything
        if (context.root / one.listing, one.session_id) == (target.folder, target.session_id)
    )
    paths = tuple(_places(target))
    sizes = (*map(measure, paths), *map(measure_trashed, trashed))
    return PurgePlan(
        one_line(target.folder.name), target, session, trashed, paths, sum(sizes, FolderSize())
    )


def purge(context: Context, address: str) -> ActionResult:
    """Erase the session that `address` names; raises as `plan_purge` and `erase_session`."""
    context.require_writable()
    return erase_session(context, plan_purge(context, address))


def erase_session(context: Context, erasure: PurgePlan) -> ActionResult:
    """Erase a session for good: its files wherever they are, its words in its row and the audit.

    The row itself stays, `deleted` and without metadata, and the audit says who did what when.
    Files that were added since the plan go too. Nothing needs free space until the files are
    erased. If it is killed, repeating it does the rest: the transcript goes last. Raises `Conflict`
    when the row is not what was read, or exists by now.
    """
    context.require_writable()
    context = context.as_one_act()
    target, now = erasure.target, context.clock()
    _require_erasable(erasure)
    if is_link(target.folder) or not is_folder(target.folder, unknown=True):
        mark_before(context, ())
        for one in erasure.trashed:
            erase(one)
            erase_words(one)
        for step in clearing_caches(context, target.folder):
            step()
    else:
        with _hold_lock_if_possible(target) as lock:
            erasure = _erasure(context, target, erasure.session)
            _erase_all(context, erasure)
            if lock is not None:
                lock.discard()
    note = f"{count(erasure.size.files, 'file')}, {size_text(erasure.size.bytes)}"
    shown, own = erasure.listing, target.session_id
    event = AuditEvent(at=now, action="purge", listing=shown, session_id=own, note=note)
    said = log_act(context, event, f"erased {target.short}: {note} freed")
    result = ActionResult(kind="purge", listing=shown, session_id=own, at=now, words=said)
    return replace(result, folder=target.folder)


@contextmanager
def _hold_lock_if_possible(target: Target) -> Iterator[SessionLock | None]:
    """Hold the session's lock, unless the disk is too full to make one."""
    with ExitStack() as stack:
        lock = None
        try:
            lock = stack.enter_context(hold_lock(target))
        except ConsoleError as error:
            if not is_full(error.__cause__):
                raise
            require_not_live(target)
        yield lock


def _require_erasable(erasure: PurgePlan) -> None:
    session = erasure.session
    if session is None:
        return
    require_no_orphan(session)
    require_not_stray(session)
    require_row_known(session, "erased")


def old_trash(context: Context, *, only: Path | None = None) -> tuple[Manifest, ...]:
    """Return interrupted purges and what is in the trash too long, of one listing if named."""
    limit = context.clock() - timedelta(days=context.settings.trash_days)
    found = list_trash(context.root, listing_paths(context.root))
    in_scope = (one for one in found if only is None or context.root / one.listing == only)
    old = tuple(one for one in in_scope if one.at < limit)
    return (*old, *broken_off(context, only=only))


def broken_off(context: Context, *, only: Path | None = None) -> tuple[Manifest, ...]:
    """Return the sessions in the trash whose purge was interrupted, of one listing if named."""
    found = read_half_erased(context.root, listing_paths(context.root))[0]
    return tuple(one for one in found if only is None or context.root / one.listing == only)


def erase_many(context: Context, sessions: Iterable[Manifest]) -> BulkResult:
    """Erase sessions in the trash, but none being restored, and complete interrupted purges."""
    context, freed = context.as_one_act(), 0
    acts: list[ActionResult] = []
    refused: dict[Key, ConsoleError] = {}
    erased: list[Manifest] = []
    now, begun, problems = context.clock(), broken_off(context), ""
    asked = tuple(dict.fromkeys((*sessions, *begun)))
    if asked:
        mark_before(context, {context.root / one.listing for one in asked})
    for one in asked:
        shown = one_line(one.listing)
        try:
            bytes_freed = _erase_unowned(context, one)
        except ConsoleError as error:
            refused[shown, one.session_id] = error
            continue
        freed += bytes_freed
        erased.append(one)
        act, unlogged = _logged(context, one, bytes_freed, now)
        acts.append(act)
        problems = problems or unlogged
    try:
        finish((context.root, *listing_paths(context.root)), now - _SURELY_OVER)
    except ConsoleError as error:
        refused["", ""] = error
    said = f"{size_text(freed)} freed{problems}{_forget_erased(context, erased, begun)}"
    return BulkResult(
        participle="erased",
        acts=tuple(acts),
        refused=tuple(refused.items()),
        freed=freed,
        note=said,
    )


def _logged(
    context: Context, erased: Manifest, freed: int, now: datetime
) -> tuple[ActionResult, str]:
    """Log an erasure under its session's id; return the act, and why it could not be logged."""
    shown, own = one_line(erased.listing), erased.session_id
    note = f"from the trash, {size_text(freed)}"
    event = AuditEvent(at=now, action="purge", listing=shown, session_id=own, note=note)
    unlogged = log_act(context, event)
    words = f"erased {own[:8]} from the trash{unlogged}"
    act = ActionResult(kind="purge", listing=shown, session_id=own, at=now, words=words)
    return replace(act, trash_id=erased.trash_id), unlogged


def _forget_erased(context: Context, erased: Sequence[Manifest], begun: Sequence[Manifest]) -> str:
    """Remove erased sessions from the trash and caches; return what could not be removed."""
    problems: list[str] = []
    for one in erased:
        errors, unwritten = _continue(context, one) if one in begun else ((), "")
        for error in (*attempt_all([partial(erase_words, one)]), *errors):
            problems.append(f"; not everything about {one.session_id[:8]} is gone: {error}")
        problems.append(unwritten)
    for why in forget_unclaimed(context, erased):
        problems.append(f"; notes may still name them: {why}")
    folders = {context.root / one.listing for one in erased}
    for error in attempt_all(clearing_caches(context, *folders)):
        problems.append(f"; caches may still name them: {error}")
    return "".join(problems)


def _continue(context: Context, trashed: Manifest) -> tuple[Sequence[Exception], str]:
    """Continue an interrupted purge, and log what only another `purge` can do: the row.

    Returns what failed, and why it could not be logged.
    """
    folder, session_id = context.root / trashed.listing, trashed.session_id
    if is_link(folder) or not is_folder(folder, unknown=True):
        return (), ""
    steps = (
        partial(scrub_history, folder / CONFIG_DIR, session_id),
        partial(forget_words, folder, session_id),
        partial(forget_session, context.root, trashed.listing, session_id),
    )
    errors, shown = attempt_all(steps), one_line(trashed.listing)
    return errors, log_half_erased(context, shown, session_id) if trashed.row is not None else ""


def _erase_unowned(context: Context, trashed: Manifest) -> int:
    """Erase a session in the trash, under its lock if its listing still exists."""
    try:
        lock = SessionLock.take(context.root / trashed.listing, trashed.session_id)
    except OSError as error:
        is_nobodys = isinstance(error, FileNotFoundError | NotADirectoryError)
        if is_nobodys or is_full(error):  # on a full disk nobody can make a lock to hold
            return erase(trashed)
        raise Refused(f"the session's lock cannot be taken: {error.strerror or error}") from error
    with lock:
        freed = erase(trashed)
        lock.discard()
        return freed


def _named(context: Context, address: str) -> tuple[Target, Session | None]:
    """Return the one session that `address` names in a listing, in the trash or in both."""
    session, unknown = None, UnknownId()
    try:
        listing, _, wanted = address.rpartition("/")
        is_named = is_listing_id(listing) and is_folder(context.root / listing, unknown=True)
        only = listing if is_named else None
        catalog = context.elsewhere.joined(CatalogScanner(context, wanted).look(only), only)
        session = find_session(catalog, address)
    except UnknownId as error:
        unknown = error
    try:
        trashed = _trashed_or_half_erased(context, address, is_sought=session is None)
    except UnknownId as error:
        if session is None:
            unsure = next((one for one in (unknown, error) if isinstance(one, Inconclusive)), None)
            raise unsure or UnknownId(f"no listing has it, and {error}") from error
        return target_of(session), session
    there = Target(trashed.session_id, context.root / trashed.listing)
    if session is None:
        return there, None
    if (session.folder, session.session_id) != (there.folder, there.session_id):
        other = f"{one_line(trashed.listing)}/{trashed.session_id}"
        raise AmbiguousId(
            f"{one_line(address)[:80]!r} could be {session.address} or, in the trash, {other}",
            (session.address, other),
        )
    return target_of(session), session


def _trashed_or_half_erased(context: Context, address: str, *, is_sought: bool) -> Manifest:
    """Return what has that name in the trash; if `is_sought`, also what is half erased.

    Raises as `find_trashed`.
    """
    try:
        return find_trashed(context, address)
    except UnknownId:
        return find_trashed(
            context, address, read=read_manifests if is_sought else read_half_erased
        )


def _places(target: Target) -> list[Path]:
    """Return a session's paths in its listing; the one that shows that it exists is last."""
    try:
        every = run_folders(target.folder)
        runs = [folder for folder in every if session_of(folder) == target.session_id]
    except OSError as error:
        raise Refused(f"its runs cannot be read: {error.strerror}: nothing is erased") from error
    found = footprint(target.config_dir, target.session_id)
    shows = {path for path in found if is_transcript(path) or path.parent == target.config_dir}
    return [*runs, *(path for path in found if path not in shows), *shows]


def _erase_all(context: Context, erasure: PurgePlan) -> None:
    """Erase everything of a session whose lock is held."""
    target, session = erasure.target, erasure.session
    row = session.row if session else None
    if row is not None and row not in read_rows(target.db_path):
        raise Conflict(f"{target.short} changed in the meantime: look again")
    if row is None and is_tracked(target.db_path, target.session_id):
        raise Conflict(f"{target.short} is tracked now, or its row could not be read: try again")
    mark_before(context, (target.folder,))
    with suppress(OSError):
        scrub_history(target.config_dir, target.session_id)
    for one in erasure.trashed:
        erase(one)
    for path in erasure.paths:
        erase_path(path)
    errors = attempt_all(_rest(context, erasure, row))
    if errors:
        unwritten = log_half_erased(context, erasure.listing, target.session_id)
        raise ConsoleError(
            f"the files of {target.short} are erased, but not everything else about it: "
            f"{'; '.join(map(str, errors))}{unwritten}; to erase the rest",
            remedy=f"purge {target.short}",
        ) from errors[0]


def _rest(context: Context, erasure: PurgePlan, row: Row | None) -> Iterator[Step]:
    """Return what erases the rest of a session whose files are erased."""
    target, session = erasure.target, erasure.session
    yield from (partial(erase_words, one) for one in erasure.trashed)
    yield partial(scrub_history, target.config_dir, target.session_id)
    yield partial(forget_words, target.folder, target.session_id)
    yield partial(
        scrub_database,
        target.db_path,
        target.session_id,
        row,
        zone=zone_named(session.zone if session else "UTC"),
        operator=context.settings.operator,
        act_id=context.act_id,
        now=context.clock(),
    )
    yield partial(forget_session, context.root, erasure.listing, target.session_id)
    yield partial(forget_drafts, context, (erasure.listing, target.session_id))
    yield from clearing_caches(context, target.folder)
