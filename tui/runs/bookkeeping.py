"""What a run writes outside its folder: its session's row and audit, the config dir's times."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tui.claude.config_dir import postpone_sweep, refresh_children
from tui.core.errors import ConsoleError, Kind, Reason
from tui.core.limits import AUDIT_FOR_EVER_DAYS
from tui.core.models.audit import AuditEvent
from tui.core.models.row import Row
from tui.core.recorded_agent import UNRECORDED
from tui.core.text.safe_text import one_line
from tui.core.time.zones import zone_named
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.folder.agent_events import PermissionAnswer, TurnEnded
from tui.runs.folder.protocol import AGENT_OPTIONS, RunSpec
from tui.runs.turn_costs import TurnCosts
from tui.storage.table.audit import detail_of
from tui.storage.table.tracking import Tracking

_FALLBACK = timedelta(days=1)
_TRIES, _PAUSE_S, _PATIENCE_S = 3, 1.0, 60.0
_MOST_WAITING = 200  # writes that a database does not take; the first one tracks the session


class Bookkeeper:
    """Writes the row of a run's session; a failed write is tried again until it succeeds.

    `given` is of a pipeline's own run: a resume adds its options to the recorded ones, and tracks a
    session that was not tracked before. `tell` is told as `tracked` whether the row is written: the
    run's folder then says that it is due, so that it can be written even if this process dies. At
    the end a busy database is waited for, for `patience_s`; `late_rows` writes what is due then.
    """

    def __init__(
        self,
        spec: RunSpec,
        clock: Callable[[], datetime],
        given: GivenOptions | None = None,
        tell: Callable[..., None] = lambda *_, **__: None,
        patience_s: float | None = None,
    ) -> None:
        self._spec, self._clock, self._given = spec, clock, given
        self._tell = tell
        self._patience_s = _PATIENCE_S if patience_s is None else patience_s
        zone, since = zone_named(spec.zone), _kept_since(spec)
        self._tracking = Tracking(spec.db_path, zone, spec.operator, keeps_since=since)
        self._beginning = Tracking(spec.db_path, zone, spec.operator, spec.act_id, since)
        self._turns, self._by = TurnCosts(spec), spec.operator
        self._turn: AuditEvent | None = None
        self._waiting: list[Callable[[], object]] = []
        self._writing = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None
        self._has_row = spec.mode == "resume"
        self._has_begun = self._is_due = False
        self._is_busy = self._is_settling = False
        self.trouble = ""
        self.sweep_trouble = ""

    async def begun(self) -> None:
        """The agent has started: make its row active, and extend it."""
        self._has_row = self._has_begun = self._is_due = True
        await asyncio.to_thread(self._turns.begin)
        await self._do(self._resumed if self._spec.mode == "resume" else self._tracked)
        if self._is_due:
            self._tell("tracked", problem=self.trouble)
        await self._keep()

    async def failed(self, reason: str, kind: Kind, follow_up_by: str = "") -> None:
        """Record a failed turn, and a start or resume that its agent has not lived to tell of.

        One that failed before its first turn needs somebody, too: it gets its row now. What an
        operator added to a pipeline's run leaves the row as it is.
        """
        if not self._has_row:
            self._has_row = self._has_begun = True
            await self._do(self._tracked)
            if self._waiting:
                self._is_due = True
                self._tell("tracked", problem=self.trouble)
        if not self._has_begun:
            self._has_begun = True
            await self._do(lambda: self._beginning.note(self._resume()))
        now, own = self._clock(), self._spec.session_id
        turn = self._taken_turn() or self._of_this_run("fail")
        if follow_up_by:
            return await self._do(lambda: self._tracking.note(replace(turn, action="fail")))
        mark = self._tracking.mark_failed
        await self._do(lambda: mark(own, now=now, reason=reason, kind=kind, turn=turn))

    async def succeeded(self) -> None:
        """Record a successful turn."""
        now, own, turn = self._clock(), self._spec.session_id, self._taken_turn()
        await self._do(lambda: self._tracking.mark_succeeded(own, now=now, turn=turn))

    async def broken_off(self) -> None:
        """Record the cost of an interrupted turn; the row is unchanged."""
        if turn := self._taken_turn():
            await self._do(lambda: self._tracking.note(turn))

    async def decided(self, answer: PermissionAnswer, tool: str) -> None:
        """Record a permission that an earlier `always` granted, or the timeout denied."""
        spec, zone, by = self._spec, zone_named(self._spec.zone), answer.by or "somebody"
        reason = answer.reason or f"by the always that answered {answer.request_id}"
        facts = {"run": spec.run_id, "tool": tool, "decision": answer.decision, "reason": reason}
        facts |= {"source": answer.source}
        own, detail, request_id = spec.session_id, detail_of(facts), answer.request_id
        event = AuditEvent(
            at=self._clock(),
            operator=by,
            action="answer",
            session_id=own,
            detail=detail,
            request_id=request_id,
        )
        tracking = Tracking(spec.db_path, zone, by)
        await self._do(lambda: tracking.note(event))

    @property
    def cost_usd(self) -> float | None:
        """What the run's turns have cost; `None` if that of one is unknown."""
        return self._turns.run_usd

    def begin_turn(self, by: str) -> None:
        """Note who prompted the turn."""
        self._by = by

    def end_turn(self, ended: TurnEnded) -> float | None:
        """Note the turn's cost, to be recorded with its outcome, and return it if it is known."""
        self._turn = turn = self._turns.of(ended, self._by, self._clock())
        return turn.cost_usd

    def _taken_turn(self) -> AuditEvent | None:
        turn, self._turn = self._turn, None
        return turn

    async def settle(self) -> None:
        """Write what is pending, with retries, and refresh the config dir's times."""
        self._is_settling = True
        if self._retrying is not None and not self._writing.locked():
            self._retrying.cancel()  # while it pauses: a write would go on, and be repeated
        tries, until = 0, time.monotonic() + self._patience_s
        while True:
            tries += 1
            await self._try()
            is_patient = tries < _TRIES or (self._is_busy and time.monotonic() < until)
            if not self._waiting or not is_patient:
                break
            await asyncio.sleep(_PAUSE_S)
        await asyncio.to_thread(refresh_children, self._spec.config_dir, self._clock())

    async def _do(self, write: Callable[[], object]) -> None:
        self._waiting.append(write)
        if len(self._waiting) > _MOST_WAITING:
            del self._waiting[1]
        await self._try()
        if self._waiting and self._is_busy and (self._retrying is None or self._retrying.done()):
            self._retrying = asyncio.create_task(self._try_again(), name="books")

    async def _try_again(self) -> None:
        while self._waiting and self._is_busy and not self._is_settling:
            await asyncio.sleep(_PAUSE_S)
            await self._try()

    async def _try(self) -> None:
        """Write what is pending, oldest first, until a write fails."""
        try:
            async with self._writing:
                while self._waiting:
                    await asyncio.to_thread(write := self._waiting[0])
                    self._waiting.remove(write)
                    self._tell_written()
            self.trouble = ""
        except (ConsoleError, OSError) as error:
            self.trouble = one_line(error)
            self._is_busy = isinstance(error, ConsoleError) and error.reason in (
                Reason.LOCKED,
                Reason.SLOW,
            )

    def _tell_written(self) -> None:
        """Tell that the session's row is written: it is the first of what is pending."""
        was_due, self._is_due = self._is_due, False
        if was_due:
            self._tell("tracked", problem="")

    async def _keep(self) -> None:
        """Protect the session from the CLI's sweep and the guide's clean-up, after the row."""
        spec, now = self._spec, self._clock()
        try:
            if spec.mode != "resume" or self._given is not None:
                until = spec.expires_at or now + _FALLBACK
                await asyncio.to_thread(postpone_sweep, spec.config_dir, now, until)
        except (ConsoleError, OSError) as error:
            self.sweep_trouble = one_line(error)
        await asyncio.to_thread(refresh_children, spec.config_dir, now)

    def _tracked(self) -> None:
        spec, now = self._spec, self._clock()
        self._beginning.track(
            spec.session_id,
            listing_id=spec.listing_id,
            stage=spec.stage,
            now=now,
            expires_at=spec.expires_at or now + _FALLBACK,
            metadata=row_metadata(spec),
        )

    def _resumed(self) -> None:
        spec, now = self._spec, self._clock()
        keeps_until = spec.keeps_until or now + _FALLBACK
        own, run = spec.session_id, self._resume()
        row = self._beginning.mark_resumed(own, now=now, keeps_until=keeps_until, run=run)
        if self._given is None:
            return
        if row is None:
            self._tracked()
        elif self._given.recorded or spec.metadata:
            self._record(row, self._given)

    def _resume(self) -> AuditEvent:
        return self._of_this_run("resume", together=self._spec.together or None)

    def _of_this_run(self, action: str, **facts: Any) -> AuditEvent:
        """Return an event of this run, which an operator's own act does not name."""
        own, detail = self._spec.session_id, detail_of({"run": self._spec.run_id, **facts})
        return AuditEvent(at=self._clock(), action=action, session_id=own, detail=detail)

    def _record(self, row: Row, given: GivenOptions) -> None:
        """Add the metadata to the row, and the options to the recorded ones for the next resume."""
        details = dict(row.details())
        recorded = details.get("agent")
        agent = {**(recorded if isinstance(recorded, dict) else {}), **given.recorded}
        kept = details | dict(self._spec.metadata) | ({"agent": agent} if agent else {})
        if kept != details:
            after = replace(row, metadata=json.dumps(kept))
            now = self._clock()
            self._beginning.change(row, after, action="resume", now=now, is_partial=True)


def _kept_since(spec: RunSpec) -> datetime | None:
    days = spec.audit_days
    return spec.created_at - timedelta(days=days) if 0 < days < AUDIT_FOR_EVER_DAYS else None


def row_metadata(spec: RunSpec) -> dict[str, Any]:
    """Return what the row of a new session keeps."""
    own = {"agent": recorded_agent(spec), "operator": spec.operator}
    return {**spec.metadata, **own}


def recorded_agent(spec: RunSpec) -> dict[str, Any]:
    """Return the options that a later resume replays, and the names of those that it cannot."""
    kept = (name for name in (*AGENT_OPTIONS, UNRECORDED) if name != "mcp_servers")
    known = {name: spec.agent[name] for name in kept if spec.agent.get(name) is not None}
    return known | {"cwd": str(spec.cwd)}
