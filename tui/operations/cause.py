"""Explains why a session is odd or cannot be resumed, and what to do about it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.claude.config_dir import CONFIG_DIR, DEFAULT_SWEEP_DAYS, sweep_days
from tui.claude.layout import DEFAULT_CONFIG_DIR, LAST_SWEEP, PROJECTS, STATE, projects_folder
from tui.core.explanation import Explanation
from tui.core.models.row import Status
from tui.core.models.session import Session, State
from tui.core.sessions.session_state import orphan_words
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.operations.context import Context
from tui.operations.formatting import count, moment, span
from tui.operations.owner import owner_elsewhere
from tui.operations.target import DATABASE
from tui.safe_io.folders import is_folder
from tui.storage.index.erasure_marks import mark_of

if TYPE_CHECKING:
    from tui.storage.trash.manifest import Manifest

WRONG_VARIABLE = (
    "a pipeline that sets CLAUDE_SESSION_DIR, which the CLI ignores, instead of "
    "CLAUDE_CONFIG_DIR writes there"
)


_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class TranscriptClues:
    """Traces that a listing's config dir has of missing transcripts.

    `last_sweep` is when the CLI last swept it; `was_used` whether a CLI ever worked in it;
    `erased_at` when a purge last erased anything of the listing.
    """

    sweep_days: int = DEFAULT_SWEEP_DAYS
    last_sweep: datetime | None = None
    was_used: bool = False
    has_projects: bool = False
    erased_at: datetime | None = None


def clues_of(folder: Path) -> TranscriptClues:
    """Return the clues of a listing's folder; costs a few `stat`s and never raises."""
    config_dir = folder / CONFIG_DIR
    marks = [_modified(config_dir / name) for name in (LAST_SWEEP, STATE)]
    has_projects = _modified(projects_folder(config_dir)) is not None
    return TranscriptClues(
        sweep_days(config_dir),
        marks[0],
        has_projects or any(marks),
        has_projects,
        _modified(mark_of(folder)),
    )


def cause_of(session: Session, context: Context | None = None) -> str:
    """Return what is odd about a session and what can be done; empty if nothing is.

    With a context it also looks at the trash, the config dir and the owner, which blocks. Those of
    a session of another host are there.
    """
    short = session.session_id[:8]
    context = None if session.host else context
    if session.row_problem:
        return f"cannot tell whether it is tracked: {session.row_problem}"
    if context is not None and not is_folder(session.folder, unknown=True):
        return f"its listing vanished: {one_line(session.folder)} is gone with everything in it"
    if session.is_stray:
        return stray_words(session)
    if orphan_of := orphan(session):
        return str(orphan_of)
    words = _owner_words(session, context)
    if words or session.is_live:
        return words
    if words := unknown_transcript_words(session):
        return words
    if session.transcript is None:
        return "; ".join(filter(None, (_gone_words(session, context), str(remains(session)))))
    if not session.transcript.resumable:
        return (
            "a folder with a conversation.json, as the guide sketches it, which the CLI cannot "
            "resume: start a new session and give it what it needs"
        )
    if context is not None and not os.access(session.transcript.path, os.R_OK):
        return str(unreadable(session))
    words = _odd_words(session, short)
    return f"{words} (on {session.host})" if words and session.host else words


def unknown_transcript_words(session: Session) -> str:
    """Say that it is unknown whether the session has a transcript, and why; empty if known."""
    if session.transcript is not None or not session.transcript_problem:
        return ""
    return f"cannot tell whether it has a transcript: {one_line(session.transcript_problem)}"


def remains(session: Session) -> Explanation:
    """Say that only the session's own folder is left, and what can be done; empty if not so."""
    if session.remains is None:
        return Explanation("")
    return Explanation(
        "its transcript is gone, and its folder of "
        f"{size_text(session.remains.bytes)} is still there",
        f"`export {session.session_id[:8]}` reads what its sub-agents said, "
        f"`delete {session.session_id[:8]} --yes` takes it",
    )


def stray_words(session: Session) -> str:
    """Say where a stray is, how it got there, and that it must be adopted."""
    where = session.transcript.stray_in if session.transcript else None
    swept = f"; the CLI sweeps it there on {moment(session.sweep_at)}" if session.sweep_at else ""
    return (
        f"its transcript lies in {one_line(where)}, outside its listing: {WRONG_VARIABLE}{swept}; "
        f"`adopt {session.session_id[:8]}` moves it into the listing"
    )


def unreadable(session: Session) -> Explanation:
    """Say that the transcript exists but cannot be read."""
    path = session.transcript.path if session.transcript else session.folder
    return Explanation(
        f"its transcript {one_line(path)} cannot be read by this login",
        "let its group read it, or run as its owner",
    )


