"""Notices of the stream: events of a run that its transcript does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.claude.transcript.line_parser import tokens
from tui.claude.transcript_files.transcript_tail import Tail
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.safe_text import one_line
from tui.core.time.zones import read_time
from tui.core.values import replace
from tui.runs.folder.bounded_reads import amount, parse
from tui.runs.folder.protocol import EVENTS
from tui.safe_io.folders import is_link

_MOST = 2000
_WORDS = 400
_MOST_ANSWERS = 10
_MOST_MODELS = 50
_ACKS = {"interrupt": "interrupted", "stop": "stopped"}
_DECISIONS = {"allow": "allowed once", "always": "allowed for this run", "deny": "denied"}


class RunNotices:
    """Follows the events of a session's runs, one run after the other; not thread-safe."""

    def __init__(self) -> None:
        self.known: tuple[Entry, ...] = ()
        self.windows: dict[str, int] = {}
        self._folder: Path | None = None
        self._tail: Tail | None = None
        self._asked: dict[str, str] = {}
        self._is_due = False

    def poll(self, folder: Path | None) -> tuple[Entry, ...]:
        """Return the new notices; `folder` is the run's, `None` for none.

        A folder behind a link has none.
        """
        if folder is None or is_link(folder):
            return ()
        if self._tail is None or folder != self._folder:
            self._folder, self._tail, self._asked = folder, Tail(folder / EVENTS), {}
        lines = self._tail.read(limit=1024 * 1024).lines
        notices = tuple(one for line in lines if (one := self._notice(parse(line.raw))))
        if notices:
            self.known = (*self.known, *notices)[-_MOST:]
        return notices

    def _notice(self, event: Mapping[str, Any]) -> Entry | None:
        """Return the notice for an event, `None` if the transcript or the pane shows it."""
        at = read_time(event.get("at"), UTC)
        match event.get("type"):
            case "permission":
                self._asked[str(event.get("request_id", ""))] = _said(event, "tool")
                return None
            case "answered":
                tool = self._asked.pop(str(event.get("request_id", "")), "a tool")
                decision = _said(event, "decision")
                words = (
                    _answered(event) or f"{tool}: {_DECISIONS.get(decision, decision)}{_by(event)}"
                )
            case "refused":
                what = "answer" if event.get("decision") else "wait"
                words = f"{what} refused{_by(event)}: {_said(event, 'reason')}"
                return Entry(EntryKind.ERROR, words, at=at, is_error=True)
            case "put_off":
                tool = self._asked.get(str(event.get("request_id", "")), "a tool")
                until = read_time(event.get("until"), UTC)
                when = f" until {until:%H:%M} UTC" if until else ""
                words = f"{tool}: waits{when}{_by(event)}"
            case "ack":
                words = _accepted(event)
            case "tracked":
                words = self._tracked(_said(event, "problem"))
            case "init":
                return _failed_servers(event, at)
            case "notice":
                words = _noticed(event)
            case "result":
                self.windows |= _windows(event.get("windows"))
                return None
            case "failed":
                words = f"the run failed: {_said(event, 'reason')}"
                return Entry(EntryKind.ERROR, words, at=at, is_error=True)
            case _:
                return None
        return Entry(EntryKind.NOTICE, words, at=at) if words else None

    def _tracked(self, problem: str) -> str:
        """Say that its session's row is not written yet, or is now; empty if it was at once."""
        was_due, self._is_due = self._is_due, bool(problem)
        if problem:
            return f"its row could not be written yet: {problem}"
        return "its row is written now" if was_due else ""


def _failed_servers(event: Mapping[str, Any], at: datetime | None) -> Entry | None:
    """Return which MCP servers a run began without, `None` where it has them all."""
    words = _said(event, "failed_servers")
    return Entry(EntryKind.NOTICE, words, at=at, names_failed_servers=True) if words else None


def interleaved(entries: Iterable[Entry], notices: Iterable[Entry]) -> tuple[Entry, ...]:
    """Merge both by time, the entries in their own order; a notice follows what came before it.

    It takes the place of the line that it follows, so that it comes and goes with it.
    """
    waiting = sorted(notices, key=_moment)
    merged: list[Entry] = []
    for entry in entries:
        while waiting and entry.at is not None and _moment(waiting[0]) < entry.at:
            merged.append(_placed(waiting.pop(0), merged, entry))
        merged.append(entry)
    for notice in waiting:
        merged.append(_placed(notice, merged, None))
    return tuple(merged)


def since(notices: Iterable[Entry], entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return the notices that are not older than the first of `entries`."""
    first = next((one.at for one in entries if one.at), None)
    return tuple(one for one in notices if first is None or one.at is None or one.at >= first)


def _placed(notice: Entry, merged: list[Entry], following: Entry | None) -> Entry:
    beside = merged[-1] if merged else following
    return replace(notice, place=beside.place) if beside is not None else notice


def _moment(entry: Entry) -> datetime:
    return entry.at or datetime.fromtimestamp(0, UTC)


def _noticed(event: Mapping[str, Any]) -> str:
    kind = _said(event, "kind")
    if kind == "retry":
        return _retry(event)
    if kind == "rate_limit":
        return _rate_limit(event)
    words = _said(event, "words")
    if kind == "dropped":
        return f"never sent{_by(event)}: {words}"
    return f"{kind}: {words}" if words else kind


def _accepted(event: Mapping[str, Any]) -> str:
    """Return that a run has accepted a command: `queued: nina's prompt`; empty for an answer."""
    by, command = _said(event, "by"), _said(event, "command")
    if command in ("answer", "wait", ""):
        return ""
    if command == "prompt":
        return f"queued: {by}'s prompt" if by else "queued: a prompt"
    return f"{_ACKS.get(command, f'{command} accepted')}{_by(event)}"


def _answered(event: Mapping[str, Any]) -> str:
    """Return who answered an agent's questions with what; empty when it asked for a permission."""
    answers = event.get("answers")
    if not isinstance(answers, list) or not answers:
        return ""
    said = "; ".join(one_line(one)[:_WORDS] for one in answers[:_MOST_ANSWERS])
    return f"{_said(event, 'by') or 'somebody'} answered: {said}"


def _retry(event: Mapping[str, Any]) -> str:
    attempt, most = _said(event, "attempt"), _said(event, "max_retries")
    why = " ".join(filter(None, (_said(event, "error_status"), _said(event, "error"))))
    delay = amount(event.get("retry_delay_ms"))
    after = f", again in {delay / 1000:.0f}s" if delay is not None else ""
    return f"retry {attempt} of {most}: {why or 'no reason given'}{after}"


def _rate_limit(event: Mapping[str, Any]) -> str:
    status = _said(event, "status")
    until = amount(event.get("until"), 1e11)
    if status == "allowed":
        return ""
    words = f"rate limit: {status or 'reached'}"
    if until is None:
        return words
    return f"{words}, until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC"


def _windows(told: object) -> dict[str, int]:
    """Return the models' context windows that a turn's result reported."""
    given = list(told.items())[:_MOST_MODELS] if isinstance(told, dict) else []
    return {model[:200]: tokens(size) for model, size in given if tokens(size)}


def _by(event: Mapping[str, Any]) -> str:
    by = _said(event, "by")
    return f" by {by}" if by else ""


def _said(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return one_line(str(value)[: 4 * _WORDS])[:_WORDS] if value not in (None, "") else ""
