"""Moves sessions into the trash: each proven idle and unchanged, one commit per batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, footprints
from tui.core.errors import Conflict, ConsoleError, DatabaseProblem, Reason, Refused
from tui.core.models.row import Row
from tui.core.models.session import Key, Session
from tui.core.values import dataclass
from tui.operations.context import ActionResult, Context
from tui.operations.target import Target, require_no_orphan, target_of, tracking_of
from tui.operations.trash.bulk import (
    BulkProgress,
    BulkResult,
    OnProgress,
    Stop,
    batches,
    hold_locks,
    never,
)
from tui.runs.folder.protocol import run_folders, session_of
from tui.safe_io.folders import is_link
from tui.storage.session_locks import discard_locks
from tui.storage.table.tracking import is_tracked
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import WAY_OUT, PendingMove, TrashBatch, moving_to_trash


@dataclass(frozen=True, slots=True)
class Removal:
    """One way of removing sessions: `becomes` changes the row, `participle` as in `2 deleted`.

    `require` raises `ConsoleError` for a session that must not be taken, with its lock held;
    `words` makes an act's message from a short id.
    """

    action: str
    participle: str
    becomes: Callable[[Row], Row]
    require: Callable[[Session], None]
    words: Callable[[str], str]


def remove_many(
    context: Context,
    sessions: Sequence[Session],
    removal: Removal,
    progress: OnProgress | None = None,
    stop: Stop = never,
) -> BulkResult:
    """Move sessions into the trash, all at one moment, so that one undo restores them all.

    Live and changed sessions, and those that cannot be moved, are left, and the rest goes on;
    `stop` is called between two batches.
    """
    context.require_writable()
    context = context.as_one_act()
    remover, acts, moved, left = _Remover(context, removal), list[ActionResult](), 0, len(sessions)
    for folder, batch in batches(sessions, lambda one: one.folder, _weight):
        if stop():
            break
        done = remover.remove(folder, batch)
        acts += done.values()
        moved += sum(one.bytes for one in batch if one.key in done)
        left -= len(batch)
        if progress is not None:
            total = len(sessions)
            progress(BulkProgress(batch[0].listing, total - left, total, moved))
    refused = tuple(remover.refused.items())
    return BulkResult(
        participle=removal.participle,
        acts=tuple(acts),
        refused=refused,
        moved=moved,
        is_cut_short=left > 0,
    )


def _weight(session: Session) -> int:
    return len(session.row.metadata or "") if session.row else 0


class _Remover:
    """Removes batch after batch; `refused` says why the others were left."""

    def __init__(self, context: Context, removal: Removal) -> None:
        self.refused: dict[Key, ConsoleError] = {}
        self._context = context
        self._removal = removal
        self._now = context.clock()
        self._session_of_run: dict[Path, str] = {}

    def remove(self, folder: Path, sessions: Sequence[Session]) -> dict[Key, ActionResult]:
        """Remove sessions of one listing, and return an act for each that was removed."""
        targets = dict(self._targets(folder, sessions))
        if not targets:
            return {}
        try:
            with hold_locks(tuple(targets)) as (free, why):
                self.refused.update({targets[one].key: error for one, error in why.items()})
                taken = {one: targets[one] for one in free if self._is_free(one, targets[one])}
                done = self._move(folder, taken) if taken else {}
                discard_locks(folder, [session_id for _, session_id in done])
                return done
        except ConsoleError as error:
            left = (one.key for one in targets.values() if one.key not in self.refused)
            self.refused.update(dict.fromkeys(left, _with_way_out(error)))
            return {}

    def _targets(
        self, folder: Path, sessions: Sequence[Session]
    ) -> Iterator[tuple[Target, Session]]:
        for session in sessions:
            try:
                target = target_of(session)
                require_no_orphan(session)
                if is_link(folder):
                    raise Refused(f"{session.listing} has become a link: nothing is moved into it")
                yield target, session
            except ConsoleError as error:
                self.refused[session.key] = error

    def _is_free(self, target: Target, session: Session) -> bool:
        """Whether the session may be taken, now that its lock is held."""
        try:
            self._removal.require(session)
            if session.row is None and is_tracked(target.db_path, target.session_id):
                raise Conflict(f"{target.short} is tracked now, or could not be read: try again")
        except ConsoleError as error:
            self.refused[session.key] = error
            return False
        return True

    def _move(self, folder: Path, free: dict[Target, Session]) -> dict[Key, ActionResult]:
        """Write the intent, rename, commit; raises `ConsoleError` once everything was put back."""
        removal, acts = self._removal, {}
        with moving_to_trash(
            self._context.root,
            folder,
            tuple(self._pending_moves(folder, free)),
            at=self._now,
            operator=self._context.settings.operator,
            action=removal.action,
            act_id=self._context.act_id,
        ) as batch:
            pairs = zip(batch.sessions, free.values(), strict=True)
            moved = [(one, session) for one, session in pairs if self._moves(batch, one, session)]
            rows = [session.row and removal.becomes(session.row) for _, session in moved]
            answers = self._commit(folder, [session for _, session in moved], rows)
            for (trashed, session), row, lost in zip(moved, rows, answers, strict=True):
                if lost is None:
                    batch.keep(trashed)
                    acts[session.key] = _act(trashed, session, row, removal)
                else:
                    batch.give_back(trashed)
                    self.refused[session.key] = lost
        return acts

    def _pending_moves(self, folder: Path, free: dict[Target, Session]) -> Iterator[PendingMove]:
        """Yield each session with its whole footprint in the listing, its runs included."""
        found = footprints(folder / CONFIG_DIR, [target.session_id for target in free])
        for run in _runs(folder):
            if run not in self._session_of_run:
                self._session_of_run[run] = _session_of(run)
            session_id = self._session_of_run[run]
            if session_id in found:
                found[session_id] += (run,)
        for target, session in free.items():
            paths, row = found[target.session_id], session.row
            left = self._removal.becomes(row).status if row else ""
            yield PendingMove(target.session_id, paths, row, left, session.zone, session.title)

    def _moves(self, batch: TrashBatch, trashed: Manifest, session: Session) -> bool:
        try:
            batch.move(trashed)
        except ConsoleError as error:
            batch.give_back(trashed)
            self.refused[session.key] = error
            return False
        return True

    def _commit(
        self, folder: Path, sessions: Sequence[Session], rows: Sequence[Row | None]
    ) -> list[Conflict | None]:
        """Write all rows in one transaction; return which sessions had a changed row."""
        pairs = zip(sessions, rows, strict=True)
        changes = [(one.row, row) for one, row in pairs if one.row is not None and row is not None]
        if not changes:
            return [None] * len(sessions)
        tracking = tracking_of(self._context, folder, sessions[0].zone)
        action = self._removal.action
        answers = iter(tracking.change_many(changes, action=action, now=self._now))
        return [None if one.row is None else next(answers) for one in sessions]


def _runs(folder: Path) -> tuple[Path, ...]:
    try:
        return run_folders(folder)
    except OSError as error:
        raise Refused(f"its runs cannot be read: {error.strerror}: nothing is moved") from error


def _session_of(run: Path) -> str:
    try:
        return session_of(run)
    except OSError as error:
        raise Refused(
            f"cannot tell whose run {run.name} is: {error.strerror}: nothing is moved"
        ) from error


def _with_way_out(error: ConsoleError) -> ConsoleError:
    is_full = isinstance(error, DatabaseProblem) and error.reason is Reason.FULL
    return DatabaseProblem(f"{error}. {WAY_OUT}", Reason.FULL) if is_full else error


def _act(trashed: Manifest, session: Session, after: Row | None, removal: Removal) -> ActionResult:
    return ActionResult(
        kind=removal.action,
        listing=session.listing,
        session_id=trashed.session_id,
        at=trashed.at,
        words=removal.words(trashed.session_id[:8]),
        before=session.row,
        after=after,
        trash_id=trashed.trash_id,
        zone=session.zone,
        folder=session.folder,
        act_id=trashed.act_id,
    )
