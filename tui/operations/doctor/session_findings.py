"""Findings about single sessions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tui.claude.session_id import is_session_id
from tui.core.limits import DOCTOR_BRANCHES_S
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.core.models.row import Status
from tui.core.models.session import Key, Liveness, Session, State
from tui.core.sessions.attention import Need, is_settled, is_swept_soon, is_swept_too_soon
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass
from tui.operations.cause import (
    TranscriptClues,
    bad_date,
    clues_of,
    cut_off_remedy,
    cut_off_words,
    ghost_words,
    orphan,
    remains,
    sweep_words,
    unreadable,
    unsent_remedy,
    unsent_words,
    unwritten_words,
)
from tui.operations.context import Context
from tui.operations.doctor.machine_findings import MachineFacts
from tui.operations.finding import Command, Finding, Level, fix_of
from tui.operations.formatting import moment
from tui.operations.interrupted_purges import half_erased, half_erased_words
from tui.operations.owner import owner_elsewhere
from tui.operations.running.preflight import too_large
from tui.operations.target import Target, is_foreign, unknown_owner
from tui.operations.transcripts.branches import branches_of
from tui.safe_io.walking import Budget

_NEVER = datetime.min.replace(tzinfo=UTC)
_BYPASS = "bypassPermissions"
_AS_ROOT = "root/sudo"


@dataclass(frozen=True, slots=True)
class SessionCheck:
    """What all checks of a session share.

    `clues` are those of the listings that have ghosts; `in_trash` the sessions with an interrupted
    delete, by folder and id, which have a finding of their own; `begun` the interrupted purges.
    """

    context: Context
    machine: MachineFacts
    now: datetime
    clues: Mapping[Path, TranscriptClues]
    in_trash: frozenset[tuple[Path, str]]
    begun: Mapping[Key, AuditEvent]


def of_sessions(
    context: Context,
    catalog: Catalog,
    machine: MachineFacts,
    in_trash: frozenset[tuple[Path, str]],
) -> Iterator[Finding]:
    """Yield findings about each session; a `stat` or two for those that are already odd."""
    listings = [one for one in catalog.listings if not one.is_vanished]
    sessions = [session for one in listings for session in one.sessions]
    folders = {one.folder for one in sessions if one.state is State.GHOST}
    clues = {folder: clues_of(folder) for folder in folders}
    begun = half_erased(context.root)
    look = SessionCheck(context, machine, context.clock(), clues, in_trash, begun)
    yield from _branched(sessions)
    for session in sessions:
        if _is_disguised(session):
            yield _disguised(session)
            continue
        found = (question(session, look) for question in _QUESTIONS)
        yield from (finding for finding in found if finding is not None)


def _branched(sessions: Sequence[Session]) -> Iterator[Finding]:
    """Yield sessions with several branches, the latest first, as many as time allows."""
    budget = Budget(len(sessions) + 1, DOCTOR_BRANCHES_S)
    latest = sorted(sessions, key=lambda one: one.last_activity_at or _NEVER, reverse=True)
    for number, session in enumerate(latest):
        if not budget.spend():
            said = f"only the latest {number} of {len(latest)} sessions were searched for branches"
            yield Finding(
                "note", "branches_unseen", words=said, remedy="`show ID` tells of one session's"
            )
            break
        found = branches_of(session)
        if found and (words := found.lineage.words) and not _is_disguised(session):
            remedy = (
                f"`export {_short(session)}` has every branch; start a new session with what "
                "the abandoned one knew"
            )
            words, command = f"it has branches: {words}", ("export", session.address)
            yield _of(session, "warning", "branches", words, remedy, command=command)


def _is_disguised(session: Session) -> bool:
    """Whether the stored id is no valid session id: no command may name it."""
    stored = session.row.session_id if session.row else session.session_id
    return stored != session.session_id or not is_session_id(stored)


def _disguised(session: Session) -> Finding:
    words = "its row has an invalid session id: nothing here can act on it"
    remedy = "only the pipeline that writes that database can fix it"
    return _of(session, "warning", "bad_id", words, remedy)


def _swept(session: Session, look: SessionCheck) -> Finding | None:
    if session.is_stray or not is_swept_too_soon(session, look.now):
        return None
    words = f"{sweep_words(session, look.now)}, before it expires on {moment(session.expires_at)}"
    remedy, command = "`doctor --fix` postpones the CLI's sweep", fix_of(session.listing)
    level: Level = "error" if is_swept_soon(session, look.now) else "warning"
    return _of(session, level, "swept_first", words, remedy, command=command, is_fixable=True)


def _stray(session: Session, look: SessionCheck) -> Finding | None:
    if not session.is_stray:
        return None
    is_lost = is_swept_too_soon(session, look.now)
    where = one_line(session.transcript.stray_in if session.transcript else "")
    swept = f"; the CLI sweeps it there on {moment(session.sweep_at)}" if session.sweep_at else ""
    words = f"a stray: its transcript lies in {where}{swept}{', before it expires' * is_lost}"
    remedy = f"`adopt {_short(session)}` moves it into its listing; `adopt --all` all of them"
    level: Level = "error" if is_swept_soon(session, look.now) else "warning"
    return _of(session, level, "stray", words, remedy, command=("adopt", session.address))


def _ghost(session: Session, look: SessionCheck) -> Finding | None:
    if session.state is not State.GHOST or session.key in look.begun:
        return None
    if (session.folder, session.session_id) in look.in_trash:
        return None
    clues = look.clues.get(session.folder, TranscriptClues())
    words = f"a ghost: {ghost_words(session, clues, look.now)}"
    remedy = f"`delete {_short(session)} --yes` clears its row; it cannot be resumed"
    return _of(session, "warning", "ghost", words, remedy, command=("delete", session.address))


def _half_erased(session: Session, look: SessionCheck) -> Finding | None:
    begun = look.begun.get(session.key)
    if begun is None or session.transcript is not None or session.is_live:
        return None
    remedy, command = f"`purge {_short(session)}` again completes it", ("purge", session.address)
    return _of(session, "error", "half_erased", half_erased_words(begun), remedy, command=command)


def _remains(session: Session, look: SessionCheck) -> Finding | None:
    if session.remains is None or session.is_live:
        return None
    found = remains(session)
    command = ("delete", session.address)
    return _of(session, "warning", "remains", found.words, found.remedy, command=command)


def _untracked(session: Session, look: SessionCheck) -> Finding | None:
    is_told = session.is_live or session.is_stray or session.transcript is None
    # What a run could not write is told of its listing, and not to be adopted.
    if session.state is not State.UNTRACKED or is_told or unwritten_words(session):
        return None
    at = f" on {moment(session.sweep_at)}" if session.sweep_at else ""
    words = f"it has no row: only the CLI's sweep will end it{at}"
    remedy = (
        f"`adopt {_short(session)} --stage STAGE` tracks it, `delete {_short(session)}` ends it"
    )
    return _of(
        session, "note", "untracked", words, remedy, command=("adopt", session.address, "--stage")
    )


def _leftover(session: Session, look: SessionCheck) -> Finding | None:
    if session.state is not State.LEFTOVER or session.is_live:
        return None
    words = f"marked {session.status}, and its transcript is still there"
    remedy = f"`cleanup --yes` removes them all; `extend {_short(session)} 7d` keeps it"
    return _of(session, "note", "leftover", words, remedy, command=("delete", session.address))


def _sketch(session: Session, look: SessionCheck) -> Finding | None:
    if session.transcript is None or session.transcript.resumable or session.is_stray:
        return None
    words = "a folder with a conversation.json, which the CLI cannot resume"
    remedy = f"`delete {_short(session)} --yes` removes it"
    return _of(session, "note", "sketch", words, remedy, command=("delete", session.address))


def _unreadable(session: Session, look: SessionCheck) -> Finding | None:
    transcript = session.transcript
    if transcript is None or session.title or session.model:
        return None
    if not transcript.bytes or os.access(transcript.path, os.R_OK):
        return None
    found = unreadable(session)
    return _of(session, "error", "unreadable", found.words, found.remedy)


def _orphan(session: Session, look: SessionCheck) -> Finding | None:
    found = orphan(session)
    if found is None:
        return None
    return _of(
        session, "error", "orphan", found.words, found.remedy, command=("stop", session.address)
    )


def _owner(session: Session, look: SessionCheck) -> Finding | None:
    owner = owner_elsewhere(session, look.now)
    if owner is None:
        return None
    is_old = owner.last_sign is None or (
        look.now - owner.last_sign > look.context.settings.quiet_after
    )
    short, words = _short(session), f"it is running elsewhere: {owner.words(look.now)}"
    remedy = f"`tail -f {short}` follows it"
    command: Command = ()
    if not owner.is_beating:
        remedy += f"; if that one is dead, `resume {short} --take-over` continues"
        command = ("resume", session.address, "--take-over")
    return _of(
        session, "warning" if is_old else "note", "foreign_owner", words, remedy, command=command
    )


def _unproven(session: Session, look: SessionCheck) -> Finding | None:
    process = session.process
    if session.liveness is not Liveness.UNKNOWN or process is None:
        return None
    if not process.session_id or is_foreign(process):
        return None
    target = Target(session.session_id, session.folder)
    found = unknown_owner(target, process)
    return _of(session, "warning", "unproven_owner", found.words, found.remedy)


def _lost_run(session: Session, look: SessionCheck) -> Finding | None:
    words, remedy = cut_off_words(session), cut_off_remedy(session)
    if not words or session.run is None:
        return None
    settled = is_settled(session, Need.CUT_OFF, look.now)
    why = f" ({session.run.error})" if session.run.error else ""
    command = ("resume" if session.transcript else "show", session.address)
    level: Level = "note" if settled else "error"
    return _of(session, level, "lost_run", f"{words}{why}", remedy, command=command)


def _unsent(session: Session, look: SessionCheck) -> Finding | None:
    if not (words := unsent_words(session)):
        return None
    level: Level = "note" if is_settled(session, Need.UNSENT, look.now) else "error"
    command = ("show", session.address)
    return _of(session, level, "unsent", words, unsent_remedy(session), command=command)


def _overwritten(session: Session, look: SessionCheck) -> Finding | None:
    kept, row = session.overwritten, session.row
    if kept is None or row is None:
        return None
    names = [name for name in ("status", "expires_at") if getattr(kept, name) != getattr(row, name)]
    what = ", ".join(f"{name} is {getattr(row, name)} again" for name in names) or "its metadata"
    words = f"the pipeline overwrote an operator's change: {what}"
    remedy, command = f"`reapply {_short(session)}` restores it", ("reapply", session.address)
    return _of(session, "warning", "overwritten", words, remedy, command=command)


def _bad_date(session: Session, look: SessionCheck) -> Finding | None:
    found = bad_date(session)
    if not found.words:
        return None
    command = ("extend", session.address, "7d")
    return _of(session, "warning", "bad_date", found.words, found.remedy, command=command)


def _bypass(session: Session, look: SessionCheck) -> Finding | None:
    """The CLI refuses that mode as root. Our agents never get it from a row, but this one asks."""
    if _AS_ROOT in session.reason and session.status == Status.FAILED:
        words = f"it failed because the CLI refuses {_BYPASS} as root: {session.reason}"
        remedy = "set IS_SANDBOX=1 for the pipeline's container, or run it as another user"
        return _of(session, "error", "root_bypass", words, remedy)
    if not look.machine.refuses_bypass or session.row is None or session.transcript is None:
        return None
    agent = session.row.details().get("agent")
    if not isinstance(agent, dict) or agent.get("permission_mode") != _BYPASS:
        return None
    words = f"it recorded {_BYPASS}, which the CLI refuses as root"
    remedy = "set IS_SANDBOX=1, here in env_file, or run as another user"
    return _of(session, "note", "root_bypass", words, remedy)


def _too_large(session: Session, look: SessionCheck) -> Finding | None:
    found = too_large(session, look.machine.free_memory)
    return _of(session, "warning", "too_large", found.words, found.remedy) if found.words else None


_QUESTIONS: tuple[Callable[[Session, SessionCheck], Finding | None], ...] = (
    _swept,
    _stray,
    _ghost,
    _half_erased,
    _remains,
    _untracked,
    _leftover,
    _sketch,
    _unreadable,
    _orphan,
    _owner,
    _unproven,
    _lost_run,
    _unsent,
    _overwritten,
    _bad_date,
    _bypass,
    _too_large,
)


def _short(session: Session) -> str:
    return session.session_id[:8]


def _of(
    session: Session,
    level: Level,
    code: str,
    words: str,
    remedy: str,
    *,
    command: Command = (),
    is_fixable: bool = False,
) -> Finding:
    return Finding(
        level,
        code,
        words=words,
        remedy=remedy,
        listing=session.listing,
        session_id=session.session_id,
        is_fixable=is_fixable,
        command=command,
    )
