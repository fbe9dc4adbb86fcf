"""Adopts a session: moves a stray into its listing, and tracks it if no row does."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from tui.claude.config_dir import CONFIG_DIR, footprint, postpone_sweep, refresh_children
from tui.claude.layout import is_transcript
from tui.core.errors import ConsoleError, DatabaseProblem, Reason, Refused, UnknownId, UsageError
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.models.session import Session, State
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.values import dataclass
from tui.operations.cause import TAKE_ROWS, remains
from tui.operations.context import ActionResult, Context
from tui.operations.formatting import count
from tui.operations.logbook_entry import log_act
from tui.operations.running.resume import max_age
from tui.operations.target import (
    Target,
    hold_lock,
    require_no_orphan,
    require_not_live,
    require_row_known,
    require_transcript_known,
    target_of,
    tracking_of,
)
from tui.runs.folder.bounded_reads import read_json
from tui.runs.folder.protocol import SPEC
from tui.safe_io.folders import is_folder, is_link
from tui.safe_io.moving import Rename, conflict, move, require_movable
from tui.safe_io.replacing import make_folders, rename_anew
from tui.storage.state.annotations import move_annotation
from tui.storage.transcripts.strays import SKETCHES


@dataclass(frozen=True, slots=True)
class _Move:
    source: Path
    target: Path


def adopt(
    context: Context,
    session: Session,
    *,
    listing: str = "",
    stage: str = "",
    rename: Rename = rename_anew,
) -> ActionResult:
    """Move a stray's whole footprint into its listing, or track a session that no row tracks.

    `listing` names another listing folder, which only a session without a row can go to. Raises
    `Refused`, with nothing moved, while something may run it or another file is in its place there;
    an interrupted adoption can be repeated.
    """
    context.require_writable()
    context = context.as_one_act()
    target, now = _target(context, session, listing), context.clock()
    require_no_orphan(session)
    require_transcript_known(session)
    home = _home(context, session)
    stage = one_line(stage)[:60] or _known_stage(session)
    with hold_lock(target):
        moves, unwritten = _moves(home, session, target) if home is not None else (), ""
        if not moves and not _is_trackable(session, stage):
            raise _nothing(session, target)
        if moves:
            _postpone_sweep(context, session, target, stage, now)
            unwritten = _carry_out(context, session, moves, target, rename)
        after = _tracked(context, session, target, stage, now) if session.row is None else None
    return ActionResult(
        kind="adopt",
        listing=one_line(target.folder.name),
        session_id=target.session_id,
        at=now,
        words=_words(session, target, after, is_moved=bool(moves)) + unwritten,
        before=session.row,
        after=after or session.row,
        zone=session.zone,
        folder=target.folder,
    )


def adoptable(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Return the strays that `adopt --all` takes."""
    return tuple(one for one in sessions if one.is_stray)


def _target(context: Context, session: Session, listing: str) -> Target:
    target = target_of(session)
    require_row_known(session, "adopted")
    if not listing or context.root / listing == target.folder:
        return target
    folder = context.root / listing
    if not is_listing_id(listing) or is_link(folder) or not is_folder(folder, unknown=True):
        raise UnknownId(f"there is no listing {one_line(listing)[:80]!r} below {context.root}")
    if session.row is not None:
        raise Refused(f"{target.short} is tracked in {session.listing}: it can only go there")
    if not session.is_stray:
        raise Refused(f"{target.short} is already in {session.listing}")
    return Target(target.session_id, folder)


def _home(context: Context, session: Session) -> Path | None:
    """Return the config dir of the stray, or where an interrupted adoption left part of it."""
    if session.transcript is not None and session.transcript.stray_in is not None:
        return session.transcript.stray_in
    home = context.settings.claude_home
    is_a_listing_s = home is not None and home.resolve().name == CONFIG_DIR
    return None if session.row is None or is_a_listing_s else home


def _moves(home: Path, session: Session, target: Target) -> tuple[_Move, ...]:
    """Return what to move where, the transcript last: until then the session is still a stray."""
    require_not_live(target, config_dir=home)
    if is_link(target.config_dir):
        raise Refused(f"{target.config_dir} is a link, and links are not followed")
    try:
        moves = _places(home, target)
        clashes = [(one, conflict(one.source, one.target)) for one in moves]
    except OSError as error:
        place = one_line(error.filename or home)
        why = f"{place} cannot be checked: {error.strerror}"
        raise Refused(f"nothing of {target.short} was moved: {why}") from error
    for one, clash in clashes:
        if clash is not None:
            raise Refused(
                f"{target.short}: {one_line(clash)} is already there and differs from "
                f"{one_line(one.source)}: nothing was moved over it"
            )
    return moves


def _places(home: Path, target: Target) -> tuple[_Move, ...]:
    """Return what there is to move; raises `OSError`, and `Refused` for too many files."""
    places = dict.fromkeys((*footprint(home, target.session_id), *_sketch(home, target.session_id)))
    moves = [_Move(place, target.config_dir / _inside(home, place)) for place in places]
    moves.sort(key=lambda one: (is_transcript(one.source), str(one.source)))
    for one in moves:
        try:
            require_movable(one.source)
        except OSError as error:
            place = one_line(one.source)
            raise Refused(f"{place} cannot be moved: {error.strerror}") from error
    return tuple(moves)


