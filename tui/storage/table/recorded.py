"""The options of a session's agent, as its row has them and as the audit knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.models.row import Row
from tui.core.recorded_agent import last_recorded, options_in
from tui.core.values import dataclass
from tui.storage.sqlite.transactions import Steps
from tui.storage.table.audit_reader import AuditQuery, last_events

_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class AuditedOptions:
    """`options` are those that an audited act recorded last, `None` if the audit has none.

    `is_whole` is false when nobody can tell which they are.
    """

    options: Mapping[str, Any] | None
    is_whole: bool = True

    def or_of(self, row: Row | None) -> Mapping[str, Any]:
        """Return them, or else those that the row has itself."""
        own = options_in(row) if self.is_whole else None
        return self.options if self.options is not None else own or {}


def audited_options(session_id: str) -> Steps[AuditedOptions]:
    """Read what an audited act recorded last; nothing without an audit."""
    events = yield from last_events(AuditQuery(session_id, with_rows=True), _MOST_EVENTS)
    return AuditedOptions(*last_recorded(events))
