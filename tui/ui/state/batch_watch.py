"""Tells how the runs fare that were started at once from here, until all are over."""

from __future__ import annotations

from tui.core.models.catalog import Catalog
from tui.core.sessions.batches import Batch, latest_batch
from tui.ui.engine.engine import Engine
from tui.ui.state.notifications import Notifications
from tui.ui.widgets.prompt import PromptBar
from tui.view.text.lines import Cell

_ID = 6


class BatchWatch:
    """Keeps the sum in the message line wherever no message is, and tells once how it ended."""

    def __init__(self, engine: Engine, question: PromptBar, news: Notifications) -> None:
        self._engine = engine
        self._question = question
        self._news = news
        self._seen: Catalog | None = None
        self._watched = ""

    def look(self, catalog: Catalog) -> None:
        """Take the latest catalog."""
        if catalog is self._seen:
            return
        self._seen = catalog
        batch = latest_batch(catalog.sessions, self._engine.operator)
        is_going = batch is not None and not batch.is_over
        self._question.resting = self._line(batch) if batch is not None and is_going else Cell("")
        self._question.redraw()
        if batch is not None and batch.is_over and batch.act_id == self._watched:
            told = self._line(batch)
            self._news.tell(told.text, told.style)
        self._watched = batch.act_id if batch is not None and is_going else ""

    def _line(self, batch: Batch) -> Cell:
        """Return the sum, and the filter that shows what did not end well."""
        counts = batch.counts
        if not counts["failed"] and not counts["cut off"]:
            return Cell(batch.words, "good" if batch.is_over else "muted")
        sign = self._engine.keys.sign("filter")
        which = "attention" if counts["cut off"] else "failed"
        return Cell(f"{batch.words} ({sign}act:{batch.act_id[:_ID]} {which})", "bad")
