"""The screen on which one flow at a time acts, and its `:` line, which does any verb."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from tui.core.errors import ConsoleError, UsageError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session
from tui.operations.catalog.session_lookup import find_session
from tui.operations.context import VerbInfo
from tui.ui.actions import commands, disabled_reason, key_targets, verbs
from tui.ui.actions.key_targets import LISTINGS
from tui.ui.actions.prompting import until_taken
from tui.ui.background.loops import write_down
from tui.ui.picture import PictureScreen
from tui.ui.widgets.prompt import TOO_EARLY, Cancelled, StoppedWaiting
from tui.view.text.lines import Cell


class ActingScreen(PictureScreen, inherit_bindings=False):
    """Runs flows, says what came of them, and knows what a verb means here."""

    def act(self, flow: Coroutine[Any, Any, None], about: Sequence[Session] = ()) -> None:
        """Let a flow have the keyboard until it is done; `about` is what it asks about."""
        self.question.hold()
        self.desk.asks_about(about)
        self.sessions.is_placed = True
        self.run_worker(self._done(flow), name="deed", group="deed", exit_on_error=False)

    async def _done(self, flow: Coroutine[Any, Any, None]) -> None:
        done, is_taken = len(self.desk.done), False
        try:
            await flow
            is_taken = True
        except StoppedWaiting as error:
            self.question.say(str(error))
        except Cancelled:
            is_taken = True  # left by a key: what follows it is meant for the panes
            self.question.say("")
        except ConsoleError as error:
            self.question.say(str(error), "bad")
        except Exception as error:  # a fault in one deed must not take the console along
            write_down(self.engine, "a deed", error)
            self.question.say(f"{type(error).__name__}: {error}", "bad")
        finally:
            if self.desk.failed is not None:
                acted = {one.key for one in self.desk.about}
                self.marks, self.desk.failed = (self.marks - acted) | self.desk.failed, None
            if len(self.desk.done) != done:
                self.desk.said_of_done = self.question.message.text
            self.desk.asks_about(())
            self.question.release(drops_typed=not is_taken)
            self.looking.wake()
            self.tick()

    @property
    def hidden(self) -> int:
        """How many marked sessions a deed leaves alone, since they are not in sight."""
        return key_targets.hidden(self)

    @property
    def known_verbs(self) -> tuple[VerbInfo, ...]:
        """The verbs there are at the `:` line."""
        return (*self.engine.verbs, *verbs.OWN)

    def why_no_verb(self, verb: VerbInfo) -> str:
        """Return why a verb is not possible on what is selected; empty when it is."""
        if self.engine.is_read_only and verb.acts:
            return "this console is read-only"
        if verb.target == "none":
            return ""

        def why(one: Session) -> str:
            return disabled_reason.why_not(verb.name, one, self.desk)

        if verb.target == "one":
            one = self.selected
            return why(one) if one else key_targets.why_none(self)
        return key_targets.why_not_some(self, why)

    async def command(self, given: str = "") -> None:
        """Ask for a verb, with its words, until one is done; `given` are those typed already.

        It acts on what was in sight when the line was opened.
        """
        names = [one.listing_id for one in self.catalog.listings] if self.catalog else []
        meant = self._meant(self.catalog) if self.catalog else None
        asked = self.question.asked

        async def take(text: str) -> None:
            nonlocal asked
            asked = self.question.asked
            try:
                await self._do(text, meant)
            except Cancelled:
                raise
            except ConsoleError as error:
                if self.question.asked > asked:  # a question of its own was answered meanwhile
                    raise VerbStopped(error) from error
                raise

        try:
            await until_taken(
                self.question,
                "verb",
                take,
                text=given,
                preview=lambda typed: Cell(
                    verbs.hint(typed, self.known_verbs, self.why_no_verb), "muted"
                ),
                complete=lambda typed: verbs.complete(typed, self.known_verbs, names),
                counts_on_it=False,  # but a verb that acts does
            )
        except VerbStopped as stopped:
            raise stopped.why from None

    async def _do(self, text: str, meant: commands.Selection | None) -> None:
        """Do what a line of the `:` prompt says."""
        if not text.strip():
            return
        command = verbs.parse(text, self.known_verbs)
        if command.verb.acts and not self.question.was_shown:
            raise UsageError(TOO_EARLY)
        if self.page.is_open:
            self.leave_page()
        if command.verb.name == "wide":
            self.board = replace(self.board, is_wide=not self.board.is_wide)
        elif command.verb.name == "help" and not command.given:
            self.show_help()
        elif command.verb.name == "quit":
            self.app.exit(self.runs_that_go_on())
        elif self.catalog is None or meant is None:
            self.question.say(key_targets.NOT_READ_YET, "bad")
        elif command.verb.name == "tail":
            self._tail(command, self.catalog, meant.now(self.catalog))
        else:
            await commands.run(self.desk, command, meant.now(self.catalog))

    def show_help(self) -> None:
        """Show every key and verb."""
        raise NotImplementedError

    def runs_that_go_on(self) -> int:
        """Return how many agents of ours run."""
        sessions = self.catalog.sessions if self.catalog else ()
        return sum(one.is_live and one.run is not None and not one.run.is_over for one in sessions)

    def _tail(self, command: verbs.VerbLine, catalog: Catalog, meant: commands.Selection) -> None:
        """Show the stream on the whole screen, of the session named or of the selected one."""
        session = find_session(catalog, command.words[0]) if command.words else meant.selected
        if session is None:
            raise UsageError(meant.why_none)
        if not self.go_to(session):
            raise UsageError("it is not shown here: Esc takes listing and filter off")
        self.desk.commands = ()
        self.read_in_full()
        self.fit()

    def _meant(self, catalog: Catalog) -> commands.Selection:
        at_listings = self.pane == LISTINGS and not (self.is_full or self.page.is_open)
        return commands.Selection(
            catalog,
            self.selected,
            self.targets,
            self.listing,
            self.hidden,
            self.listings.vanished if at_listings else "",
            key_targets.why_none(self),
            is_listing=at_listings,
        )


class VerbStopped(Exception):
    """A verb was refused when it had asked something of its own: its line does not come back."""

    def __init__(self, why: ConsoleError) -> None:
        super().__init__(str(why))
        self.why = why
