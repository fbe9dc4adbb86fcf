"""A session as its home tells of it, and as a console elsewhere shows it.

What leads to files and processes of the home stays there: a console makes its own paths, and has
no process to look at. Whatever it gets may have been written by anybody who may write to the
database.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.claude.layout import transcript_name
from tui.core.limits import REQUEST_SHOWN
from tui.core.models.permission_request import PermissionRequest, Requester
from tui.core.models.row import Row
from tui.core.models.run import Run, SentCommand
from tui.core.models.session import Key, Remains, Session, Transcript
from tui.core.text.bounded_json import parse_json
from tui.core.text.safe_text import one_line, safe_text
from tui.core.values import replace
from tui.fleet.bus import BadCommand
from tui.fleet.typed_json import Reader, json_text

MOST_SHOWN = 1_000_000  # characters, that the table takes
_LONGEST_METADATA = 64 * 1024
_LONGEST_PROMPT = 20_000
_MOST_SENT = 20
_TOO_LONG = "it is too long to be shown on another host: it can only be denied there"
_LINE = 2_000  # characters of what is shown on a line


def encode(session: Session) -> str:
    """Return what a session's home tells of it; a very long request is told only to be denied."""
    told = replace(
        session,
        folder=Path(),
        row=_short(session.row),
        overwritten=_short(session.overwritten),
        last_event=None,  # its rows are those before and after
        process=None,
        host="",
        run=_run(session.run),
        transcript=_without_place(session.transcript),
        remains=replace(session.remains, place="") if session.remains is not None else None,
    )
    if len(text := json_text(told)) <= MOST_SHOWN:
        return text
    return json_text(replace(told, run=None, row=None, overwritten=None))


def decode(text: str, key: Key, host: str, folder: Path) -> Session:
    """Return the session `key` of `host`, whose files are below `folder` here, safe to show.

    Raises `BadCommand` for whatever no session looks like.
    """
    try:
        if len(text) > MOST_SHOWN:
            raise ValueError("it is too long")
        raw = parse_json(text)
        if isinstance(raw, dict):
            _make_own(raw, key, host, folder)
        return _READER.read(Session, raw)
    except ValueError as error:
        said = f"what {host} tells of {key[1]} is not understood: {error}"
        raise BadCommand(one_line(said)[:300]) from error


def _make_own(raw: dict[str, Any], key: Key, host: str, folder: Path) -> None:
    """Put what is known here in the place of what was told: whose it is, and where it lies."""
    listing, session_id = key
    raw["session_id"], raw["listing"], raw["host"] = session_id, listing, host
    raw["folder"], raw["process"] = folder, None
    if isinstance(one := raw.get("transcript"), dict):
        place = f"{folder}/{transcript_name(session_id)}"
        one["session_id"], one["place"], one["stray_in"] = session_id, place, None
    if isinstance(one := raw.get("remains"), dict):
        place = f"{folder}/{session_id}"
        one["session_id"], one["place"], one["uncounted"] = session_id, place, ""
    if isinstance(one := raw.get("run"), dict):
        one["session_id"], one["listing"], one["folder"] = session_id, listing, folder / "no-run"
        one["cli_pid"], one["cli_start"] = 0, ""
    for name in ("row", "overwritten"):
        if isinstance(one := raw.get(name), dict):
            one["session_id"], one["listing_id"] = session_id, listing


def _line_of(text: str) -> str:
    return one_line(text)[:_LINE]


_SESSION_LINES = (
    *("stage", "status", "title", "model", "waiting_for", "reason", "zone"),
    *("row_problem", "transcript_problem", "turn_error"),
)
_RUN_LINES = (
    *("run_id", "state", "operator", "error", "model", "permission_mode", "queued_for", "title"),
    *("stage", "act_id", "row_problem", "failed_by", "error_kind", "left_run"),
)
_OWN: Mapping[type, tuple[str, ...]] = {
    Session: ("session_id", "listing", "host"),
    Transcript: ("session_id", "place"),
    Remains: ("session_id", "place"),
    Run: ("session_id", "listing"),
}
_READER = Reader(
    is_strict=False,
    text=safe_text,
    original=frozenset({PermissionRequest, Requester, Row}),  # as a local one: shown with care
    texts={
        **{(Session, name): _line_of for name in _SESSION_LINES},
        **{(Run, name): _line_of for name in _RUN_LINES},
        **{(kind, name): str for kind, names in _OWN.items() for name in names},
    },
)


def _short(row: Row | None) -> Row | None:
    if row is None or len(row.metadata or "") <= _LONGEST_METADATA:
        return row
    return replace(row, metadata=None)


def _without_place(transcript: Transcript | None) -> Transcript | None:
    if transcript is None:
        return None
    return replace(transcript, place="", stray_in=None)


def _run(run: Run | None) -> Run | None:
    if run is None:
        return None
    return replace(
        run,
        folder=Path(),
        cli_pid=0,
        cli_start="",
        sent=tuple(map(_short_prompt, run.sent[:_MOST_SENT])),
        asked=_short_prompt(run.asked) if run.asked is not None else None,
        request=_request(run.request),
    )


def _short_prompt(sent: SentCommand) -> SentCommand:
    return replace(sent, text=sent.text[:_LONGEST_PROMPT])


def _request(request: PermissionRequest | None) -> PermissionRequest | None:
    """Return a request as it is shown elsewhere: whole, or only to be denied."""
    if request is None or len(json_text(request)) <= REQUEST_SHOWN:
        return request
    begins = request.begins or json_text(request)
    return replace(
        request,
        input={},
        call=None,
        asker=Requester(),
        problem=request.problem or _TOO_LONG,
        begins=begins[:_LONGEST_PROMPT],
        missing=max(request.missing, len(begins) - _LONGEST_PROMPT),
    )
