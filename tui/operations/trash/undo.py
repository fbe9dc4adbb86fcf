"""Undoes this operator's last act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tui.core.errors import Conflict, ConsoleError, DatabaseProblem, Reason, Refused
from tui.core.models.audit import AuditEvent
from tui.core.text.safe_text import one_line
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import moment
from tui.operations.logbook_entry import log_act
from tui.operations.target import DATABASE, audit_kept_since, tracking_of
from tui.operations.trash.bulk import BulkResult, OnProgress, Stop, never
from tui.operations.trash.restore import put_back_exactly, restore_many
from tui.operations.trash.undo_report import may_hold_acts, undone_words
from tui.storage.state.logbook import read_logbook
from tui.storage.table.tracking import read_events
from tui.storage.trash.manifest import Manifest
from tui.storage.trash.trash import list_trash, read_trash

_DELETES = ("delete", "clean-up")
_TIMEOUT_S = 2.0
_FAR_BACK = 1000
_Event = tuple[str, datetime, str]
_Rank = tuple[datetime, int]
_CLOCKS_APART = timedelta(minutes=1)


def undo(context: Context, act: ActionResult) -> ActionResult:
    """Undo a delete, a clean-up or an extension.

    Raises `Conflict` when somebody changed the session since.
    """
    context.require_writable()
    if act.kind in _DELETES:
        return put_back_exactly(context, act.trash_id, only=act.folder)
    if act.kind != "extend" or act.before is None or act.after is None:
        raise Refused(f"{act.kind} cannot be undone")
    now, short = context.clock(), act.session_id[:8]
    if act.before != act.after:
        tracking = tracking_of(context, act.folder, act.zone)
        tracking.change(act.after, act.before, action="undo", now=now)
    return ActionResult(
        "undo", act.listing, act.session_id, now, f"{short} expires when it did before"
    )


def undo_last(
    context: Context, told: Callable[[str], None] | None = None, batch: Sequence[ActionResult] = ()
) -> tuple[ActionResult, ...]:
    """Undo everything in this operator's last batch that was not undone yet.

    `batch` is the result of `last_batch`, if it was called before. What cannot be undone is left:
    its act `is_needless` and says why, and the rest goes on. The next call takes the previous batch
    if all that was left had changed since, else it tries again. `told` is called with what was
    undone, and which later acts stay. Raises as `last_batch` does, and what stopped all of the
    batch if that may pass.
    """
    context.require_writable()
    batch = batch or last_batch(context)
    done = _undo_batch(context.at_one_moment(), batch)
    if told is not None:
        told(undone_words(context, batch, done))
    return done


def last_batch(context: Context) -> tuple[ActionResult, ...]:
    """Return this operator's last batch that was not undone yet.

    A batch is what one operator deleted, cleaned up or extended at the same moment. Raises
    `Refused` when there is nothing to undo, `DatabaseProblem` when the last act cannot be
    determined.
    """
    batches, order, unread = _batches(context)
    settled = _left_batches(context)
    left = (one for one, acts in batches.items() if not settled & _notes(acts))
    at = max(left, key=lambda one: order.get(one, (one, 0)), default=None)
    _require_known(unread, at)
    if at is None:
        raise Refused(
            "nothing that you deleted, cleaned up or extended can be undone",
            Reason.NOTHING_TO_DO,
        )
    return tuple(batches[at])


def undo_many(
    context: Context,
    acts: Sequence[ActionResult],
    progress: OnProgress | None = None,
    stop: Stop = never,
) -> BulkResult:
    """Undo several acts: trash batch by batch, then the extensions.

    What cannot be undone is left, and the result says so.
    """
    context.require_writable()
    wanted = {act.trash_id for act in acts if act.kind in _DELETES}
    trash = list_trash(context.root, listing_paths(context.root)) if wanted else ()
    found = [one for one in trash if one.trash_id in wanted]
    done = restore_many(context, found, progress, stop)
    there = {one.trash_id for one in found}
    undone, refused = list(done.acts), list(done.refused)
    for act in reversed(acts):
        if act.trash_id in there:
            continue
        try:
            undone.append(undo(context, act))
        except ConsoleError as problem:
            refused.append(((act.listing, act.session_id), problem))
    return replace(done, done="undone", acts=tuple(undone), refused=tuple(refused))


def _undo_batch(context: Context, batch: Sequence[ActionResult]) -> tuple[ActionResult, ...]:
    done = undo_many(context, batch)
    why = dict(done.refused)
    passing = [problem for problem in why.values() if not isinstance(problem, Conflict)]
    if passing and not done.acts:
        raise passing[0]
    left = [
        replace(act, kind="undo", words=str(why[act.listing, act.session_id]), is_needless=True)
        for act in batch
        if (act.listing, act.session_id) in why
    ]
    if left and not passing:
        note = f"{_note(left[0])}: left unchanged: {', '.join(one.session_id[:8] for one in left)}"
        event = AuditEvent(context.clock(), context.settings.operator, "undo", note=note[:400])
        left[0] = replace(left[0], words=log_act(context, event, left[0].words))
    return (*done.acts, *left)


def _batches(
    context: Context,
) -> tuple[dict[datetime, list[ActionResult]], dict[datetime, _Rank], dict[Path, DatabaseProblem]]:
    """Return my undoable acts by moment, the order of moments, and the unreadable databases."""
    batches, order, unread = (
        defaultdict[datetime, list[ActionResult]](list),
        dict[datetime, _Rank](),
        {},
    )
    trash, latest = _my_trash(context), context.clock() + _CLOCKS_APART
    for path in listing_paths(context.root):
        try:
            events = _my_events(context, path, _FAR_BACK + len(trash[path.name]))
        except DatabaseProblem as problem:
            unread[path] = problem
            continue
        _put_in_order(events, order)
        audited = {(one.session_id, one.at, one.action): one.act_id for one in events}
        for act in (
            *_extensions(path, events),
            *_deletes(context, trash.pop(path.name, ()), audited, latest),
        ):
            batches[act.at].append(act)
    for one in (one for many in trash.values() for one in many):
        _require_not_later(one, latest)
        batches[one.at].append(_delete(context, one))
    return batches, order, unread


def _put_in_order(events: Sequence[AuditEvent], order: dict[datetime, _Rank]) -> None:
    """Note the order of a listing's events, newest first: the clock may have been set back."""
    latest = datetime.min.replace(tzinfo=UTC)
    for number, event in enumerate(reversed(events)):
        latest = max(latest, event.at)
        order[event.at] = max(order.get(event.at, (event.at, 0)), (latest, number))


