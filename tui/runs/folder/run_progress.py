"""How far a run is with its prompt, from its events and its spec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.core.models.run import Phase, Progress, SentCommand
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.core.values import asdict, replace
from tui.runs.folder.bounded_reads import amount

_TOO_MANY = "429"
_MOST_ATTEMPTS = 10_000
_LONGEST_MS = 1e10
_LATEST_S = 1e11
_MOST_TEXT, _TITLE = 4000, 200
_WORK = Progress(phase=Phase.WORK)


def after_event(progress: Progress, event: Mapping[str, Any], at: datetime) -> Progress:
    """Return the progress after an event that happened `at`.

    An agent that asks for a permission has been answered, also where a run of an earlier version
    records nothing else.
    """
    match event.get("type"), event.get("kind"):
        case (("started" | "admitted"), _):
            return Progress(phase=Phase.CLI, since=at)
        case "turn", _:
            return Progress(phase=Phase.API, since=at)
        case "init", _ if progress.phase is Phase.CLI:  # it has begun, whoever prompted it
            return _WORK
        case "notice", "retry":
            return _retry(event, at)
        case "notice", "rate_limit":
            return _limit(event, at) or progress
        case (("heard" | "permission" | "result" | "failed" | "ended"), _):
            return _WORK
    return progress


def _retry(event: Mapping[str, Any], at: datetime) -> Progress:
    """Return the wait for the next attempt; of an answer 429 it is the limit that is awaited."""
    status = one_line(event.get("error_status") or "")[:20]
    delay_ms = amount(event.get("retry_delay_ms"), _LONGEST_MS)
    return Progress(
        phase=Phase.LIMIT if status == _TOO_MANY else Phase.RETRY,
        since=at,
        until=at + timedelta(milliseconds=delay_ms) if delay_ms is not None else None,
        status=status,
        attempt=int(amount(event.get("attempt"), _MOST_ATTEMPTS) or 0),
        most=int(amount(event.get("max_retries"), _MOST_ATTEMPTS) or 0),
    )


def _limit(event: Mapping[str, Any], at: datetime) -> Progress | None:
    """Return the wait for a limit that was reached; `None` for a mere report about it."""
    if event.get("status") != "rejected":
        return None
    seconds = amount(event.get("until"), _LATEST_S)
    until = datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
    return Progress(phase=Phase.LIMIT, since=at, until=until)


def answered(progress: Progress, heard_at: datetime | None) -> Progress:
    """Return the progress of a run that is writing since `heard_at`: the API has answered."""
    since = progress.since
    return _WORK if heard_at is not None and since is not None and heard_at > since else progress


def prompt_asked(
    asked: SentCommand | None, spec: Mapping[str, Any], begun: datetime
) -> SentCommand | None:
    """Return the prompt that was not answered yet; the first one of a run as its spec has it."""
    if asked is None or asked.text:
        return asked
    text, by = str(spec.get("prompt") or "")[:_MOST_TEXT], one_line(spec.get("operator", ""))[:64]
    return replace(asked, text=text, by=asked.by or by, at=begun) if text else None


def prompt_title(spec: Mapping[str, Any]) -> str:
    """Return the beginning of a run's first prompt."""
    return one_line(str(spec.get("prompt") or "")[:_MOST_TEXT]).strip()[:_TITLE]


def progress_json(progress: Progress) -> dict[str, Any]:
    """Return a progress as plain values for JSON; `progress_from` reads them."""
    moments = {name: getattr(progress, name) for name in ("since", "until")}
    said = {name: one.isoformat() if one else None for name, one in moments.items()}
    return asdict(progress) | said


def progress_from(value: object) -> Progress:
    """Return the progress that was stored; at work where it says nothing that is known."""
    if not isinstance(value, Mapping):
        return _WORK
    try:
        phase = Phase(str(value.get("phase")))
    except ValueError:
        return _WORK
    return Progress(
        phase=phase,
        since=read_time(value.get("since"), UTC),
        until=read_time(value.get("until"), UTC),
        status=one_line(value.get("status") or "")[:20],
        attempt=int(amount(value.get("attempt"), _MOST_ATTEMPTS) or 0),
        most=int(amount(value.get("most"), _MOST_ATTEMPTS) or 0),
    )
