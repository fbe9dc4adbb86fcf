"""The cost of each turn of a run, for the audit."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from tui.claude.config_dir import footprint
from tui.claude.layout import is_transcript
from tui.core.errors import Refused
from tui.core.models.audit import AuditEvent
from tui.runs.folder.agent_events import TurnEnded
from tui.runs.folder.protocol import RunSpec
from tui.storage.table.audit import detail_of

_TOKENS = (
    *("input_tokens", "output_tokens"),
    *("cache_read_input_tokens", "cache_creation_input_tokens"),
)


class TurnCosts:
    """Computes the cost of each turn from the CLI's total, which includes a fork's parent.

    `run_usd` is that of all turns together; `None` if one is unknown.
    """

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec
        self.run_usd: float | None = 0.0
        self._spent: float | None = 0.0 if spec.mode == "new" else None

    def begin(self) -> None:
        """Read the cost of the session, or of a fork's parent, before this run."""
        spec = self._spec
        if spec.mode == "new" or self._spent is not None:
            return
        from tui.claude.transcript_files.transcript_facts import read_facts

        whose = spec.source_id if spec.mode == "fork" else spec.session_id
        with suppress(OSError, Refused):
            paths = footprint(spec.config_dir, whose)
            costs = [read_facts(one).cost_usd for one in paths if is_transcript(one)]
            self._spent = next((one for one in costs if one is not None), None)

    def of(self, ended: TurnEnded, by: str, now: datetime) -> AuditEvent:
        """Return the audit event of a finished turn."""
        cost, total = None, ended.cost_usd
        if total is not None:
            cost = total - self._spent if self._spent is not None else None
            self._spent = total
        facts = {
            "run": self._spec.run_id,
            "unchecked": ended.unchecked,
            "by": by if by != self._spec.operator else "",
            "turns": ended.num_turns,
            "duration_ms": ended.duration_ms,
            "tokens": {name: ended.usage[name] for name in _TOKENS if ended.usage.get(name)},
        }
        session_id = self._spec.session_id
        known = None if cost is None else max(0.0, round(cost, 9))
        before = self.run_usd
        self.run_usd = None if known is None or before is None else before + known
        return AuditEvent(
            at=now,
            action="turn",
            session_id=session_id,
            cost_usd=known,
            detail=detail_of(facts),
        )