def _my_events(context: Context, path: Path, limit: int) -> tuple[AuditEvent, ...]:
    mine, login = context.settings.operator, context.settings.login
    events = read_events(
        path / DATABASE,
        operator=mine,
        login=login,
        limit=limit,
        with_rows=True,
        timeout_s=_TIMEOUT_S,
    )
    since = audit_kept_since(context)
    return tuple(
        one for one in events if context.is_mine(one.operator) and not (since and one.at < since)
    )


def _extensions(path: Path, events: Sequence[AuditEvent]) -> Iterator[ActionResult]:
    """Return my extensions in a listing that no undo of mine took back, oldest first."""
    standing: dict[str, list[AuditEvent]] = defaultdict(list)
    for event in reversed(events):
        done = standing[event.session_id]
        if event.action == "extend":
            done.append(event)
        elif event.action == "undo":
            _take_back(done, event)
    return (_extension(path, event) for done in standing.values() for event in done)


def _take_back(done: list[AuditEvent], undo: AuditEvent) -> None:
    """Remove the latest extension that matches the undo."""
    for event in reversed(done):
        if (event.after, event.before) == (undo.before, undo.after):
            done.remove(event)
            return


def _extension(path: Path, event: AuditEvent) -> ActionResult:
    shown = one_line(path.name), one_line(event.session_id)
    return ActionResult(
        "extend", *shown, event.at, "", event.before, event.after, folder=path, act_id=event.act_id
    )


