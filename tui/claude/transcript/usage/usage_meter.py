"""The cost of a conversation and how full its context is, from the tokens in its lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from tui.claude.context_windows import same_model, window_of
from tui.claude.transcript.line_parser import INTERRUPTED, begins_turn
from tui.core.models.entry import Entry, EntryKind
from tui.core.values import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUsage:
    """The model, the tokens in its context and its window, and the cost of the last turn.

    `cost_usd` is the whole session's; `turn_cost_usd` and `turn_to` are `None` while the turn runs:
    the CLI tells the cost at the end. Zero and `None` mean unknown; an unknown window has no share.
    """

    model: str = ""
    context: int = 0
    window: int = 0
    cost_usd: float | None = None
    turn_cost_usd: float | None = None
    written: int = 0
    turn_from: datetime | None = None
    turn_to: datetime | None = None

    @property
    def context_share(self) -> float | None:
        """Return how full the context is, from 0 to 1; `None` when that is not known."""
        if not self.context or self.window < self.context:
            return None
        return self.context / self.window


NOTHING_SPENT = SessionUsage()


class UsageMeter:
    """Adds up entries and costs in the order of the transcript."""

    def __init__(self) -> None:
        self.spent = SessionUsage()
        self._before: float | None = None
        self._message_id = ""
        self._counted = 0
        self._windows: dict[str, int] = {}

    def note(self, entries: Iterable[Entry]) -> None:
        """Add entries; those of sub-agents are left out, they have contexts of their own."""
        for entry in entries:
            if entry.is_sidechain:
                continue
            if entry.kind is EntryKind.PROMPT and entry.text.startswith(INTERRUPTED):
                self.spent = replace(self.spent, turn_to=entry.at)
            elif begins_turn(entry):
                self._begin_turn(entry.at)
            elif entry.kind is EntryKind.NOTICE and entry.usage is not None:
                self._fill(entry.usage.read)
            elif entry.usage is not None:
                self._count(entry)

    def note_windows(self, windows: Mapping[str, int]) -> None:
        """Set the windows that the CLI itself told, by model: they overrule the table."""
        self._windows |= {same_model(model): window for model, window in windows.items()}
        self._fill(self.spent.context)

    def note_before(self, model: str, context: int) -> None:
        """Set the model and the context before the first entry, if no entry told a model."""
        if model and not self.spent.model:
            self.spent = replace(self.spent, model=model)
            self._fill(self.spent.context or context)

    def note_cost(self, cost_usd: float) -> None:
        """Set the cost of the whole session at the end of a turn."""
        turn = cost_usd - self._before if self._before is not None else None
        if turn is not None and turn < 0:
            turn = None
        self.spent = replace(self.spent, cost_usd=cost_usd, turn_cost_usd=turn)

    def _begin_turn(self, at: datetime | None) -> None:
        spent, self._before = self.spent, self.spent.cost_usd
        self._message_id, self._counted = "", 0
        self.spent = replace(spent, turn_cost_usd=None, written=0, turn_from=at, turn_to=None)

    def _count(self, entry: Entry) -> None:
        """Count a message once: each of its lines repeats its usage, the last has all of it."""
        usage, spent = entry.usage, self.spent
        if usage is None or entry.model.startswith("<"):
            return
        if entry.message_id != self._message_id:
            self._message_id, self._counted = entry.message_id, 0
        more = max(0, usage.written - self._counted)
        self._counted += more
        self.spent = replace(
            spent,
            model=entry.model or spent.model,
            written=spent.written + more,
            turn_to=entry.at,
        )
        self._fill(usage.read + usage.written or spent.context)

    def _fill(self, context: int) -> None:
        """Set the tokens in the context, and the window that they prove."""
        model = same_model(self.spent.model)
        told = self._windows.get(model, 0)
        window = told if told >= context else window_of(self.spent.model, context)
        if window > window_of(self.spent.model):  # more than by itself: it stays so
            self._windows[model] = window
        self.spent = replace(self.spent, context=context, window=window)
