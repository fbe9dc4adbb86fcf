"""What the audit and the logbook record."""

from __future__ import annotations

import os
from datetime import datetime

from tui.core.models.row import Row
from tui.core.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One recorded act: who did what to which session, with its row before and after.

    Who records it fills in `operator`. An event of a whole root (a hold, a purge) has no rows;
    `note` says what it was about. All events of one act of an operator share an `act_id`.
    `request_id` is the permission request that was answered, `cost_usd` the cost of a turn,
    `detail` a JSON object with more facts, or empty.
    """

    at: datetime
    action: str
    operator: str = ""
    listing: str = ""
    session_id: str = ""
    before: Row | None = None
    after: Row | None = None
    note: str = ""
    act_id: str = field(default="", compare=False)
    request_id: str = field(default="", compare=False)
    cost_usd: float | None = field(default=None, compare=False)
    detail: str = field(default="", compare=False)


def new_act_id() -> str:
    """Return a new random id for one act of an operator."""
    return os.urandom(8).hex()
