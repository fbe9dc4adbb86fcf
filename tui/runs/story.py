"""The events of a run, added up to its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tui.core.models import Request
from tui.core.text import one_line
from tui.core.zones import read_time
from tui.runs.untrusted import amount

_MAX_WORDS = 4000


class Story:
    """What the events of a run say so far; total: what makes no sense is passed over."""

    def __init__(self) -> None:
        self.has_begun = False
        self.requests: dict[str, Request] = {}
        self.error = ""
        self.cost_usd: float | None = None
        self.ended_at: datetime | None = None

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
        if self.requests:
            return "waiting"
        return "busy" if self.has_begun else "starting"

    def add(self, event: Mapping[str, Any], at: datetime) -> None:
        """Add one event, which happened `at`."""
        request_id = str(event.get("request_id", ""))
        match event.get("type"):
            case "init":
                self.has_begun = True
            case "turn":
                self.error = ""
            case "permission":
                given = event.get("input")
                shown = given if isinstance(given, dict) else {}
                tool = one_line(event.get("tool", ""))
                self.requests[request_id] = Request(request_id, tool, shown, at)
            case "answered":
                self.requests.pop(request_id, None)
            case "result":
                cost = amount(event.get("cost_usd"))
                self.cost_usd = self.cost_usd if cost is None else cost
            case "failed":
                self.error = str(event.get("reason") or "failed without a reason")[:_MAX_WORDS]
            case "ended":
                self.ended_at = at
