"""Restore sessions from the trash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, postpone_sweep, refresh_children
from tui.claude.layout import is_transcript
from tui.claude.session_id import require_session_id
from tui.core.errors import (
    AmbiguousId,
    ConsoleError,
    DatabaseProblem,
    Inconclusive,
    Refused,
    UnknownId,
)
from tui.core.models.row import Row
from tui.core.models.session import Key, Session
from tui.core.sessions import row_transitions
from tui.core.text.safe_text import one_line
from tui.core.time.zones import zone_named
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.formatting import moment
from tui.operations.target import DATABASE, Target, tracking_of
from tui.operations.trash.bulk import (
    BulkProgress,
    BulkResult,
    OnProgress,
    Stop,
    batches,
    hold_locks,
    never,
)
from tui.safe_io.folders import is_link
from tui.safe_io.replacing import OpenFolders
from tui.storage.table.tracking import read_rows
from tui.storage.trash.erasing import read_half_erased
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.putting_back import put_back, require_way_back
from tui.storage.trash.trash import drop_batch, read_trash, unreadable_trash

ReadTrash = Callable[[Path, Iterable[Path]], tuple[tuple[Manifest, ...], tuple[str, ...]]]


def restore(context: Context, address: str, *, only: Path | None = None) -> ActionResult:
    """Restore a session, its newest delete, also where it lives on another host."""
    try:
        return _restore_one(context, address, only, keeps=True)
    except UnknownId:
        session = context.elsewhere.find(address) if only is None else None
        if session is None:
            raise
        return _restored(context, session)


@at_home
def _restored(context: Context, session: Session) -> ActionResult:
    return _restore_one(context, session.address, None, keeps=True)


def put_back_exactly(context: Context, address: str, *, only: Path | None = None) -> ActionResult:
    """Restore without changes: an expired session is expired again."""
    return _restore_one(context, address, only, keeps=False)


def _restore_one(context: Context, address: str, only: Path | None, *, keeps: bool) -> ActionResult:
    context.require_writable()
    done = restore_many(context, [find_trashed(context, address, only=only)], keeps=keeps)
    for _, error in done.refused:
        raise error
    return done.acts[0]


def restore_many(
    context: Context,
    sessions: Iterable[Manifest],
    progress: OnProgress | None = None,
    stop: Stop = never,
    *,
    keeps: bool = False,
) -> BulkResult:
    """Restore as many as possible, exactly as they were; with `keeps` as `restore` does."""
    context.require_writable()
    restorer, wanted, left = _Restorer(context, keeps=keeps), tuple(sessions), 0
    acts: list[ActionResult] = []
    for folder, batch in batches(wanted, lambda one: context.root / one.listing, _weight):
        if stop():
            break
        acts += restorer.restore(folder, batch)
        left += len(batch)
        if progress is not None:
            progress(BulkProgress(one_line(folder.name), left, len(wanted), 0))
    refused = tuple(restorer.refused.items())
    return BulkResult(
        participle="restored", acts=tuple(acts), refused=refused, is_cut_short=left < len(wanted)
    )


def find_trashed(
    context: Context, address: str, *, only: Path | None = None, read: ReadTrash = read_trash
) -> Manifest:
    """Return the newest delete of the session that `address` names, in all listings or in one.

    `read` lists the trash; an erasure also lists what is half erased.
    """
    listing, slash, prefix = address.rpartition("/")
    require_session_id(prefix)
    found, unread = read(context.root, listing_paths(context.root))
    everything = [
        one
        for one in found
        if (only is None or context.root / one.listing == only)
        and (not slash or listing in (one.listing, one_line(one.listing)))
    ]
    named = [one for one in everything if one.trash_id == prefix]
    matches = named or [one for one in everything if one.session_id.startswith(prefix)]
    sessions = {f"{one.listing}/{one.session_id}" for one in matches}
    if not matches and unread:
        raise Inconclusive(
            f"{one_line(address)[:80]!r} was not found in the trash; {'; '.join(unread)}"
        )
    if not matches:
        raise UnknownId(_nothing(context, address))
    if len(sessions) > 1:
        candidates = tuple(sorted(one_line(one) for one in sessions))
        raise AmbiguousId(f"{address!r} could be {', '.join(candidates)}", candidates)
    return matches[0]


def _nothing(context: Context, address: str) -> str:
    """Say that nothing has this name, and what in the trash cannot be read at all."""
    said = f"nothing in the trash matches {one_line(address)[:80]!r}"
    prefix = address.rpartition("/")[2]
    half = read_half_erased(context.root, listing_paths(context.root))[0]
    if any(one.session_id.startswith(prefix) for one in half):
        return (
            f"{said} that is complete: its erasure was interrupted, and `purge {prefix[:8]}` "
            "ends it"
        )
    unreadable = unreadable_trash(context.root, listing_paths(context.root))
    if not unreadable:
        return said
    named = ", ".join(one_line(folder) for folder in unreadable[:3])
    return f"{said}; what is in {named} is unknown: no manifest there can be read"


def _weight(trashed: Manifest) -> int:
    return len(trashed.row.metadata or "") if trashed.row else 0


class _Restorer:
    """Restores batch after batch; `refused` says why the others stay in the trash."""

    def __init__(self, context: Context, *, keeps: bool) -> None:
        self.refused: dict[Key, ConsoleError] = {}
        self._context, self._keeps = context.as_one_act(), keeps
        self._now = context.clock()

    def restore(self, folder: Path, sessions: Sequence[Manifest]) -> list[ActionResult]:
        """Put some sessions of one listing back, newest first where one is there twice."""
        once = {one.session_id: one for one in reversed(sessions)}
        targets = {Target(one.session_id, folder): one for one in once.values()}
        if is_link(folder):
            shown = one_line(folder.name)
            refusal = Refused(f"{shown} has become a link: nothing is restored through it")
            self._refuse(targets.values(), refusal)
            return []
        with hold_locks(tuple(targets)) as (free, why):
            for target, error in why.items():
                self._refuse([targets[target]], error)
            able = self._able([targets[one] for one in free], folder)
            rows = {one.session_id: self._row_back(one) for one in able}
            try:
                notes = self._restore_rows(folder, able, rows)
            except DatabaseProblem as problem:
                self._refuse(able, _not_restored(problem))
                return []
            return [
                self._act(one, folder, rows[one.session_id], notes.get(one.session_id, ""))
                for one in self._put_back(able, folder)
            ]

    def _row_back(self, trashed: Manifest) -> Row | None:
        """Return the row to write: as it was, unless an expired session is to be kept."""
        if trashed.row is None or not self._keeps:
            return trashed.row
        until = self._now + self._context.settings.resume_keeps
        return row_transitions.restored(trashed.row, self._now, until, zone_named(trashed.zone))

    def _refuse(self, sessions: Iterable[Manifest], error: ConsoleError) -> None:
        self.refused.update({(one_line(one.listing), one.session_id): error for one in sessions})

    def _able(self, sessions: Sequence[Manifest], folder: Path) -> list[Manifest]:
        """Return those with nothing in the way, before their rows say that they were restored."""
        with OpenFolders() as folders:
            return [one for one in sessions if self._is_able(one, folder, folders)]

    def _is_able(self, trashed: Manifest, folder: Path, folders: OpenFolders) -> bool:
        try:
            zone_named(trashed.zone)
            require_way_back(trashed, folder, folders)
        except ConsoleError as error:
            self._refuse([trashed], error)
            return False
        return True

    def _put_back(self, sessions: Sequence[Manifest], folder: Path) -> list[Manifest]:
        """Move the files of sessions back, and return those for which all went well."""
        try:
            with OpenFolders() as folders:
                return [one for one in sessions if self._is_put_back(one, folder, folders)]
        finally:
            for batch in {one.batch for one in sessions}:
                drop_batch(batch)

    def _is_put_back(self, trashed: Manifest, folder: Path, folders: OpenFolders) -> bool:
        try:
            put_back(trashed, folder, folders)
        except ConsoleError as error:
            self._refuse([trashed], error)
            return False
        return True

    def _restore_rows(
        self, folder: Path, back: Sequence[Manifest], rows: Mapping[str, Row | None]
    ) -> dict[str, str]:
        """Restore each row that is unchanged since the delete; return why the others were not."""
        changes = [
            (one.row_after, row)
            for one in back
            if one.row_after is not None and (row := rows[one.session_id]) is not None
        ]
        if not changes:
            return {}
        tracking = tracking_of(self._context, folder, back[0].zone)
        answers = tracking.change_many(
            changes,
            action="restore",
            now=self._now,
            details={one.session_id: one.restored_detail for one in back},
        )
        pairs = zip(changes, answers, strict=True)
        lost = {left.session_id: problem for (left, _), problem in pairs if problem is not None}
        stored = set(read_rows(folder / DATABASE)) if lost else set[Row]()
        return {
            one.session_id: f"; its row was left unchanged: {lost[one.session_id]}"
            for one in back
            if one.session_id in lost and one.row not in stored
        }

    def _act(self, trashed: Manifest, folder: Path, row: Row | None, note: str) -> ActionResult:
        shown, session_id = one_line(trashed.listing), trashed.session_id
        if row != trashed.row and not note:
            note = self._kept_words(trashed, folder)
        said = f"restored {session_id[:8]}{note}"
        return ActionResult(
            kind="restore",
            listing=shown,
            session_id=session_id,
            at=self._now,
            words=said,
            after=row,
            folder=folder,
        )

    def _kept_words(self, trashed: Manifest, folder: Path) -> str:
        """Postpone the CLI's sweep of an expired session, and say how long it is kept."""
        until = self._now + self._context.settings.resume_keeps
        words = f"; it had expired, and is kept until {moment(until)} (resume_keeps)"
        try:
            _postpone_sweep(folder, trashed.places, self._now, until)
        except (OSError, ConsoleError) as problem:
            return f"{words}; {one_line(problem)}"
        return words


def _not_restored(problem: DatabaseProblem) -> DatabaseProblem:
    words = f"nothing was restored: {problem}; try again once that is fixed"
    return DatabaseProblem(words, problem.reason)


def _postpone_sweep(listing: Path, places: Iterable[str], now: datetime, until: datetime) -> None:
    """Postpone the CLI's sweep and the pipeline's clean-up by age for a restored session.

    Raises `ConsoleError` when the sweep cannot be postponed, `OSError` when a transcript cannot
    be seen.
    """
    for place in places:
        if is_transcript(place):
            modified = (listing / place).lstat().st_mtime
            postpone_sweep(listing / CONFIG_DIR, datetime.fromtimestamp(modified, UTC), until)
    refresh_children(listing / CONFIG_DIR, now)
