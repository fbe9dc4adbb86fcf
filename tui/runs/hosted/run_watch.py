"""Tells those who watch a pipeline's runs what happens: its log, its `on_event`, its trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from tui.core.errors import ConsoleError, RunInterrupted, RunStopped
from tui.core.event_loop import is_fault
from tui.core.run_events import (
    OnEvent,
    Outcome,
    PermissionAnswered,
    PermissionAsked,
    RunEnded,
    RunEvent,
    RunStarted,
    SessionTracked,
    TurnFinished,
)
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field
from tui.runs.folder.protocol import RunSpec
from tui.runs.hosted.callback import Callback, Guard
from tui.runs.hosted.event_log import log_event
from tui.runs.hosted.tracing import RunTrace
from tui.runs.journal.threaded_journal import ThreadedJournal

_LONGEST_NAME = 200  # characters

_Event = TypeVar("_Event", bound=RunEvent)


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who watches a manager's runs, besides the log."""

    on_event: OnEvent | None = None
    logs_prompts: bool = False
    guard: Guard = field(default_factory=Guard)


class RunWatch:
    """One run as it is told of, from `watching` until that is left.

    `on_event` is told of this run alone, besides the manager's. `session_id` is the one to resume,
    or empty: it is told until the run has its own.
    """

    def __init__(
        self,
        watchers: Watchers,
        clock: Callable[[], datetime],
        *,
        on_event: OnEvent | None = None,
        session_id: str = "",
        listing_id: str = "",
        stage: str = "",
    ) -> None:
        self._clock, self._guard = clock, watchers.guard
        self._logs_prompts = watchers.logs_prompts
        told = ((watchers.on_event, watchers.guard), (on_event, Guard()))
        self._callbacks = [Callback(one, guard) for one, guard in told if one is not None]
        self._who = {"run_id": "", "session_id": session_id}
        self._who |= {"listing_id": _name(listing_id), "stage": _name(stage)}
        self._trace: RunTrace | None = None
        self._spec: RunSpec | None = None
        self._tools: dict[str, str] = {}
        self._turns: list[TurnFinished] = []
        self._by = self._model = ""
        self._unwritten: list[str] = []

    def prepared(self, spec: RunSpec) -> None:
        """Note which run it is: from now on it fails, and is not refused."""
        self._spec = spec
        self._who |= {"run_id": spec.run_id, "session_id": spec.session_id}

    def journal(self, folder: Path) -> ThreadedJournal:
        """Return the run's journal, whose events are told, too."""
        return _WatchedJournal(folder, self._clock, self._hear_safely)

    def hear_behind(self, why: str) -> None:
        """Note that not all of its events are in its folder."""
        self._unwritten.append(f"to its folder: {why}")

    @asynccontextmanager
    async def watching(self, has_succeeded: Callable[[], bool]) -> AsyncIterator[None]:
        """Watch the run, in its span, and tell how it ended and what was raised."""
        since, error = self._clock(), None
        self._trace = self._guard.do(RunTrace, self._who["stage"], self._who["listing_id"])
        with self._trace.current() if self._trace is not None else nullcontext():
            try:
                yield
            except BaseException as raised:
                error = raised
                raise
            finally:
                self._guard.do(self._tell_end, error, has_succeeded(), since)
                await asyncio.gather(*(one.settle() for one in self._callbacks))

    def _tell_end(self, error: BaseException | None, has_succeeded: bool, since: datetime) -> None:
        costs = [one.cost_usd for one in self._turns if one.cost_usd is not None]
        self._tell(
            RunEnded,
            outcome=self._outcome_of(error, has_succeeded=has_succeeded),
            error=error if error is not None and is_fault(error) else None,
            cost_usd=sum(costs) if costs and len(costs) == len(self._turns) else None,
            turns=len(self._turns),
            input_tokens=sum(one.input_tokens for one in self._turns),
            output_tokens=sum(one.output_tokens for one in self._turns),
            duration_s=(self._clock() - since).total_seconds(),
            unwritten="; ".join(self._unwritten),
        )

    def _outcome_of(self, error: BaseException | None, *, has_succeeded: bool) -> Outcome:
        if isinstance(error, RunStopped):
            return "interrupted" if isinstance(error, RunInterrupted) else "stopped"
        if error is not None and is_fault(error):
            is_refusal = isinstance(error, ConsoleError) and self._spec is None
            return "refused" if is_refusal else "failed"
        return "succeeded" if has_succeeded else "left"

    def _hear_safely(self, kind: str, details: Mapping[str, Any]) -> None:
        self._guard.do(self._hear, kind, details)

    def _hear(self, kind: str, details: Mapping[str, Any]) -> None:
        """Tell what an event of the run's folder means to a pipeline; most mean nothing."""
        match kind:
            case "started" if self._spec is not None:
                self._tell(RunStarted, mode=self._spec.mode, prompt=self._spec.prompt)
            case "turn":
                self._by = one_line(details["by"])
            case "init":
                self._model = _name(details["model"])
            case "tracked":
                self._tell(SessionTracked, model=self._model, problem=details["problem"])
            case "permission" | "answered":
                self._hear_request(kind, details["request_id"], details)
            case "notice" if details.get("kind") == "row":
                self._unwritten.append(f"to its row: {details['words']}")
            case "result":
                self._hear_result(details)

    def _hear_request(self, kind: str, request_id: str, details: Mapping[str, Any]) -> None:
        if kind == "permission":
            self._tools[request_id] = tool = _name(details["tool"])
            self._tell(PermissionAsked, request_id=request_id, tool=tool)
            return
        self._tell(
            PermissionAnswered,
            request_id=request_id,
            tool=self._tools.pop(request_id, ""),
            decision=details["decision"],
            by=one_line(details["by"]),
        )

    def _hear_result(self, details: Mapping[str, Any]) -> None:
        usage = details["usage"]
        turn = self._tell(
            TurnFinished,
            by=self._by,
            is_error=details["is_error"],
            is_interrupted=details["is_interrupted"],
            cost_usd=details["turn_cost_usd"],
            steps=details["num_turns"],
            duration_ms=details["duration_ms"],
            input_tokens=_count(usage.get("input_tokens")),
            output_tokens=_count(usage.get("output_tokens")),
        )
        self._turns.append(turn)

    def _tell(self, kind: type[_Event], **details: Any) -> _Event:
        event = kind(at=self._clock().astimezone(UTC), **self._who, **details)
        self._guard.do(log_event, event, logs_prompts=self._logs_prompts)
        if self._trace is not None:
            self._guard.do(self._trace.hear, event)
        for one in self._callbacks:
            one.hear(event)
        return event


class _WatchedJournal(ThreadedJournal):
    """A journal that also tells `hear` of its events, when they happen."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        hear: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        super().__init__(folder, clock)
        self._hear = hear

    def event(self, kind: str, /, **details: Any) -> None:
        """Append an event, and tell of it."""
        super().event(kind, **details)
        self._hear(kind, details)


def _name(text: object) -> str:
    return one_line(text)[:_LONGEST_NAME]


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
