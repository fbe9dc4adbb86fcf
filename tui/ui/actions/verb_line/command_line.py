"""The `:` line: any verb, on what was visible when the line was opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tui.core.errors import ConsoleError, UsageError
from tui.core.models.session import Session
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import VerbInfo
from tui.ui.actions import key_targets
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.key_targets import KeyTargets
from tui.ui.actions.outcome import Outcome
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.verb_line import commands, verbs
from tui.ui.actions.verb_line.view_command import ViewCommand
from tui.ui.background.pane_feed import PaneFeed
from tui.ui.leaving import Cancelled
from tui.ui.state.view_store import ViewStore
from tui.view.text.lines import Cell


class CommandLine:
    """Asks for verbs and runs them; `own` are those that act on the screen alone."""

    def __init__(
        self,
        context: ActionContext,
        store: ViewStore,
        feed: PaneFeed,
        targets: Callable[[], KeyTargets],
        *,
        own: Mapping[str, Callable[[Sequence[str]], Outcome]],
        views: ViewCommand,
    ) -> None:
        self._context = context
        self._store = store
        self._feed = feed
        self._targets = targets
        self._own = own
        self._views = views
        self.known: tuple[VerbInfo, ...] = (*context.engine.verbs, *verbs.OWN)

    def why_not(self, verb: VerbInfo) -> str:
        """Return why a verb is impossible on the selection; empty when it is possible."""
        engine = self._context.engine
        if engine.is_read_only and verb.acts:
            return "this console is read-only"
        if verb.target == "none":
            return ""

        def why(one: Session) -> str:
            return verb.why_not(one, engine.keys.sign)

        targets = self._targets()
        if verb.target == "one":
            one = targets.selected
            return why(one) if one else targets.why_none
        return targets.why_not_some(why)

    async def ask(self, given: str = "") -> Outcome:
        """Ask for a verb with its arguments, until one is done; `given` is typed already."""
        catalog, question = self._store.catalog, self._context.question
        names = [one.listing_id for one in catalog.listings] if catalog else []
        targets, asked = self._targets(), question.asked
        self._views.refresh()

        async def take(text: str) -> Outcome:
            nonlocal asked, targets
            asked, meant = question.asked, targets
            if not meant.view.is_seen and verbs.parse(text, self.known).verb.acts:
                targets = self._targets()
                raise UsageError(key_targets.NOT_SEEN_YET)
            try:
                return await self._do(text, _selection(meant))
            except Cancelled:
                raise
            except ConsoleError as error:
                if question.asked > asked:  # a question of its own was answered meanwhile
                    raise VerbStopped(error) from error
                raise

        try:
            return await until_taken(
                question,
                "verb",
                take,
                text=given,
                preview=lambda typed: Cell(verbs.hint(typed, self.known, self.why_not), "muted"),
                complete=lambda typed: verbs.complete(typed, self.known, names, self._views.names),
                must_be_shown=False,  # but a verb that acts does
                why_one_line="one line here: `:send` Enter, then several lines",
            )
        except VerbStopped as stopped:
            raise stopped.why from None

    async def _do(self, text: str, selection: commands.Selection | None) -> Outcome:
        """Run a line."""
        if not text.strip():
            return Outcome()
        context = self._context
        command = verbs.parse(text, self.known)
        if command.verb.acts and (too_early := context.question.seen.too_early):
            raise UsageError(too_early)
        pages = context.pages
        if pages.pane.is_open and command.verb.acts and pages.renew is not None:
            return await pages.stay(self._run(command, selection))
        if pages.pane.is_open:
            pages.leave()
        return await self._run(command, selection)

    async def _run(self, command: verbs.VerbLine, selection: commands.Selection | None) -> Outcome:
        context, catalog, name = self._context, self._store.catalog, command.verb.name
        if name in self._own and not (name == "help" and command.given):
            return self._own[name](command.given)
        if name == "view":
            return await self._views.run(command)
        if catalog is None or selection is None:
            if commands.needs_sessions(command):
                return Outcome(key_targets.NOT_READ_YET, "bad")
            return await commands.run_alone(context, command)
        if name != "tail":
            return await commands.run(context, command, selection.now(catalog))
        self._tail(command, selection.now(catalog))
        return Outcome(commands=())

    def _tail(self, command: verbs.VerbLine, selection: commands.Selection) -> None:
        """Show the stream on the whole screen, of the session named or of the selected one."""
        arguments = command.arguments
        session = find_session(selection.catalog, arguments[0]) if arguments else selection.selected
        if session is None:
            raise UsageError(selection.why_none)
        if not self._feed.go_to(session):
            raise UsageError("it is not shown here: Esc clears listing and filter")
        self._feed.read_in_full()
        self._context.pages.fit()


def _selection(targets: KeyTargets) -> commands.Selection | None:
    if targets.catalog is None:
        return None
    return commands.Selection(
        catalog=targets.catalog,
        selected=targets.selected,
        targets=targets.all,
        listing=targets.listing,
        hidden=targets.hidden,
        vanished=targets.view.vanished_listing if targets.is_listing else "",
        why_none=targets.why_none,
        is_listing=targets.is_listing,
        entry=targets.view.entry,
    )


class VerbStopped(Exception):
    """A verb was refused after it had asked something: its line does not come back."""

    def __init__(self, why: ConsoleError) -> None:
        super().__init__(str(why))
        self.why = why
