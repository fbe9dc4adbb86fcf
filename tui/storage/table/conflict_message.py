"""The message for a lost compare-and-set: what is stored now, and who changed it when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tui.core.errors import Conflict
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.text.safe_text import one_line
from tui.storage.table.row_codec import differing


def lost_race(
    before: Row, stored: Row | None, acts: Iterable[AuditEvent], now: datetime
) -> Conflict:
    """Return the error for a row that is not `before` any more; `acts` are newest first.

    An act is named only if it left exactly what is stored: the pipeline's writes are not audited.
    """
    from tui.core.act_summary import did_just_now

    short = before.session_id[:8]
    if stored is None:
        return Conflict(f"{short} is no longer in the table")
    by = next((f"; {did_just_now(one, now)}" for one in acts if one.after == stored), "")
    return Conflict(f"{short} changed in the meantime: {_difference(before, stored)}{by}")


def _difference(before: Row, stored: Row) -> str:
    return ", ".join(
        name
        if name == "metadata"
        else f"{name} is now {one_line(getattr(stored, name))[:40] or 'empty'}"
        for name in differing(before, stored)
    )
