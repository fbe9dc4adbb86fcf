"""The search in text: on a page, or through the whole stream of full-screen Live."""

from __future__ import annotations

from tui.core.act_summary import OLDER
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.flow_runner import FlowRunner
from tui.ui.actions.outcome import Outcome
from tui.ui.background.reading import PageReader
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.panes import Panes
from tui.view.panes.page import Match


class TextSearch:
    """Asks what to search for, and goes from match to match."""

    def __init__(
        self,
        context: ActionContext,
        panes: Panes,
        store: ViewStore,
        reading: PageReader,
        flows: FlowRunner,
    ) -> None:
        self._context = context
        self._panes = panes
        self._store = store
        self._reading = reading
        self._flows = flows
        self._sought = ""

    async def ask(self) -> Outcome:
        """Ask what to search for, and go to the first match; Enter alone searches again."""
        typed = await self._context.question.ask("search", placeholder=self._sought)
        self._sought = typed.strip() or self._sought
        return await self._find(1)

    def again(self, step: int) -> None:
        """Go to the next match of the last search, or to the one before."""
        if self._panes.text(self._store.view.pane) is None:
            again = self._context.engine.keys.sign("again")
            said = f"{again} repeats a search in full-screen Live or on a page"
            self._context.question.say(said, is_brief=True)
        elif self._sought:
            self._flows.act(self._find(step))

    async def _find(self, step: int) -> Outcome:
        text = self._panes.text(self._store.view.pane)
        if isinstance(text, LivePane):
            await self._reading.search(self._sought, step)
        elif self._sought and text is not None:
            self._say_found(text.find(self._sought, step), has_older=text.holds(OLDER))
        return Outcome()

    def _say_found(self, found: Match | None, *, has_older: bool) -> None:
        question, keys = self._context.question, self._context.engine.keys
        if found is None:
            older = f" here{OLDER} lists more" if has_older else ""
            question.say(f"{self._sought} was not found{older}", "bad", is_brief=True)
        else:
            ways = f"{keys.sign('again')} next, {keys.sign('again_back')} previous"
            question.say(f"{found.number} of {found.total}: {ways}", is_brief=True)
