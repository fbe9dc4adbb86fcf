"""What a run writes outside its folder: its session's row and audit, the config dir's times."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tui.claude.config_dir import postpone_sweep, refresh_children
from tui.core.errors import MOMENTARY, ConsoleError, Kind, Reason, RunFailed
from tui.core.limits import AUDIT_FOR_EVER_DAYS
from tui.core.models.audit import AuditEvent
from tui.core.models.retried import retried_mark
from tui.core.models.row import Row
from tui.core.models.run import Run
from tui.core.models.session import Acknowledgement
from tui.core.recorded_agent import UNRECORDED, options_in
from tui.core.text.safe_text import one_line
from tui.core.time.zones import zone_named
from tui.core.values import replace
from tui.runs.agent.recorded_options import GivenOptions
from tui.runs.folder.agent_events import PermissionAnswer, TurnEnded
from tui.runs.folder.protocol import AGENT_OPTIONS, RunSpec
from tui.runs.folder.run_finder import last_runs
from tui.runs.turn_costs import TurnCosts
from tui.storage.sqlite.transactions import Steps, write
from tui.storage.state.acknowledgements import add_retried
from tui.storage.state.logbook import write_event
from tui.storage.table.audit import detail_of
from tui.storage.table.tracking import Tracking, Transactions

logger = logging.getLogger("tui.runs")

_FALLBACK = timedelta(days=1)
_TRIES, _PAUSE_S, _PATIENCE_S = 3, 1.0, 60.0
_MOST_WAITING = 200  # writes that a database does not take; the first one tracks the session


class _Write(NamedTuple):
    """A write that waits; without one that `is_due` the row is wrong, or not there."""

    act: Callable[[], object]
    is_due: bool


class Bookkeeper:
    """Writes the row of a run's session; a failed write is tried again until it succeeds.

    `given` is of a pipeline's own run: a resume adds its options to the recorded ones, and tracks a
    session that was not tracked before. `tell` is told as `tracked` whether the row says all that
    it should, and why not: the run's folder then has that it is due, so that it can be written even
    if this process dies. At the end a busy database is waited for, for `patience_s`; `late_rows`
    writes what is due then.
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
        self._waiting: list[_Write] = []
        self._is_due: bool | None = None
        self._writing = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None
        self._has_row = spec.mode == "resume"
        self._has_begun = self._has_answered = self._has_settled = False
        self._begun_at = clock()
        self._is_busy = self._passes = self._is_settling = False
        self.trouble = ""
        self.sweep_trouble = ""

    async def begun(self) -> None:
        """The agent has started: make its row active, and extend it."""
        self._has_row = self._has_begun = True
        self._begun_at = self._clock()
        await asyncio.to_thread(self._turns.begin)
        await self._mark(self._resumed if self._spec.mode == "resume" else self._tracked)
        await self._keep()

    async def failed(self, reason: str, kind: Kind, follow_up_by: str = "") -> None:
        """Record a failed turn, and a start or resume that its agent has not lived to tell of.

        One that failed before its first turn needs somebody, too: it gets its row now. What an
        operator added to a pipeline's run leaves the row as it is.
        """
        self._is_due = self._is_due or False
        if not self._has_row:
            self._has_row = self._has_begun = True
            await self._mark(self._tracked)
        if not self._has_begun:
            self._has_begun = True
            await self._do(lambda: self._beginning.note(self._resume()))
        now, own = self._clock(), self._spec.session_id
        turn = self._taken_turn() or self._of_this_run("fail")
        if follow_up_by:
            return await self._do(lambda: self._tracking.note(replace(turn, action="fail")))
        mark = self._tracking.mark_failed
        await self._mark(lambda: mark(own, now=now, reason=reason, kind=kind, turn=turn))

    async def succeeded(self, *, is_own: bool = True, is_answer: bool = True) -> None:
        """Record a turn that did not fail; what the model did not answer settles nothing.

        An answer to a prompt of the run's own settles the failures that it tries again.
        """
        now, own, turn = self._clock(), self._spec.session_id, self._taken_turn()
        self._has_answered = self._has_answered or is_answer
        tracking = self._tracking
        mark = tracking.mark_succeeded if is_answer else tracking.mark_unanswered
        await self._mark(lambda: mark(own, now=now, turn=turn))
        if is_own and is_answer and not self._has_settled:
            self._has_settled = True
            if await asyncio.to_thread(settle_retried, self._spec, now):
                self._tell("settled")

    async def still_left(self, ended: TurnEnded) -> Mapping[str, Any]:
        """Tell whether the run before was left in its turn, which nothing has answered since."""
        is_over = ended.is_answer or ended.is_aborted or ended.error is not None
        if is_over or self._has_answered or self._spec.mode != "resume":
            return {"is_left": False}
        return await asyncio.to_thread(_left_before, self._spec)

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
        """Note the turn's cost, to be recorded with its outcome, and return it if it is known.

        Tells, too, that nobody can tell whether the turn was written.
        """
        if ended.unchecked:
            logger.warning("%s: %s", whose(self._spec), ended.unchecked)
            self._tell("notice", kind="transcript", words=ended.unchecked)
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

    async def _mark(self, write: Callable[[], object]) -> None:
        """Write what the row must say."""
        await self._do(write, is_due=True)
        self._tell_due()

    async def _do(self, write: Callable[[], object], *, is_due: bool = False) -> None:
        self._waiting.append(_Write(write, is_due))
        if len(self._waiting) > _MOST_WAITING:
            del self._waiting[1]
        await self._try()
        if self._waiting and self._passes and (self._retrying is None or self._retrying.done()):
            self._retrying = asyncio.create_task(self._try_again(), name="books")

    async def _try_again(self) -> None:
        while self._waiting and self._passes and not self._is_settling:
            await asyncio.sleep(_PAUSE_S)
            await self._try()

    async def _try(self) -> None:
        """Write what is pending, oldest first, until a write fails."""
        try:
            async with self._writing:
                while self._waiting:
                    await asyncio.to_thread((write := self._waiting[0]).act)
                    self._waiting.remove(write)
            self.trouble = ""
        except (ConsoleError, OSError) as error:
            self.trouble = one_line(error)
            reason = error.reason if isinstance(error, ConsoleError) else Reason.of(error)
            self._is_busy = reason in MOMENTARY
            self._passes = self._is_busy or reason is Reason.FULL
        if self._is_due is not None:
            self._tell_due()

    def _tell_due(self) -> None:
        """Tell whether the row says all that it should, unless that is known."""
        is_due = any(one.is_due for one in self._waiting)
        if is_due is not self._is_due:
            self._is_due = is_due
            self._tell("tracked", problem=self.trouble if is_due else "")

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
        self._beginning.track(**_new_row(self._spec, self._begun_at), is_run=True)

    def _resumed(self) -> None:
        spec, now = self._spec, self._begun_at
        keeps_until = spec.keeps_until or now + _FALLBACK
        own, run = spec.session_id, self._resume()
        row = self._beginning.mark_resumed(own, now=now, keeps_until=keeps_until, run=run)
        if self._given is None:
            return
        if row is None:
            self._tracked()
        else:
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
        known = given.base if given.base is not None else options_in(row) or {}
        agent = {**known, **given.recorded}
        # Also if none is left: without them, those recorded before would count as lost.
        options = {"agent": agent} if agent or "agent" in details else {}
        kept = details | dict(self._spec.metadata) | options
        if kept != details:
            after = replace(row, metadata=json.dumps(kept))
            now = self._clock()
            self._beginning.change(row, after, action="resume", now=now, is_partial=True)


