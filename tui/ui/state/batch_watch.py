"""Tells how the runs and prompts fare that were sent at once from here, until all are over."""

from __future__ import annotations

from tui.core.models.catalog import Catalog
from tui.core.sessions.batches import Batch, latest_batch
from tui.ui.engine.engine import Engine
from tui.ui.state.notifications import Notifications
from tui.ui.state.sent_prompts import SentPrompts
from tui.ui.widgets.prompt import PromptBar
from tui.view.text import formatting
from tui.view.text.lines import Cell

_ID = 6


class BatchWatch:
    """Keeps the sums in the message line wherever no message is, and tells once how each ended."""

    def __init__(
        self, engine: Engine, question: PromptBar, news: Notifications, sent: SentPrompts
    ) -> None:
        self._engine = engine
        self._question = question
        self._news = news
        self._sent = sent
        self._seen: Catalog | None = None
        self._watched = ""

    def look(self, catalog: Catalog) -> None:
        """Take the latest catalog."""
        if catalog is self._seen:
            return
        self._seen = catalog
        batch = latest_batch(catalog.sessions, self._engine.operator)
        is_going = batch is not None and not batch.is_over
        runs = self._line(batch) if batch is not None and is_going else Cell("")
        prompts = self._prompts(catalog)
        both = ", ".join(filter(None, (runs.text, prompts.text)))
        self._question.resting = Cell(both, runs.style or prompts.style)
        self._question.redraw()
        if batch is not None and batch.is_over and batch.act_id == self._watched:
            told = self._line(batch)
            self._news.tell(told.text, told.style)
        self._watched = batch.act_id if batch is not None and is_going else ""

    def _prompts(self, catalog: Catalog) -> Cell:
        """Return how the last prompt to several fares; tell it once nothing more comes of it."""
        many = self._sent.many
        if many is None:
            return Cell("")
        self._sent.many = many = many.seen_in(catalog)
        style = "bad" if many.lost else "muted"
        if not many.is_over:
            return Cell(many.words, style)
        self._sent.many = None
        ids = ", ".join(formatting.short_id(session_id) for _, session_id in many.lost)
        words = f"{many.words}, for the run ended before: {ids}" if ids else many.words
        self._news.tell(words, "bad" if ids else "good")
        return Cell("")

    def _line(self, batch: Batch) -> Cell:
        """Return the sum, and the filter that shows what did not end well."""
        counts = batch.counts
        if not counts["failed"] and not counts["cut off"]:
            return Cell(batch.words, "good" if batch.is_over else "muted")
        sign = self._engine.keys.sign("filter")
        which = "attention" if counts["cut off"] else "failed"
        return Cell(f"{batch.words} ({sign}act:{batch.act_id[:_ID]} {which})", "bad")
