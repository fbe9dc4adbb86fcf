"""Which sub-agents were started by the calls of a transcript."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from tui.claude.transcript.background_tasks import started_task
from tui.core.text.safe_text import one_line

# In every line that starts one, in lower case.
LED_IN = (b'"tool_use"', b'"tooluseresult"')
_MOST = 100_000


class SubagentCalls:
    """The ids of a transcript's calls, and of the tasks that their results name.

    `is_cut` when there are too many to keep them all.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self._ids: set[str] = set()

    def note(self, record: Mapping[str, Any]) -> None:
        """Take in the next record."""
        message = record.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict) and isinstance(called := block.get("id"), str):
                self._add(one_line(called))
        self._add(started_task(record.get("toolUseResult")))

    @property
    def names(self) -> Set[str]:
        """All ids of calls and tasks."""
        return self._ids

    def has(self, *names: str) -> bool:
        """Whether one of these ids is of a call or a task of the transcript."""
        return any(one in self._ids for one in names if one)

    def _add(self, name: str) -> None:
        if len(self._ids) < _MOST:
            self._ids |= {name} - {""}
        else:
            self.is_cut = True