def whose(spec: RunSpec) -> str:
    """Return whose run it is, for a line of a log."""
    return one_line(f"{spec.listing_id} {spec.stage} {spec.session_id[:8]}")


def settle_retried(spec: RunSpec, now: datetime) -> bool:
    """Acknowledge the failures of what the run tries again; whether it did. Logs what goes wrong.

    What else those sessions need stands, and what they failed in since: nobody was shown that.
    """
    is_done = True
    listing, wanted = spec.db_path.parent, frozenset(spec.retried)
    try:
        runs = last_runs(listing, wanted) if wanted else {}
        problems = [
            _settle(spec, one, runs.get(one), now, min(since, now))
            for one, since in spec.retried.items()
        ]
    except (ConsoleError, OSError) as error:
        problems = [f"what it tried again still counts as failed: {one_line(error)}"]
        is_done = False
    for problem in filter(None, problems):
        logger.warning("%s has succeeded, but %s", whose(spec), problem)
    return is_done


def _settle(spec: RunSpec, retried: str, run: Run | None, now: datetime, since: datetime) -> str:
    """Acknowledge what one session has failed in before its retry began, which is `since` then.

    Returns why that could not be logged.
    """
    listing, retry = spec.db_path.parent, spec.session_id
    cut_off_at = run.cut_off_at if run is not None else None
    is_tried_again = cut_off_at is not None and cut_off_at <= since
    mark = retried_mark(since, retry, run.cut_off_run if run and is_tried_again else "")
    ack = Acknowledgement(spec.operator, now, mark)
    if not add_retried(listing, retried, ack):
        return ""
    event = AuditEvent(
        at=now,
        operator=spec.operator,
        action="ack",
        listing=listing.name,
        session_id=retried,
        note=f"its retry {retry[:8]} succeeded",
        act_id=spec.act_id,
    )
    why = write_event(listing.parent, event)
    return why and f"that this settles {retried[:8]} is not logged: {why}"


