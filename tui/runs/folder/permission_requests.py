"""The open permission requests, each complete in a file of its own in the run's folder.

A request's SHA-256 is that of its file: an answer that grants carries it, and the run, which has
the input in memory, computes it again before it accepts the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from tui.core.agent_questions import PLAN, plan_in
from tui.core.limits import REQUEST, REQUEST_SHOWN
from tui.core.models.permission_request import PermissionRequest, Requester
from tui.core.text.bounded_json import parse_json
from tui.core.text.digest import sha256_hex
from tui.core.text.safe_text import one_line
from tui.core.values import asdict, dataclass, replace
from tui.runs.folder.agent_events import PermissionAsk
from tui.runs.folder.bounded_reads import read_inside
from tui.runs.folder.command import REQUEST_ID
from tui.runs.folder.open_folder import closing, open_folder, open_inside

REQUESTS = "requests"

_GONE = "its input cannot be read: it can only be denied"
_CHANGED = "its file is not what the agent asked for: it can only be denied"
_TOO_LONG = "it is too long to be shown whole: it can only be denied"
_NO_PLAN = "its plan is not available: it can only be denied"
_ODD = "it cannot be shown exactly as asked: it can only be denied"
_LONGEST_TOOL = 200
_NEVER = datetime.fromtimestamp(0, UTC)
_MOST_CACHED = 32
_cache: dict[tuple[Path, str, str], PermissionRequest] = {}
_caching = Lock()


@dataclass(frozen=True, slots=True)
class RequestFile:
    """The text of a request's file; it can be granted by its `digest`, only if it is whole."""

    text: str
    size: int
    is_whole: bool

    @property
    def digest(self) -> str:
        """The SHA-256 of the file."""
        return sha256_hex(self.text.encode())


def file_name(request_id: str) -> str:
    """Return the name of a request's file."""
    return f"{request_id}.json"


def request_file(request_id: str, ask: PermissionAsk) -> RequestFile:
    """Return the file for a request: all of it, or the beginning if it is very long."""
    head = {"request_id": request_id, "tool": ask.tool, "asker": asdict(ask.asker)}
    body = {"input": ask.input} | ({"call": ask.call} if ask.call is not None else {})
    try:
        text = json.dumps(head | body)
        # If the reader would say that it can only be denied, it is not whole here either.
        is_odd = bool(
            _parsed(
                text.encode(),
                PermissionRequest(request_id=request_id, tool="", input={}, at=_NEVER),
            ).problem
        )
    except (ValueError, TypeError, RecursionError):
        is_odd = True
    if is_odd:
        return RequestFile(json.dumps({**head, "problem": _ODD}, default=str), 0, is_whole=False)
    if len(text) <= REQUEST:
        if _lacks_plan(ask):
            return RequestFile(json.dumps({**head, **body, "problem": _NO_PLAN}), 0, is_whole=False)
        return RequestFile(text, len(text), is_whole=True)
    said = json.dumps(body if ask.call is not None else ask.input)
    cut = {"begins": said[:REQUEST_SHOWN], "missing": len(said) - REQUEST_SHOWN}
    return RequestFile(json.dumps({**head, **cut, "problem": _TOO_LONG}), len(text), is_whole=False)


def _lacks_plan(ask: PermissionAsk) -> bool:
    return ask.tool == PLAN and not any(plan_in(PLAN, one or {}) for one in (ask.input, ask.call))


def read_request(folder: Path, told: PermissionRequest) -> PermissionRequest:
    """Return a request from its file; `told` is the request in the run's events.

    With a `problem` if it is not complete, or not what was asked.
    """
    key = (folder, told.request_id, told.digest)
    with _caching:
        known = _cache.get(key)
    raw = _read(folder, told.request_id)
    digest = sha256_hex(raw)
    if known is None or known.digest != digest:
        known = _parsed(raw, replace(told, digest=digest))
        with _caching:
            _cache[key] = known
            while len(_cache) > _MOST_CACHED:
                del _cache[next(iter(_cache))]
    problem = known.problem or (_CHANGED if digest != told.digest else "")
    return replace(known, at=told.at, until=told.until, waiting=told.waiting, problem=problem)


def _read(folder: Path, request_id: str) -> bytes:
    """Return the bytes of a request's file, empty if it is larger than any of ours."""
    if not REQUEST_ID.fullmatch(request_id):
        return b""
    try:
        with (
            closing(open_folder(folder)) as opened,
            closing(open_inside(opened, REQUESTS)) as inside,
        ):
            raw = read_inside(inside, file_name(request_id), REQUEST + 1)
    except OSError:
        return b""
    return raw if len(raw) <= REQUEST else b""


def _parsed(raw: bytes, told: PermissionRequest) -> PermissionRequest:
    try:
        value = parse_json(raw) if raw else {}
    except ValueError:
        value = {}
    if not isinstance(value, dict) or value.get("request_id") != told.request_id:
        return replace(told, problem=_CHANGED if raw else _GONE)
    given, tool, call = value.get("input"), value.get("tool"), value.get("call")
    problem, begins, missing = (value.get(name) for name in ("problem", "begins", "missing"))
    is_sound = isinstance(given, dict) and isinstance(tool, str) and not problem
    is_sound = is_sound and isinstance(call, dict | None) and tool == one_line(tool)[:_LONGEST_TOOL]
    return replace(
        told,
        tool=one_line(tool)[:_LONGEST_TOOL] if isinstance(tool, str) else told.tool,
        input=given if isinstance(given, dict) else {},
        call=call if isinstance(call, dict) else None,
        asker=asker_of(value.get("asker")),
        problem="" if is_sound else one_line(problem or "")[:_LONGEST_TOOL] or _ODD,
        begins=begins if isinstance(begins, str) else "",
        missing=missing if isinstance(missing, int) and missing > 0 else 0,
    )


def asker_of(value: object) -> Requester:
    """Return the requester in a file or an event; invalid fields are left empty."""
    told: Mapping[str, Any] = value if isinstance(value, dict) else {}
    names = ("agent_id", "agent", "title", "description", "reason", "blocked_path")
    words = {name: said for name in names if isinstance(said := told.get(name), str)}
    many = told.get("suggestions")
    suggestions = many if isinstance(many, list) else []
    return Requester(
        **words, suggestions=tuple(one for one in suggestions if isinstance(one, dict))
    )
