"""Runs one flow at a time, and shows its outcome."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tui.core.errors import ConsoleError
from tui.core.models.session import Key, Session
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Commands, Outcome
from tui.ui.background.loops import write_down
from tui.ui.leaving import Cancelled, StoppedWaiting
from tui.ui.state.view_store import ViewStore
from tui.ui.widgets.panes import Panes

Flow = Coroutine[Any, Any, Outcome]


class FlowRunner:
    """`start` runs a coroutine in the background, `done` is called after each flow.

    `started` is the id of the last run started, until its session appears, `back` are the sessions
    that come back, until one is listed. `commands` do what was last asked for; neither they nor
    `back` outlast a key that moves on.
    """

    def __init__(
        self,
        context: ActionContext,
        panes: Panes,
        store: ViewStore,
        start: Callable[[Coroutine[Any, Any, None]], object],
        done: Callable[[], None],
    ) -> None:
        self._context = context
        self._panes = panes
        self._store = store
        self._start = start
        self._done = done
        self.started = ""
        self.back: tuple[Key, ...] = ()
        self.commands: Commands = ()

    def act(self, flow: Flow, about: Sequence[Session] = ()) -> None:
        """Give a flow the keyboard until it is done; `about` is what it asks about."""
        self._panes.question.hold()
        self._context.asks_about(about)
        self._panes.sessions.selection_pinned = True
        self._start(self._run(flow))

    async def _run(self, flow: Flow) -> None:
        context, question = self._context, self._panes.question
        done, is_taken = len(context.done), False
        try:
            self._take(await flow)
            is_taken = True
        except ConsoleError as error:
            # Left by a key: what follows it is meant for the panes.
            is_taken = isinstance(error, Cancelled) and not isinstance(error, StoppedWaiting)
            self._take(Outcome.of(error))
        except Exception as error:  # a fault in one flow must not take the console along
            write_down(context.engine, "an action", error)
            question.say(f"{type(error).__name__}: {error}", "bad")
        finally:
            if len(context.done) != done:
                context.message_of_done = question.message_id
            context.asks_about(())
            question.release(drops_typed=not is_taken)
            self._done()

    def _take(self, outcome: Outcome) -> None:
        """Show a flow's outcome, remember what can be undone, and leave marked only what failed."""
        context, question = self._context, self._panes.question
        if outcome.message is not None:
            question.say(outcome.message, outcome.style, is_brief=outcome.is_brief)
        context.remember(outcome.done)
        if outcome.failed is not None:
            acted = {one.key for one in context.about}
            self._store.change(marks=(self._store.view.marks - acted) | outcome.failed)
        self.started = outcome.started or self.started
        self.back = outcome.back or self.back
        self.commands = self.commands if outcome.commands is None else outcome.commands
