"""Keeps in this root's logbook what was done from here on other hosts, so that undo finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.values import replace
from tui.fleet.store.connection import NotHome
from tui.operations.context import ActionResult, Context, HasHost
from tui.operations.trash.acts_elsewhere import UNDOABLE, note_act, note_undone


def noted(context: Context, act: ActionResult, subject: HasHost) -> str:
    """Note an act that was done; return its words, with why it could not be noted."""
    if isinstance(subject, ActionResult):  # which was undone
        return note_undone(context, subject, act.words)
    is_undoable = act.kind in UNDOABLE and not act.is_needless
    return note_act(context, act) if is_undoable else act.words


@contextmanager
def noting_failure(context: Context, asked: ActionResult, subject: HasHost) -> Iterator[None]:
    """Note what may have been done though its home did not say so, and what cannot be undone."""
    try:
        yield
    except ConsoleError as error:
        if error.reason is Reason.UNSURE:
            _note_unknown(context, asked)
        is_gone = error.reason is Reason.NOTHING_TO_DO or isinstance(error, NotHome)  # purged, too
        if isinstance(subject, ActionResult) and is_gone:
            words = note_undone(context, subject, error.message)
            raise Refused(f"{words} (on {subject.host})", error.reason) from error
        raise
    except BaseException:  # nobody waits any more
        _note_unknown(context, asked)
        raise


def _note_unknown(context: Context, asked: ActionResult) -> None:
    if asked.kind in UNDOABLE:
        note_act(context, replace(asked, at=context.clock()), is_known=False)
