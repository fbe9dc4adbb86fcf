"""How full the context was according to a transcript, and which windows that proves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.claude.context_windows import same_model, window_of
from tui.claude.transcript.line_parser import left_after, usage_of
from tui.core.text.safe_text import one_line

_MOST_MODELS = 100


class ContextUsage:
    """The last model, the tokens in its context, and the most tokens of each model."""

    def __init__(self) -> None:
        self.model = ""
        self.tokens = 0
        self._most: dict[str, int] = {}

    def note(self, record: Mapping[str, Any]) -> None:
        """Add the next record; a sub-agent has a context of its own."""
        if record.get("isSidechain"):
            return
        if record.get("type") == "system" and record.get("subtype") == "compact_boundary":
            self.tokens = left_after(record.get("compactMetadata")).read
            return
        message = record.get("message")
        if record.get("type") != "assistant" or not isinstance(message, dict):
            return
        model, usage = one_line(message.get("model") or "")[:60], usage_of(message.get("usage"))
        if usage is None or not model or model.startswith("<"):
            return
        self.model, self.tokens = model, usage.read + usage.written or self.tokens
        name = same_model(model)
        if name in self._most or len(self._most) < _MOST_MODELS:
            self._most[name] = max(self.tokens, self._most.get(name, 0))

    @property
    def windows(self) -> dict[str, int]:
        """The windows of models that held more than their default window."""
        proven = {model: window_of(model, most) for model, most in self._most.items()}
        return {model: window for model, window in proven.items() if window > window_of(model)}
