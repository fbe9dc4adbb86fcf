"""Delete sessions: move them into the trash."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.act_summary import did_just_now
from tui.core.errors import ConsoleError, Reason, Refused
from tui.core.models.row import Status
from tui.core.models.session import Key, Session
from tui.core.sessions import row_transitions
from tui.core.values import replace
from tui.operations.catalog.scanner import listing_paths
from tui.operations.context import ActionResult, Context, at_home, parted
from tui.operations.target import deleted, require_not_stray, require_transcript_known
from tui.operations.trash.bulk import BulkResult, OnProgress, Stop, never
from tui.operations.trash.removal import Removal, remove_many
from tui.storage.trash.trash import read_trash


@at_home
def delete(context: Context, session: Session) -> ActionResult:
    """Move a session's whole footprint into the trash and mark its row deleted.

    Refused while it runs or its owner is unknown; when the row changed since it was read, the files
    are put back and `Changed` is raised.
    """
    done = _delete_here(context, [session])
    for _, error in done.refused:
        raise error
    return done.acts[0]


def delete_many(
    context: Context,
    sessions: Sequence[Session],
    progress: OnProgress | None = None,
    stop: Stop = never,
) -> BulkResult:
    """Delete as many as possible, as `delete` does; the result says what was left and why."""
    context, (here, elsewhere) = context.as_one_act(), parted(sessions)
    done = _delete_here(context, here, progress, stop)
    acts, refused, is_cut_short = list(done.acts), list(done.refused), done.is_cut_short
    for session in elsewhere:
        if is_cut_short := is_cut_short or stop():
            break
        try:
            acts.append(delete(context, session))
        except ConsoleError as error:
            refused.append((session.key, error))
    return replace(done, acts=tuple(acts), refused=tuple(refused), is_cut_short=is_cut_short)


def _delete_here(
    context: Context,
    sessions: Sequence[Session],
    progress: OnProgress | None = None,
    stop: Stop = never,
) -> BulkResult:
    is_any_gone = any(map(_is_cleaned_up, sessions))
    in_trash, unread = _with_files_in_trash(context) if is_any_gone else (frozenset[Key](), ())

    def require(session: Session) -> None:
        _require_there(context, session)
        if _is_cleaned_up(session) and unread:
            raise Refused(f"cannot tell whether its files are in the trash: {'; '.join(unread)}")
        if _is_cleaned_up(session) and (session.folder.name, session.session_id) in in_trash:
            short = session.session_id[:8]
            words = f"{short} is cleaned up, in the trash"
            raise Refused(words, Reason.CLEANED_UP, remedy=f"restore {short}")

    removal = Removal("delete", "deleted", row_transitions.deleted, require, _deleted_words)
    return remove_many(context, sessions, removal, progress, stop)


def _is_cleaned_up(session: Session) -> bool:
    return session.status == Status.EXPIRED and session.transcript is None


def _with_files_in_trash(context: Context) -> tuple[frozenset[Key], tuple[str, ...]]:
    """Return the sessions that have files in the trash, and what of the trash was not read.

    If such a session were deleted too, `restore` would find the delete of its row alone first.
    """
    found, unread = read_trash(context.root, listing_paths(context.root))
    return frozenset((one.listing, one.session_id) for one in found if one.files), unread


def _require_there(context: Context, session: Session) -> None:
    short, event, now = session.session_id[:8], session.last_event, context.clock()
    require_not_stray(session)
    if session.status == Status.DELETED and session.transcript is None:
        require_transcript_known(session)
        by = f"; {did_just_now(event, now)}" if event and event.action == "delete" else ""
        words, remedy = f"{short} is already deleted{by}", deleted(context, session).remedy
        raise Refused(words, Reason.DELETED, remedy=remedy)


def _deleted_words(short: str) -> str:
    return f"deleted {short}; `undo` or `restore {short}` brings it back"
