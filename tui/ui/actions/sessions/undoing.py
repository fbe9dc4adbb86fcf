"""Undo: this console's last act, else the operator's last act in the root."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tui.core.models.session import Key
from tui.core.time.zones import read_time
from tui.core.values import replace
from tui.operations.context import ActionResult
from tui.operations.trash.undoable_acts import DELETES
from tui.ui.actions.action_context import ActionContext, count_words
from tui.ui.actions.outcome import Outcome, done_by
from tui.ui.actions.sessions.batch_action import undo_batch
from tui.view.text import formatting

_OLD = timedelta(minutes=1)
_DONE = {"extend": "extended", "delete": "deleted", "clean-up": "cleaned up"}


async def undo(context: ActionContext) -> Outcome:
    """Undo the last act; ask first, unless it was on one session and its message is visible."""
    return await done_by((("undo",),), _undo(context))


async def _undo(context: ActionContext) -> Outcome:
    if not context.done:
        return await _undo_last(context)
    acts = context.done[-1]
    what = acts[0].words if len(acts) == 1 else batch_words(acts, context.engine.now())
    is_old = context.engine.now() - acts[0].at > _OLD
    is_in_sight = context.message_of_done == context.question.message_id != 0
    may_do = len(acts) == 1 and is_in_sight and not is_old
    if not may_do and not await context.question.confirm(f"undo: {what}?"):
        return Outcome("nothing was undone")
    context.done.pop()
    return replace(await undo_batch(context, acts), back=_restored(acts))


async def _undo_last(context: ActionContext) -> Outcome:
    """Look for the last act, ask whether that is meant, and undo just that."""
    batch = await context.learn(context.engine.last_batch, "looking up the last action")
    if not await context.question.confirm(f"undo: {batch_words(batch, context.engine.now())}?"):
        return Outcome("nothing was undone")

    def work() -> tuple[tuple[ActionResult, ...], str]:
        keys = [(act.listing, act.session_id) for act in batch]
        with context.engine.recorded("undone", keys):
            return context.engine.undo_last(batch)

    acts, said = await context.do(work, "undoing")
    left = [act for act in acts if act.is_needless]
    why = f"; {left[0].words}" if left else ""
    return Outcome(f"{said}{why}", "bad" if left else "good", back=_restored(batch))


def _restored(acts: Sequence[ActionResult]) -> tuple[Key, ...]:
    """Return the sessions that an undo brings back from the trash."""
    return tuple((act.listing, act.session_id) for act in acts if act.kind in DELETES)


def batch_words(batch: Sequence[ActionResult], now: datetime) -> str:
    """Return what a batch did, to what, and how long ago."""
    first, gone = batch[0], formatting.elapsed(batch[0].at, now)
    where = f" on {first.host}" if first.host else ""
    one = f"{first.listing}/{formatting.short_id(first.session_id)}{where}{_by(first)}"
    listings = sorted({act.listing for act in batch})
    what = one if len(batch) == 1 else count_words(len(batch), listings)
    return f"{_DONE[first.kind]} {what}, {'just now' if gone == 'now' else f'{gone} ago'}"


def _by(act: ActionResult) -> str:
    """Return by how much an extension went further, which is the same in every time zone."""
    rows = [row.expires_at if row else "" for row in (act.before, act.after)]
    before, after = (read_time(text, UTC) for text in rows)
    return f" by {formatting.span(after - before)}" if before and after and before < after else ""
