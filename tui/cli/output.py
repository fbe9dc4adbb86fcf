"""What a verb prints: data on stdout, talk on stderr, the same facts as JSON."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import Any, TextIO

from tui.core.errors import AmbiguousId, ConsoleError
from tui.core.models.entry import Entry
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.run import Run, SentCommand
from tui.core.models.session import Session
from tui.core.text.safe_text import safe_text

_DEEPEST = 60
_USUAL = 80
_ESCAPE = "\\"

_encode = json.JSONEncoder(allow_nan=False).encode

_CAPTURED: ContextVar[list[str] | None] = ContextVar("captured", default=None)
_ROOM: ContextVar[int | None] = ContextVar("room", default=None)


@contextmanager
def captured(width: int | None = None) -> Iterator[list[str]]:
    """Collect the lines that verbs of this thread or task print, rather than print them.

    They are to be shown in `width` cells, if that is known.
    """
    lines: list[str] = []
    token, room_token = _CAPTURED.set(lines), _ROOM.set(width)
    try:
        yield lines
    finally:
        _CAPTURED.reset(token)
        _ROOM.reset(room_token)


def room() -> int | None:
    """Return how many cells a line of data may have; `None` where nobody reads it on a screen."""
    if _CAPTURED.get() is not None:
        return _ROOM.get()
    return _columns(sys.stdout)


def least_room() -> int:
    """Return how many cells a row has wherever it may be read, such as in a pager: 80 if unknown.

    `room` is for what may be cut, and this for what must not be.
    """
    if _CAPTURED.get() is not None:
        return _ROOM.get() or _USUAL
    known = (_columns(stream) for stream in (sys.stdin, sys.stdout, sys.stderr))
    return min((one for one in known if one), default=_USUAL)


def _columns(stream: TextIO | None) -> int | None:
    try:
        return (stream and os.get_terminal_size(stream.fileno()).columns) or None
    except (OSError, ValueError, AttributeError):  # no terminal, or no file at all
        return None


def say(words: str) -> None:
    """Print talk for a person on stderr; cleaned once more, since it may quote anything."""
    _print(safe_text(words), sys.stderr)


def put(words: str) -> None:
    """Print a line of data on stdout."""
    _print(safe_text(words), sys.stdout)


def put_json(value: Any) -> None:
    """Print one JSON value on stdout: ASCII only, and harmless once it is decoded, too."""
    _print(_json(value), sys.stdout)


class Verbatim:
    """A JSON value of which nothing is cleaned: what an agent asks for must be read as it is.

    In the JSON that is printed it is harmless all the same: that is ASCII only.
    """

    def __init__(self, value: Any) -> None:
        self.value = value


def talks_to_terminal() -> bool:
    """Whether somebody reads what is said, and can answer it."""
    if _CAPTURED.get() is not None or sys.stdin is None or sys.stderr is None:
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def put_array(values: Iterable[Any]) -> None:
    """Print one JSON array on stdout, each of its values made when its turn comes."""
    _print(f"[{', '.join(map(_json, values))}]", sys.stdout)


def _json(value: Any) -> str:
    """Return a value as harmless JSON; what is flat, and has nothing escaped, is so as it is."""
    try:
        text = _encode(value)
    except (ValueError, TypeError, RecursionError):  # `Verbatim`, no number of JSON, or too deep
        text = _ESCAPE
    is_plain = _ESCAPE not in text and text.count("{") + text.count("[") < 2
    return text if is_plain else json.dumps(_harmless(value))


def _print(text: str, stream: TextIO | None) -> None:
    lines = _CAPTURED.get()
    if lines is not None:
        lines.extend(text.split("\n"))
    elif stream is not None:  # `print` would take stdout instead of a closed stderr
        print(text, file=stream)


def _harmless(value: Any, depth: int = 0) -> Any:
    """Return what strict JSON can say of a value, every string of it cleaned."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, Verbatim):
        return value.value if _is_strict(value.value) else json.dumps(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, dict | list):
        return value
    if depth == _DEEPEST:
        return "..."
    if isinstance(value, list):
        return [_harmless(one, depth + 1) for one in value]
    return {_safe_name(name): _harmless(one, depth + 1) for name, one in value.items()}


def _is_strict(value: Any) -> bool:
    """Whether JSON has words for all of a value: it has none for what is infinite."""
    try:
        _encode(value)
    except (ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=256, typed=True)
def _safe_name(name: object) -> str:
    """Return a safe name: a list of thousands of sessions has few of them, again and again."""
    return safe_text(name)