def _my_trash(context: Context) -> dict[str, list[Manifest]]:
    """Return my deletes that are still in the trash, by listing.

    Raises `Refused` when part of it cannot be read: that may be my last act.
    """
    found = defaultdict[str, list[Manifest]](list)
    every, unread = read_trash(context.root, listing_paths(context.root))
    if unread:
        raise Refused(f"your last action is unknown, so nothing was undone: {'; '.join(unread)}")
    for one in every:
        if context.is_mine(one.operator):
            found[one.listing].append(one)
    return found


def _deletes(
    context: Context,
    trash: Iterable[Manifest],
    audited: Mapping[_Event, str],
    latest: datetime,
) -> Iterator[ActionResult]:
    """Return the deletes whose change of a row is also in the audit.

    A manifest without a row has no such proof: raises `Refused` if it is dated after `latest`.
    """
    for one in trash:
        named = one.session_id, one.at, one.action
        if one.row is None:
            _require_not_later(one, latest)
        if one.row is None or named in audited:
            yield _delete(context, one, audited.get(named, ""))


def _require_not_later(trashed: Manifest, latest: datetime) -> None:
    """Raise for a manifest from the future: the clock was set back, or it is forged.

    The last act is then unknown.
    """
    if trashed.at > latest:
        where, short = one_line(trashed.listing), trashed.session_id[:8]
        raise Refused(
            f"{where}/{short} was deleted on {moment(trashed.at)} by what the trash says, which is "
            "later than now: your last action is unknown, so nothing was undone",
            Reason.UNSURE,
            remedy=f"restore {short}",
        )


def _delete(context: Context, trashed: Manifest, act_id: str = "") -> ActionResult:
    shown, folder = (one_line(trashed.listing), trashed.session_id), context.root / trashed.listing
    return ActionResult(
        trashed.action if trashed.action in _DELETES else "delete",
        *shown,
        trashed.at,
        "",
        trash_id=trashed.trash_id,
        folder=folder,
        act_id=act_id or trashed.batch.name,
    )


def _require_known(unread: dict[Path, DatabaseProblem], at: datetime | None) -> None:
    """Raise for an unreadable database that may hold an act later than `at`."""
    for path, problem in unread.items():
        is_later = at is None or _last_written(path / DATABASE) > at
        if is_later and may_hold_acts(path):
            raise DatabaseProblem(
                f"{problem}: what you did last may be in {one_line(path.name)}, so nothing was "
                "undone; try again once it can be read",
                problem.reason,
            )


def _last_written(db_path: Path) -> datetime:
    times = []
    for path in (db_path, db_path.with_name(f"{db_path.name}-wal")):
        try:
            times.append(path.lstat().st_mtime)
        except FileNotFoundError:
            continue
        except OSError:  # it may have been written just now
            return datetime.max.replace(tzinfo=UTC)
    return datetime.fromtimestamp(max(times, default=0), UTC)


def _left_batches(context: Context) -> set[str]:
    """Return my batches that an undo has left in part, for good.

    Raises `Refused` when the logbook cannot be read: then they are unknown.
    """
    try:
        acts = read_logbook(context.root)
    except OSError as error:
        raise Refused(
            f"earlier undos are unknown, so nothing was undone: the logbook cannot be "
            f"read: {error.strerror}"
        ) from error
    return {
        one.note.partition(": ")[0]
        for one in acts
        if context.is_mine(one.operator) and one.action == "undo"
    }


def _notes(acts: Sequence[ActionResult]) -> set[str]:
    return {_note(act) for act in acts}


def _note(act: ActionResult) -> str:
    """Return the logbook note of an undo that leaves an act.

    It includes the act's id. Notes of older programs, which have only the moment, do not count:
    those could not tell a changed session from an unreadable one.
    """
    return f"of {act.at.isoformat()} ({act.act_id})"
