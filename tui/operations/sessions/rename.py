"""Renames a session as the CLI does: one line at the end of its transcript."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tui.claude.config_dir import footprint
from tui.claude.transcript.record_builder import line_of, title_record
from tui.claude.transcript_files.transcript_facts import title_since
from tui.core.act_summary import did_just_now
from tui.core.errors import Conflict, ConsoleError, Reason, Refused, UsageError
from tui.core.models.audit import AuditEvent
from tui.core.models.session import Session, Transcript
from tui.core.text.safe_text import one_line
from tui.operations.act_record import act_on
from tui.operations.context import ActionResult, Context, at_home
from tui.operations.logbook_entry import log_act
from tui.operations.target import (
    Target,
    hold_lock,
    require_no_orphan,
    require_transcript_known,
    target_of,
)
from tui.safe_io.opening import open_to_append
from tui.storage.state.logbook import read_logbook

MAX_TITLE = 200
_NEWLINE = b"\n"


@at_home
def rename(context: Context, session: Session, title: str) -> ActionResult:
    """Append the title to the transcript, where the CLI, the SDK and every console read it.

    Refused while the session runs, and without a transcript in its listing. The message quotes the
    previous title: renaming back undoes it. Raises `UsageError` for an empty title, `Conflict` when
    somebody else renamed it meanwhile, `ConsoleError` when nothing could be written; the transcript
    is then unchanged.
    """
    context.require_writable()
    named = one_line(title)[:MAX_TITLE].strip()
    if not named:
        raise UsageError("a title needs at least one visible character")
    target, now = target_of(session), context.clock()
    require_no_orphan(session)
    transcript = _transcript(session, target)
    with hold_lock(target):
        if transcript.path not in footprint(target.config_dir, target.session_id):
            raise Refused(f"the transcript of {target.short} has moved: try again")
        try:
            _require_as_seen(context, session, transcript, now)
            _append(transcript.path, line_of(title_record(target.session_id, named)))
        except OSError as error:
            raise ConsoleError(
                f"the title of {target.short} cannot be written: {error.strerror or error}"
            ) from error
    # No title in the logbook: a purge erases those in the transcript only.
    event = AuditEvent(
        at=now, action="rename", listing=session.listing, session_id=target.session_id
    )
    was = f'; it was "{session.title}"' if session.title not in ("", named) else ""
    words = log_act(context, event, f'renamed {target.short} to "{named}"{was}')
    return act_on(context, session, "rename", words)


def _transcript(session: Session, target: Target) -> Transcript:
    transcript = session.transcript
    require_transcript_known(session)
    if transcript is None:
        words = f"{target.short} has no transcript to store a title in"
        raise Refused(words, Reason.NO_TRANSCRIPT)
    if session.is_stray:
        words = f"{target.short} lies outside its listing"
        raise Refused(words, Reason.STRAY, remedy=f"adopt {target.short}")
    if not transcript.resumable:
        raise Refused(f"{target.short} is a conversation.json, which cannot hold a title")
    return transcript


def _require_as_seen(context: Context, session: Session, seen: Transcript, now: datetime) -> None:
    """Raise `Conflict` when the title is no longer the one seen, and say who changed it."""
    title = title_since(seen.path, seen.size)
    if title in ("", session.title):
        return
    by, short = _renamed_by(context, session, now), session.session_id[:8]
    raise Conflict(f'{short} changed in the meantime: its title is now "{title}"{by}')


def _renamed_by(context: Context, session: Session, now: datetime) -> str:
    """Say who renamed it last, or why that is unknown; empty if another program did."""
    try:
        acts = read_logbook(context.root)
    except OSError as error:
        return f"; by an unknown operator: the logbook cannot be read: {error.strerror}"
    done = (
        one
        for one in reversed(acts)
        if (one.listing, one.session_id, one.action) == (*session.key, "rename")
    )
    return next((f"; {did_just_now(one, now)}" for one in done), "")


def _append(path: Path, line: bytes) -> None:
    """Append a whole line in one write; an unfinished last line is ended first.

    The mtime is restored: the CLI's sweep and "last activity" count from it, and a new title is no
    activity. On another login's file that is not allowed, and the sweep starts anew.
    """
    fd = open_to_append(path)
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode) or before.st_size == 0:
            raise Refused(f"{path.name} is not a transcript: it is empty")
        is_torn = os.pread(fd, 1, before.st_size - 1) != _NEWLINE
        _write(fd, _NEWLINE + line if is_torn else line, before)
    finally:
        os.close(fd)


def _write(fd: int, data: bytes, before: os.stat_result) -> None:
    """Write all of it or none: on a full disk half a line would fit."""
    written = os.write(fd, data)
    is_last = os.fstat(fd).st_size == before.st_size + written
    if written != len(data):
        if is_last:
            os.ftruncate(fd, before.st_size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if is_last:
        with suppress(PermissionError):
            os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
