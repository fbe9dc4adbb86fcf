"""What the loser of a race is told: what is stored now, and who did that and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tui.core.act_summary import did_just_now
from tui.core.errors import Conflict
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.safe_text import one_line
from tui.storage.table.row_codec import differing


def lost_race(
    before: Row, stored: Row | None, acts: Iterable[AuditEvent], now: datetime
) -> Conflict:
    """Return why `before` may not be changed any more; `acts` are those on it, the last one first.

    Only an act that left what is stored tells who did it: the pipeline's own writes are no acts.
    """
    short = before.session_id[:8]
    if stored is None:
        return Conflict(f"{short} is no longer in the table")
    by = next((f"; {did_just_now(one, now)}" for one in acts if one.after == stored), "")
    return Conflict(f"{short} changed meanwhile: {_difference(before, stored)}{by}")


def _difference(before: Row, stored: Row) -> str:
    return ", ".join(
        name
        if name == "metadata"
        else f"{name} is now {one_line(getattr(stored, name))[:40] or 'empty'}"
        for name in differing(before, stored)
    )
