"""The events of a run, added up to its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tui.core.models import Request, Sent
from tui.core.text import one_line
from tui.core.zones import read_time
from tui.runs.untrusted import amount

_MAX_WORDS = 4000
_LONGEST_S = 1e7


class Story:
    """What the events of a run say so far; total: what makes no sense is passed over."""

    def __init__(self) -> None:
        self.has_begun = False
        self.requests: dict[str, Request] = {}
        self.error = ""
        self.cost_usd: float | None = None
        self.ended_at: datetime | None = None
        self.acked: set[str] = set()
        self.late: set[str] = set()
        self.prompts: dict[str, Sent] = {}
        self.missed: list[Sent] = []
        self.model = self.permission_mode = self.queued_for = ""
        self.stalled_since: datetime | None = None

    @classmethod
    def told_by(cls, events: Iterable[Mapping[str, Any]]) -> Story:
        """Return the story that these events tell, in their order."""
        story = cls()
        for event in events:
            story.add(event, read_time(event.get("at"), UTC) or datetime.fromtimestamp(0, UTC))
        return story

    @property
    def state(self) -> str:
        """The run's state, as long as its runner lives."""
        if self.ended_at is not None:
            return "failed" if self.error else "done"
        if self.queued_for:
            return "queued"
        if self.requests:
            return "waiting"
        return "busy" if self.has_begun else "starting"

    def add(self, event: Mapping[str, Any], at: datetime) -> None:
        """Add one event, which happened `at`."""
        match event.get("type"):
            case "queued":
                self.queued_for = one_line(event.get("reason", ""))[:200] or "a free place"
            case "admitted":
                self.queued_for = ""
            case "init" | "changed" | "stalled" | "moving":
                self._add_state(event, at)
            case "turn":
                self.error = ""
                self.prompts.pop(str(event.get("id")), None)
            case "permission" | "answered":
                self._add_request(event, at)
            case "ack" | "missed" | "notice":
                self._add_command(event, at)
            case "result":
                cost = amount(event.get("cost_usd"))
                self.cost_usd = self.cost_usd if cost is None else cost
            case "failed":
                self.error = str(event.get("reason") or "failed without a reason")[:_MAX_WORDS]
            case "ended":
                self.ended_at = at
                self.stalled_since = None

    def _add_state(self, event: Mapping[str, Any], at: datetime) -> None:
        """Add how the agent is: as what it began, what was changed since, whether it is heard."""
        match event.get("type"):
            case "stalled":
                quiet_s = amount(event.get("quiet_s"), _LONGEST_S) or 0.0
                self.stalled_since = at - timedelta(seconds=quiet_s)
            case "moving":
                self.stalled_since = None
            case _:
                self.has_begun = self.has_begun or event.get("type") == "init"
                self.model = one_line(event.get("model", ""))[:60] or self.model
                mode = one_line(event.get("permission_mode", ""))[:40]
                self.permission_mode = mode or self.permission_mode

    def _add_request(self, event: Mapping[str, Any], at: datetime) -> None:
        request_id = str(event.get("request_id", ""))
        if event.get("type") == "answered":
            self.requests.pop(request_id, None)
            return
        given = event.get("input")
        shown = given if isinstance(given, dict) else {}
        tool = one_line(event.get("tool", ""))[:200]
        self.requests[request_id] = Request(request_id, tool, shown, at)

    def _add_command(self, event: Mapping[str, Any], at: datetime) -> None:
        """Add that a command was taken, or never was, or that its prompt was dropped."""
        key, kind = str(event.get("id", "")), one_line(event.get("command", ""))[:40]
        sent = Sent(kind, one_line(event.get("by", ""))[:64], at, str(event.get("words", "")))
        match event.get("type"), kind:
            case "ack", "prompt":
                self.prompts[key] = replace(sent, is_taken=True)
            case "missed", _:
                self.missed.append(sent)
                self.late |= {key} if kind == "answer" else set()
            case "notice", _ if event.get("kind") == "dropped" and self.prompts.pop(key, None):
                self.missed.append(replace(sent, kind="prompt"))
        self.acked.add(key)
