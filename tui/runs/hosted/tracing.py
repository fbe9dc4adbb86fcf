"""OpenTelemetry's span of a run, where the pipeline's process uses OpenTelemetry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tui.core.run_events import (
    PermissionAnswered,
    PermissionAsked,
    RunEnded,
    RunEvent,
    RunStarted,
    SessionTracked,
    TurnFinished,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_API = "opentelemetry.trace"


class RunTrace:
    """One run's span, a child of the current one; `None` of it where nobody uses OpenTelemetry.

    Named by the conventions for generative AI, and what those have no name for is below
    `session_console`.
    """

    def __init__(self, stage: str, listing_id: str) -> None:
        self._span: Span | None = None
        # Who traces has imported it; whoever does not shall not pay for it.
        if _API in sys.modules:
            from opentelemetry import trace

            known = {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.provider.name": "anthropic",
                "gen_ai.agent.name": stage,
                "session_console.stage": stage,
                "session_console.listing_id": listing_id,
            }
            self._span = trace.get_tracer("tui").start_span(
                f"invoke_agent {stage}", attributes=known
            )

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the current span, so that the agent's tools and the CLI are below it."""
        if self._span is None:
            yield
            return
        from opentelemetry import context, trace

        token = context.attach(trace.set_span_in_context(self._span))
        try:
            yield
        finally:
            context.detach(token)

    def hear(self, event: RunEvent) -> None:
        """Add what an event says; the last one ends the span."""
        if self._span is None:
            return
        match event:
            case RunStarted():
                self._set("gen_ai.conversation.id", event.session_id)
                self._set("session_console.run_id", event.run_id)
                self._set("session_console.mode", event.mode)
            case SessionTracked():
                self._set("gen_ai.response.model", event.model)
            case PermissionAsked():
                self._add("permission asked", tool=event.tool)
            case PermissionAnswered():
                told = {"tool": event.tool, "decision": event.decision, "by": event.by}
                self._add("permission answered", **told)
            case TurnFinished():
                self._add("turn finished", by=event.by, cost_usd=event.cost_usd)
            case RunEnded():
                self._end(self._span, event)

    def _end(self, span: Span, event: RunEnded) -> None:
        from opentelemetry.trace import StatusCode

        self._set("session_console.outcome", event.outcome)
        self._set("session_console.cost_usd", event.cost_usd)
        self._set("session_console.turns", event.turns)
        self._set("gen_ai.usage.input_tokens", event.input_tokens)
        self._set("gen_ai.usage.output_tokens", event.output_tokens)
        if event.error is not None and event.outcome not in ("stopped", "interrupted"):
            self._set("error.type", type(event.error).__qualname__)
            span.record_exception(event.error)
            span.set_status(StatusCode.ERROR, str(event.error))
        span.end()

    def _set(self, name: str, value: str | int | float | None) -> None:
        if self._span is not None and value not in (None, ""):
            self._span.set_attribute(name, value)

    def _add(self, name: str, **details: Any) -> None:
        if self._span is not None:
            known = {f"session_console.{key}": one for key, one in details.items()}
            self._span.add_event(name, {key: one for key, one in known.items() if one is not None})
