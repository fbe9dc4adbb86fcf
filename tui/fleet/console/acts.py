"""What an operation on a session that lives elsewhere asks of its home, as a command of the bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tui.core.errors import Refused
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Session
from tui.fleet.bus import (
    Acknowledge,
    Answer,
    Command,
    Delete,
    Extend,
    Interrupt,
    PutOff,
    Rename,
    Restore,
    Send,
    SetMode,
    SetModel,
    SetNote,
    SetTags,
    Stop,
    Undo,
)
from tui.fleet.seen import row_seen, run_seen
from tui.operations.context import ActionResult
from tui.operations.sessions.extend import Extension
from tui.runs.folder.command import Decision


def _send(session: Session, prompt: str) -> Command:
    return Send(run_id=run_seen(session), prompt=prompt)


def _reply(
    session: Session,
    request: PermissionRequest,
    verb: str,
    *,
    decision: Decision = "",
    reason: str = "",
    answers: tuple[str, ...] = (),
) -> Command:
    return Answer(
        run_id=run_seen(session),
        request_id=request.request_id,
        decision=decision or "deny",
        digest=request.digest if decision != "deny" else "",
        reason=reason,
        answers=answers,
    )


def _put_off(session: Session, words: str) -> Command:
    request = session.run.request if session.run is not None else None
    if request is None:
        raise Refused(f"{session.session_id[:8]} is not waiting for an answer")
    return PutOff(run_id=run_seen(session), request_id=request.request_id, duration=words)


def _interrupt(session: Session, *, is_sure: bool = False) -> Command:
    return Interrupt(run_id=run_seen(session), is_sure=is_sure)


def _stop(session: Session) -> Command:
    return Stop(run_id=run_seen(session))


def _model(session: Session, name: str) -> Command:
    return SetModel(run_id=run_seen(session), name=name)


def _mode(session: Session, name: str) -> Command:
    return SetMode(run_id=run_seen(session), name=name)


def _extend(extension: Extension) -> Command:
    return Extend(until=extension.typed, was=extension.was)


def _delete(session: Session) -> Command:
    return Delete(row=row_seen(session), active_at=session.last_activity_at)


def _restored(session: Session) -> Command:
    return Restore()


def _undo(act: ActionResult) -> Command:
    if not act.act_id:
        raise Refused(f"{act.host} did not say how that is undone: undo it there")
    return Undo(act_id=act.act_id)


def _acknowledge(session: Session) -> Command:
    return Acknowledge()


def _snooze(session: Session, typed: str) -> Command:
    return Acknowledge(until=typed)


def _rename(session: Session, title: str) -> Command:
    return Rename(title=title, was=session.title)


def _tag(session: Session, names: Sequence[str], *, removed: Sequence[str] = ()) -> Command:
    return SetTags(added=tuple(names), removed=tuple(removed))


def _note(session: Session, text: str) -> Command:
    return SetNote(content=text, was=session.annotation.note)


# By the operation's name: its command, and what an act of it is called.
COMMANDS: Mapping[str, tuple[Callable[..., Command], str]] = {
    "send": (_send, "prompt"),
    "reply": (_reply, "answer"),
    "put_off": (_put_off, "wait"),
    "interrupt": (_interrupt, "interrupt"),
    "stop": (_stop, "stop"),
    "model": (_model, "model"),
    "mode": (_mode, "mode"),
    "extend": (_extend, "extend"),
    "delete": (_delete, "delete"),
    "restored": (_restored, "restore"),
    "undo": (_undo, "undo"),
    "acknowledge": (_acknowledge, "ack"),
    "snooze": (_snooze, "snooze"),
    "rename": (_rename, "rename"),
    "tag": (_tag, "tag"),
    "note": (_note, "note"),
}


def command_for(name: str, subject: Any, *words: Any, **more: Any) -> Command:
    """Return the command for an operation; raises `Refused` for one that has none."""
    if (found := COMMANDS.get(name)) is None:
        raise Refused(f"{name} is done on the session's own host alone, {subject.host}")
    return found[0](subject, *words, **more)
