"""Tags a session and writes its note: beside the transcript, where all operators see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from tui.core.act_summary import ago
from tui.core.errors import Conflict, ConsoleError, Refused, UsageError
from tui.core.models.annotation import Annotation
from tui.core.models.session import Session
from tui.core.sessions.annotations import (
    note_text,
    tag_name,
    with_note,
    with_tags,
    without_tags,
)
from tui.operations.act_record import act_on, record_act
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.target import target_of
from tui.storage.state.annotations import Change, change_annotation


@at_home
def tag(
    context: Context, session: Session, names: Sequence[str], *, removed: Sequence[str] = ()
) -> ActionResult:
    """Add tags to a session and remove others; the message has the command that takes it back.

    The transcript stays as it is: a line more would count as activity. Raises `UsageError` for what
    is no tag, or too many of them; `ConsoleError` when nothing could be written.
    """
    context.require_writable()
    added, gone = [tag_name(one) for one in names], [tag_name(one) for one in removed]
    if not added and not gone:
        raise UsageError("which tag? tag ID NAME, or tag ID --remove NAME")
    by, now = context.settings.operator, context.clock()

    def change(before: Annotation) -> Annotation:
        return with_tags(without_tags(before, gone), added, by=by, at=now)

    before, after = _changed(session, change)
    more = [one for one in after.names if one not in before.names]
    less = [one for one in before.names if one not in after.names]
    if not more and not less:
        return act_on(context, session, "tag", _unchanged(session, gone), is_needless=True)
    facts = {"tags": " ".join([*(f"+{one}" for one in more), *(f"-{one}" for one in less)])}
    unwritten = record_act(context, session, "tag", facts)
    short = target_of(session).short
    said = [f"tagged {short} {' '.join(more)}"] if more else []
    said += [f"removed {' '.join(less)} from {short}"] if less else []
    back = " ".join(["tag", short, *less, *(f"--remove {one}" for one in more)])
    words = f"{', '.join(said)}{unwritten}; `{back}` takes it back"
    return act_on(context, session, "tag", words)


@at_home
def note(context: Context, session: Session, text: str) -> ActionResult:
    """Replace a session's note; an empty one clears it. The message quotes the one before.

    Raises `Conflict` when a colleague has written another one meanwhile, `UsageError` when it is
    too long, `ConsoleError` when nothing could be written.
    """
    context.require_writable()
    content, now, seen = note_text(text), context.clock(), _noted(session.annotation)
    write = partial(with_note, content=content, by=context.settings.operator, at=now)
    short = target_of(session).short

    def change(before: Annotation) -> Annotation:
        after, stands = write(before), before.note
        if stands is not None and after is not before and _noted(before) != seen:
            raise Conflict(
                f"{short} changed in the meantime: {stands.by} noted "
                f'"{stands.content}", {ago(stands.at, now)}'
            )
        return after

    before, after = _changed(session, change)
    if after == before:
        stands = f"has that note, by {after.note.by}" if after.note else "has no note"
        return act_on(context, session, "note", f"{short} already {stands}", is_needless=True)
    facts = {"note": content} if content else {"words": "cleared"}
    unwritten = record_act(context, session, "note", facts)
    was = f'; it was "{before.note.content}"' if before.note is not None else ""
    words = f'noted on {short}: "{content}"' if content else f"cleared the note of {short}"
    return act_on(context, session, "note", f"{words}{unwritten}{was}")


def _noted(annotation: Annotation) -> tuple[str, datetime] | None:
    """Return who wrote a note and when, which no other note shares."""
    return (annotation.note.by, annotation.note.at) if annotation.note is not None else None


def _changed(session: Session, change: Change) -> tuple[Annotation, Annotation]:
    target = target_of(session)
    try:
        return change_annotation(target.folder, target.session_id, change)
    except OSError as error:
        raise ConsoleError(
            f"the tags and notes cannot be written: {error.strerror or error}"
        ) from error


def _unchanged(session: Session, gone: Sequence[str]) -> str:
    """Say why nothing changed. Raises `Refused` for a tag that only the CLI can remove."""
    short = session.session_id[:8]
    own = session.transcript.tag if session.transcript is not None else ""
    if own and "-".join(own.lower().split()) in gone:
        raise Refused(f"{own!r} is the CLI's own tag of {short}: only the CLI removes it")
    return f"{short} already has no such tag" if gone else f"{short} already has this tag"