def _left_before(spec: RunSpec) -> Mapping[str, Any]:
    """Tell whether the run before this one was left in a turn; so it counts if it is unreadable."""
    try:
        before = last_runs(spec.db_path.parent, (spec.session_id,), before=spec.run_id)
    except OSError:
        return {"is_left": True}
    run = before.get(spec.session_id)
    if run is None or run.cut_off_at is None:
        return {"is_left": False}
    return {"is_left": True, "left_run": run.cut_off_run, "left_at": run.cut_off_at.isoformat()}


def record_failed_start(spec: RunSpec, now: datetime, failure: RunFailed) -> None:
    """Write the row of a run that has nothing else to tell of it; raises `DatabaseProblem`."""
    writes = Transactions(zone_named(spec.zone), spec.operator, spec.act_id)

    def steps() -> Steps[None]:
        if spec.mode != "resume":
            yield from writes.track(**_new_row(spec, now))
        own, kind = spec.session_id, failure.kind
        yield from writes.mark_failed(own, now=now, reason=str(failure), kind=kind)

    write(spec.db_path, steps(), creates=True)


def _new_row(spec: RunSpec, now: datetime) -> dict[str, Any]:
    """Return what the row of a session that is new is made of."""
    return {
        "session_id": spec.session_id,
        "listing_id": spec.listing_id,
        "stage": spec.stage,
        "now": now,
        "expires_at": spec.expires_at or now + _FALLBACK,
        "metadata": row_metadata(spec),
    }


def _kept_since(spec: RunSpec) -> datetime | None:
    days = spec.audit_days
    return spec.created_at - timedelta(days=days) if 0 < days < AUDIT_FOR_EVER_DAYS else None


def row_metadata(spec: RunSpec) -> dict[str, Any]:
    """Return what the row of a new session keeps."""
    own = {"agent": recorded_agent(spec), "operator": spec.operator}
    return {**spec.metadata, **own}


def recorded_agent(spec: RunSpec) -> dict[str, Any]:
    """Return the options that a later resume replays, and the names of those that it cannot.

    A folder outside of the listing only if it was chosen: a resume is refused where it may not work
    there, and should not be for where a pipeline happened to be started.
    """
    kept = (name for name in (*AGENT_OPTIONS, UNRECORDED) if name != "mcp_servers")
    known = {name: spec.agent[name] for name in kept if spec.agent.get(name) is not None}
    is_kept = bool(spec.agent.get("cwd")) or spec.cwd.is_relative_to(spec.db_path.parent)
    return known | ({"cwd": str(spec.cwd)} if is_kept else {})