def ghost_words(session: Session, clues: TranscriptClues, now: datetime) -> str:
    """Say where the transcript of a ghost went, as far as can be known."""
    if session.never_began:
        return "its agent never began, so nothing was written"
    run = session.run
    signs = (session.created_at, run.ended_at or run.beat_at if run else None)
    last = max((sign for sign in signs if sign), default=None)
    days, age = timedelta(days=clues.sweep_days), now - last if last else None
    if clues.last_sweep and last and clues.last_sweep - last >= days:
        return (
            f"its transcript was swept by the CLI, which deletes after {clues.sweep_days} d "
            f"without a write and last did so on {moment(clues.last_sweep)}"
        )
    if clues.was_used and not clues.has_projects:
        return (
            f"its transcript is gone with all of {CONFIG_DIR}/{PROJECTS}: the guide's clean-up by "
            "age removes that whole folder"
        )
    if not clues.was_used:
        swept = f" (or swept there: it is {span(age)} old)" if age and age > days else ""
        return (
            f"nothing was ever written below {CONFIG_DIR}: its pipeline did not set "
            f"CLAUDE_CONFIG_DIR, and the ~/{DEFAULT_CONFIG_DIR} it wrote to is not on this "
            "machine, such as that of a container without a volume for it, or is another "
            f"login's{swept}"
        )
    old = age is not None and age > days
    is_later = clues.erased_at is not None and (last is None or clues.erased_at >= last)
    cut_off = ", erased by a purge that was interrupted (then `purge` it again)" if is_later else ""
    swept = "swept by the CLI, " if old else ""
    young = "" if old else "; it is too young for the CLI's sweep"
    return (
        f"its transcript is missing: {swept}deleted by hand{cut_off}, or written elsewhere{young}"
    )


def orphan(session: Session) -> Explanation | None:
    """Return that its CLI outlived its runner, and what ends it; `None` if it did not."""
    if not session.is_orphan or session.process is None:
        return None
    return Explanation(
        f"an orphan: {orphan_words(session.process.pid)}",
        f"`stop {session.session_id[:8]}` ends it",
    )


def cut_off_words(session: Session) -> str:
    """Say when its last run was left in the middle of a turn; empty if it was not."""
    at, run = session.cut_off_at, session.run
    if at is None or run is None:
        return ""
    if session.transcript is None:
        return f"its run ended before it began, on {moment(at)}: nothing was written"
    return f"left in the middle of a turn on {moment(at)}"


def failed_remedy(session: Session) -> str:
    """Return what to do about a failed session."""
    short = session.session_id[:8]
    if session.transcript is None:
        return f"`show {short}` has its prompt, for `new`; or `ack {short}`"
    return f"`resume {short}` or `ack {short}`"


def cut_off_remedy(session: Session) -> str:
    """Return what to do about a turn that was left."""
    short = session.session_id[:8]
    if session.transcript is None:
        return f"`show {short}` has its prompt, for `new`; `ack {short}` removes it"
    return f"`resume {short}` goes on"


def unsent_words(session: Session) -> str:
    """Say how many prompts never reached the agent, and whose; empty if all did."""
    unsent = session.unsent
    if not unsent:
        return ""
    senders = sorted({one_line(one.by)[:32] or "somebody" for one in unsent})
    what = "a prompt was" if len(unsent) == 1 else f"{len(unsent)} prompts were"
    more = f" and {len(senders) - _MOST_NAMED} more" if len(senders) > _MOST_NAMED else ""
    return f"{what} never sent to its agent, from {', '.join(senders[:_MOST_NAMED])}{more}"


def unsent_remedy(session: Session) -> str:
    """Return what to do about prompts that were never sent."""
    short = session.session_id[:8]
    then = f"`resume {short}` goes on, " if session.transcript is not None else ""
    return f"`show {short}` has them, {then}`ack {short}` settles it"


def sweep_words(session: Session, now: datetime) -> str:
    """Say when the CLI would sweep a session."""
    at = session.sweep_at
    if at is None or at <= now:
        return "it would be swept by the CLI as soon as an agent runs there"
    return f"it would be swept by the CLI in {span(at - now)} ({moment(at)})"


def _owner_words(session: Session, context: Context | None) -> str:
    short = session.session_id[:8]
    owner = owner_elsewhere(session, context.clock()) if context else None
    if owner is None or context is None:
        return ""
    can = "it can be followed and steered from here, "
    way = can if session.run is not None and not session.run.is_over else ""
    return (
        f"its owner is {owner.words(context.clock())}: {way}"
        f"and if that one is dead, `resume {short} --take-over` continues"
    )


def _gone_elsewhere(session: Session) -> str:
    """Say what its home told of a session without a transcript; its trash is there."""
    short, host = session.session_id[:8], one_line(session.host)
    done: dict[str, str] = {Status.DELETED: "deleted", Status.EXPIRED: "cleaned up"}
    if how := done.get(session.status):
        return f"{how}; `restore {short}` brings it back if the trash of {host} has it"
    if session.state is not State.GHOST:
        return ""
    return f"a ghost: its transcript is missing; `show {short}` on {host} says why"