def _sketch(home: Path, session_id: str) -> tuple[Path, ...]:
    """Return the guide's own sketch of a session, which is one folder deeper there."""
    folder = home / SKETCHES / session_id
    is_whole = (folder / "conversation.json").is_file()
    return (folder,) if is_whole and not any(map(is_link, (folder.parent, folder))) else ()


def _inside(home: Path, place: Path) -> Path:
    """Return where a file goes in the listing's config dir."""
    inside = place.relative_to(home)
    return Path(*inside.parts[1:]) if inside.parts[0] == SKETCHES else inside


def _carry_out(
    context: Context,
    session: Session,
    moves: tuple[_Move, ...],
    target: Target,
    rename: Rename,
) -> str:
    """Move all of it and record that; return why it could not be recorded, else an empty string."""
    now = context.clock()
    try:
        for one in moves:
            make_folders(target.folder, *one.target.parent.relative_to(target.folder).parts)
            move(one.source, one.target, rename=rename)
    except OSError as error:
        raise ConsoleError(
            f"{target.short} was not adopted whole: {error.filename}: {error.strerror or error}; "
            "nothing is lost; to move the rest",
            remedy=f"adopt {target.short}",
        ) from error
    finally:
        unwritten = _record(context, session, target, len(moves), now)
    refresh_children(target.config_dir, now)
    return unwritten + _bring_annotation(session, target)


def _bring_annotation(session: Session, target: Target) -> str:
    """Move tags and note into the listing as well; return why they stay where they were."""
    try:
        move_annotation(session.folder, target.folder, target.session_id)
    except (OSError, ConsoleError) as error:
        return f"; its tags and note stay in {session.listing}: {one_line(error)}"
    return ""


def _postpone_sweep(
    context: Context, session: Session, target: Target, stage: str, now: datetime
) -> None:
    """Postpone the CLI's sweep until the session expires, before it can sweep it here."""
    make_folders(target.folder, CONFIG_DIR)
    if session.transcript is None or not session.transcript.resumable:
        return
    until = max(session.expires_at or now, now + context.settings.resume_keeps)
    if session.row is None and stage:
        until = now + max_age(context, stage)
    postpone_sweep(target.config_dir, session.transcript.modified_at, until)


def _is_trackable(session: Session, stage: str) -> bool:
    return session.row is None and session.transcript is not None and bool(stage)


def _tracked(
    context: Context, session: Session, target: Target, stage: str, now: datetime
) -> Row | None:
    """Track the session if its stage is known."""
    if not stage or session.transcript is None:
        return None
    until = now + max_age(context, stage)
    tracking = tracking_of(context, target.folder, session.zone)
    try:
        row = tracking.track(
            target.session_id,
            listing_id=target.folder.name,
            stage=stage,
            now=now,
            expires_at=until,
            metadata={"operator": context.settings.operator},
        )
    except DatabaseProblem as problem:
        takes_none = problem.reason in (Reason.REFUSED, Reason.UNREADABLE)
        first = f"{TAKE_ROWS}; then" if takes_none else "once that is over"
        raise DatabaseProblem(
            f"{target.short} is not tracked: {problem}; {first}",
            problem.reason,
            remedy=f"adopt {target.short} --stage {shlex.quote(stage)}",
        ) from problem
    if session.transcript.resumable:
        postpone_sweep(target.config_dir, session.transcript.modified_at, until)
    return row


def _known_stage(session: Session) -> str:
    """Return the stage that its run was started with; empty when unknown."""
    if session.run is None:
        return ""
    return one_line(read_json(session.run.folder / SPEC).get("stage") or "")[:60]


def _record(context: Context, session: Session, target: Target, moved: int, now: datetime) -> str:
    """Record who adopted it, even if that was interrupted; its row, if any, stays as it is."""
    where = session.transcript.stray_in if session.transcript else None
    note = f"{count(moved, 'place')} from {one_line(where)}, {size_text(session.bytes)}"
    listing = target.folder.name
    event = AuditEvent(
        at=now,
        action="adopt",
        listing=listing,
        session_id=target.session_id,
        note=note,
    )
    return log_act(context, event)


def _nothing(session: Session, target: Target) -> ConsoleError:
    if session.remains is not None:
        return ConsoleError(f"{target.short} cannot be adopted: {remains(session)}")
    if session.state is State.UNTRACKED and session.transcript is None:
        words = f"{target.short} has no transcript: there is nothing to adopt"
        verb = "ack" if session.never_began else "show"
        return Refused(words, Reason.NO_TRANSCRIPT, remedy=f"{verb} {target.short}")
    if session.state is State.UNTRACKED:
        return UsageError(
            f"{target.short} has no known stage", remedy=f"adopt {target.short} --stage STAGE"
        )
    return Refused(
        f"{target.short} is already where it belongs: nothing to adopt", Reason.NOTHING_TO_DO
    )


def _words(session: Session, target: Target, after: Row | None, *, is_moved: bool) -> str:
    said = f"adopted {target.short}"
    if is_moved:
        said += f" into {one_line(target.folder.name)} ({size_text(session.bytes)})"
    if after is not None:
        return f"{said}; tracked as {after.stage} until {after.expires_at[:16]}"
    if session.row is None:
        return f"{said}; no row tracks it: `adopt {target.short} --stage STAGE` does"
    return said
