"""Undoes this operator's last act."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tui.core.errors import Conflict, ConsoleError, Refused
from tui.core.models.audit import AuditEvent
from tui.core.values import replace
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.logbook_entry import log_act
from tui.operations.target import tracking_of
from tui.operations.trash.acts_elsewhere import UNDONE_ACT
from tui.operations.trash.bulk import BulkResult, OnProgress, Stop, never
from tui.operations.trash.restore import put_back_exactly, restore_many
from tui.operations.trash.undo_report import undone_words
from tui.operations.trash.undoable_acts import DELETES, last_batch
from tui.storage.trash.trash import list_trash


@at_home
def undo(context: Context, act: ActionResult) -> ActionResult:
    """Undo a delete, a clean-up or an extension.

    Raises `Conflict` when somebody changed the session since.
    """
    context.require_writable()
    if act.kind in DELETES:
        return put_back_exactly(context, act.trash_id, only=act.folder)
    if act.kind != "extend" or act.before is None or act.after is None:
        raise Refused(f"{act.kind} cannot be undone")
    now, short = context.clock(), act.session_id[:8]
    if act.before != act.after:
        tracking = tracking_of(context, act.folder, act.zone)
        tracking.change(act.after, act.before, action="undo", now=now)
    return ActionResult(
        kind="undo",
        listing=act.listing,
        session_id=act.session_id,
        at=now,
        words=f"{short} expires as before",
    )


def undo_last(
    context: Context, told: Callable[[str], None] | None = None, batch: Sequence[ActionResult] = ()
) -> tuple[ActionResult, ...]:
    """Undo everything in this operator's last batch that was not undone yet.

    `batch` is the result of `last_batch`, if it was called before. What cannot be undone is left:
    its act `is_needless` and says why, and the rest goes on. The next call takes the previous batch
    if all that was left had changed since, else it tries again. `told` is called with what was
    undone, and which later acts stay. Raises as `last_batch` does, and the error
    that blocked the whole batch, if it may be temporary.
    """
    context.require_writable()
    batch = batch or last_batch(context)
    done = _undo_batch(context.at_one_moment(), batch)
    if told is not None:
        told(undone_words(context, batch, done))
    return done


def undo_many(
    context: Context,
    acts: Sequence[ActionResult],
    progress: OnProgress | None = None,
    stop: Stop = never,
) -> BulkResult:
    """Undo several acts as one: trash batch by batch, then the extensions.

    What cannot be undone is left, and the result says so.
    """
    context.require_writable()
    context = context.as_one_act()
    wanted = {act.trash_id for act in acts if act.kind in DELETES}
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
    kinds = {act.kind for act in acts}
    said = "restored" if kinds <= set(DELETES) else "extensions undone"
    return replace(done, participle=said, acts=tuple(undone), refused=tuple(refused))


def _undo_batch(context: Context, batch: Sequence[ActionResult]) -> tuple[ActionResult, ...]:
    done = undo_many(context, batch)
    refused = dict(done.refused)
    passing = [problem for problem in refused.values() if not isinstance(problem, Conflict)]
    if passing and not done.acts:
        raise passing[0]
    left = [
        replace(act, kind="undo", words=str(refused[act.listing, act.session_id]), is_needless=True)
        for act in batch
        if (act.listing, act.session_id) in refused
    ]
    if left and not passing:
        note = f"left unchanged: {', '.join(one.session_id[:8] for one in left)}"
        event = AuditEvent(
            at=context.clock(),
            action="undo",
            note=note[:400],
            detail=json.dumps({UNDONE_ACT: left[0].act_id}),
        )
        left[0] = replace(left[0], words=log_act(context, event, left[0].words))
    return (*done.acts, *left)