def _gone_words(session: Session, context: Context | None) -> str:
    if session.host:
        return _gone_elsewhere(session)
    from tui.operations.interrupted_purges import half_erased, half_erased_words, left_in_trash

    short, (trashed, unread) = session.session_id[:8], _trashed(session, context)
    begun = half_erased(context.root).get(session.key) if context is not None else None
    if begun is not None:
        return f"{half_erased_words(begun)}; `purge {short}` again completes it"
    if context is not None and trashed is None:
        for left in left_in_trash(context.root, (session.folder,)):
            if (left.listing, left.session_id) == session.key:
                return f"{left.words}; {left.remedy}"
    if trashed is not None:
        done: dict[str, str] = {Status.DELETED: "deleted", Status.EXPIRED: "cleaned up"}
        how = done.get(session.status, f"moved away, though its row says {session.status},")
        return (
            f"{how} by {one_line(trashed.operator)} on {moment(trashed.at)}; it is in the trash: "
            f"`restore {short}` brings it back"
        )
    if unread:
        return f"its transcript was not found where we can read; {'; '.join(unread)}"
    if session.status == Status.DELETED:
        return "deleted, and not in any trash that we can read: purged, or never had a transcript"
    if session.status == Status.EXPIRED:
        return (
            f"cleaned up after it expired on {moment(session.expires_at)}, and not by us: the "
            "guide's clean-up deletes for good"
        )
    if session.state is not State.GHOST:
        return ""
    if context is None:
        return (
            "its transcript is missing: swept by the CLI, deleted by hand, or written elsewhere "
            "because the pipeline did not set CLAUDE_CONFIG_DIR"
        )
    words = ghost_words(session, clues_of(session.folder), context.clock())
    return f"a ghost: {words}; `delete {short}` clears its row"


def _odd_words(session: Session, short: str) -> str:
    if session.cut_off_at is not None:
        return f"{cut_off_words(session)}: {cut_off_remedy(session)}"
    if session.unsent:
        return f"{unsent_words(session)}: {unsent_remedy(session)}"
    if words := unwritten_words(session):
        doctor = f"doctor {shlex.quote(session.listing)}"
        return f"{words}; `{doctor}` says what to do, and `{doctor} --fix` writes it then"
    if session.state is State.UNTRACKED and session.transcript is not None:
        return (
            "a transcript without a row: it can be resumed; "
            f"`adopt {short} --stage STAGE` adds one, so that it can be extended"
        )
    if session.state is State.LEFTOVER:
        return (
            f"marked {session.status}, and its transcript is still there: `delete {short}` or "
            f"`cleanup` takes it, `extend {short} 7d` keeps it"
        )
    if session.overwritten is not None:
        return f"the pipeline overwrote an operator's change: `reapply {short}` restores it"
    return str(bad_date(session))


TAKE_ROWS = (
    f"let {DATABASE} take a row of the guide's columns alone (no trigger on it; no column or check "
    "of the pipeline's own that refuses the row)"
)


def unwritten_words(session: Session) -> str:
    """Say what its last run could not write to its row, and why; empty if it could."""
    run = session.run
    if run is None or not (run.is_over and run.row_problem):
        return ""
    if session.row is not None and run.state == "lost" and run.unmarked_since is None:
        return ""  # killed in the middle of a turn, which says more
    lacks = "its row does not say how its last run ended"
    return f"{'not in the database yet' if session.row is None else lacks}: {run.row_problem}"


def unwritten_sessions(sessions: Iterable[Session]) -> str:
    """Say how many sessions' rows lack what their last runs should have written, and why."""
    lacking = [one for one in sessions if unwritten_words(one)]
    if not lacking:
        return ""
    found = dict.fromkeys(one.run.row_problem[:200] for one in lacking if one.run is not None)
    why = "; ".join([*found][:_MOST_NAMED])
    return f"{count(len(lacking), 'run')} could not write the session's row: {why}"


def bad_date(session: Session) -> Explanation:
    """Say that the expiry cannot be read, and how to fix it; empty when it can."""
    ended = session.status in (Status.EXPIRED, Status.DELETED)
    if session.row is None or not session.expiry_is_unreadable or ended:
        return Explanation("")
    stored = one_line(session.row.expires_at)[:40]
    return Explanation(
        f"its expires_at {stored!r} cannot be read: no clean-up takes it",
        f"`extend {session.session_id[:8]} 7d` sets a valid one",
    )


def _trashed(session: Session, context: Context | None) -> tuple[Manifest | None, tuple[str, ...]]:
    """Return where in the trash a session is, and what of the trash could not be read."""
    if context is None:
        return None, ()
    from tui.storage.trash.trash import read_trash

    every, unread = read_trash(context.root, (session.folder,))
    found = (
        one
        for one in every
        if one.session_id == session.session_id and one.listing == session.folder.name
    )
    return next(found, None), unread


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None
