"""Records when the API is asked, and when it has answered."""

from __future__ import annotations

from tui.runs.folder.agent_events import AgentMessage, Happening, RunNotice
from tui.runs.journal.run_journal import Journal


class ApiWaits:
    """Writes `turn` when a prompt is handed to the CLI, and `heard` at the first answer to it.

    Also at the first answer after the API has failed; between the two a run is not at work.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._is_waiting = False

    def begin(self, by: str, prompt_id: str, words: str = "") -> None:
        """Record that a prompt is handed to the CLI.

        With its `words`, where neither the spec nor the receipt of a command has them.
        """
        self._is_waiting = True
        told = {"words": words} if words else {}
        self._journal.event("turn", by=by, id=prompt_id, **told)

    def heard(self, one: AgentMessage) -> None:
        """Record what a message says of the API."""
        if self._is_waiting and one.is_answer:
            self._is_waiting = False
            self._journal.event("heard")
        self._is_waiting = self._is_waiting or _is_refusal(one.happening)


def _is_refusal(happening: Happening | None) -> bool:
    """Whether the API has failed, or has refused because of a limit."""
    if not isinstance(happening, RunNotice):
        return False
    return happening.kind == "retry" or happening.details.get("status") == "rejected"