def put_error(error: ConsoleError, *, as_json: bool) -> None:
    """Print an error on stderr, in words or as `{"error": {"code", "message"}}`."""
    if not as_json:
        say(f"session-console: {error}")
        return
    facts: dict[str, Any] = {"code": error.code, "message": safe_text(str(error))}
    if isinstance(error, AmbiguousId):
        facts["candidates"] = list(error.candidates)
    say(json.dumps({"error": facts}))


def problem_of(error: ConsoleError | OSError) -> ConsoleError:
    """Return what to print of an error: one of the system names its place."""
    if isinstance(error, ConsoleError):
        return error
    return ConsoleError(f"{error.filename or 'stdout'}: {error.strerror or error}")


def session_json(session: Session, now: datetime, state_word: str) -> dict[str, Any]:
    """Return a session under the names that scripts rely on; times are ISO 8601 with offset.

    `state_word` is what `tui.core.session_state` calls its state.
    """
    left = (session.expires_at - now).total_seconds() if session.expires_at else None
    has_row = session.row is not None
    unread = session.unread or (session.unseen if session.transcript is None else "")
    return {
        "session_id": session.session_id,
        "listing": session.listing,
        "stage": session.stage if has_row else None,
        "status": session.status if has_row else None,
        "liveness": str(session.liveness),
        "state_word": str(state_word),
        "waiting_for": session.waiting_for or None,
        "created_at": iso(session.created_at),
        "expires_at": iso(session.expires_at),
        "expires_in_s": None if left is None else round(left),
        "sweep_at": iso(session.sweep_at),
        "ends_at": iso(session.ends_at),
        "title": session.title or None,
        "model": session.model or None,
        "cost_usd": session.cost_usd,
        "transcript": safe_text(session.transcript.place) if session.transcript else None,
        "bytes": session.bytes,
        "last_activity_at": iso(session.last_activity_at),
        "state": None if unread else str(session.state),
        "unread": unread or None,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry of the stream; what is empty is left out."""
    facts = {
        "kind": str(entry.kind),
        "at": iso(entry.at),
        "text": entry.text,
        "tool": entry.tool,
        "detail": entry.detail,
        "uuid": entry.uuid,
        "message_id": entry.message_id,
        "tool_id": entry.tool_id,
        "is_error": entry.is_error,
        "is_sidechain": entry.is_sidechain,
        "agent": entry.agent,
        "task": entry.task,
    }
    return {name: value for name, value in facts.items() if value or name in ("kind", "text")}


def run_json(run: Run) -> dict[str, Any]:
    """Return a run: who started it, how it stands, what it waits for."""
    request = run.request
    return {
        "run_id": run.run_id,
        "state": run.state,
        "operator": run.operator,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        "error": run.error or None,
        "cost_usd": run.cost_usd,
        "request": request_json(request) if request else None,
        "model": run.model or None,
        "permission_mode": run.permission_mode or None,
        "queued_for": run.queued_for or None,
        "stalled_since": iso(run.stalled_since),
        "sent": [_sent_json(one) for one in run.sent],
    }


def request_json(request: PermissionRequest) -> dict[str, Any]:
    """Return a request as JSON, its input exactly as it was asked."""
    asker = request.asker
    return {
        "request_id": request.request_id,
        "tool": request.tool,
        "input": Verbatim(dict(request.input)),
        "call": Verbatim(dict(request.call)) if request.call is not None else None,
        "sha256": request.digest or None,
        "at": iso(request.at),
        "denied_at": iso(request.until),
        "problem": request.problem or None,
        "begins": Verbatim(request.begins) if request.begins else None,
        "missing": request.missing,
        "waiting": request.waiting,
        "agent_id": asker.agent_id or None,
        "agent": asker.agent or None,
        "title": asker.title or None,
        "description": asker.description or None,
        "reason": asker.reason or None,
        "blocked_path": asker.blocked_path or None,
        "suggestions": [dict(one) for one in asker.suggestions],
    }


def _sent_json(sent: SentCommand) -> dict[str, Any]:
    return {
        "kind": sent.kind,
        "by": sent.by,
        "at": iso(sent.at),
        "text": sent.text or None,
        "is_taken": sent.is_taken,
    }


def iso(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 with its offset."""
    return moment.isoformat() if moment else None


def put_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print columns as wide as their widest cell, two spaces between them."""
    from tui.core.text.safe_text import cell_width

    lines = [head, *rows]
    widths = [max(cell_width(line[index]) for line in lines) for index in range(len(head))]
    for line in lines:
        padded = (
            text + " " * (width - cell_width(text))
            for text, width in zip(line, widths, strict=True)
        )
        put("  ".join(padded).rstrip())
