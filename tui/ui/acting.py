"""The screen on which one flow at a time acts, and its `:` line, which does any verb."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from tui.core.errors import ConsoleError
from tui.core.models import Catalog
from tui.operations.context import VerbInfo
from tui.operations.find import find_session
from tui.ui import commands, possible, verbs
from tui.ui.picture import LISTINGS, PictureScreen
from tui.ui.question import Cancelled, GaveUp
from tui.view.lines import Cell


class ActingScreen(PictureScreen, inherit_bindings=False):
    """Runs flows, says what came of them, and knows what a verb means here."""

    def act(self, flow: Coroutine[Any, Any, None]) -> None:
        """Let a flow have the keyboard until it is done."""
        self.question.hold()
        self.sessions.is_placed = True
        self.run_worker(self._done(flow), name="deed", group="deed", exit_on_error=False)

    async def _done(self, flow: Coroutine[Any, Any, None]) -> None:
        try:
            await flow
        except GaveUp as error:
            self.question.say(str(error))
        except Cancelled:
            self.question.say("")
        except ConsoleError as error:
            self.question.say(str(error), "bad")
        except Exception as error:  # a fault in one deed must not take the console along
            self.question.say(f"{type(error).__name__}: {error}", "bad")
        finally:
            if self.desk.failed is not None:
                self.marks, self.desk.failed = self.desk.failed, None
            self.question.release()
            self.looking.wake()
            self.tick()

    @property
    def hidden(self) -> int:
        """How many of the sessions that a deed takes are not in sight, since marked."""
        return 0 if self.is_full else len(self.marks - self.sessions.session_keys)

    @property
    def known_verbs(self) -> tuple[VerbInfo, ...]:
        """The verbs there are at the `:` line."""
        return (*self.engine.verbs, *verbs.OWN)

    def why_no_verb(self, verb: VerbInfo) -> str:
        """Return why a verb is not possible on what is selected; empty when it is."""
        session = next(iter(self.targets), None)
        return possible.why_no_verb(verb, session, self.desk)

    async def command(self, given: str = "") -> None:
        """Ask for a verb, with its words; `given` are those typed already."""
        names = [one.listing_id for one in self.catalog.listings] if self.catalog else []
        text = await self.question.ask(
            "verb",
            text=given,
            preview=lambda typed: Cell(
                verbs.hint(typed, self.known_verbs, self.why_no_verb), "muted"
            ),
            complete=lambda typed: verbs.complete(typed, self.known_verbs, names),
        )
        if not text.strip():
            return
        command = verbs.parse(text, self.known_verbs)
        if self.page.is_open:
            self.leave_page()
        if command.verb.name == "wide":
            self.board = replace(self.board, is_wide=not self.board.is_wide)
        elif command.verb.name == "help" and not command.given:
            self.show_help()
        elif command.verb.name == "quit":
            self.app.exit(self.runs_that_go_on())
        elif self.catalog is None:
            self.question.say("there is no picture yet", "bad")
        elif command.verb.name == "tail":
            self._tail(command, self.catalog)
        else:
            await commands.run(self.desk, command, self._meant(self.catalog))

    def show_help(self) -> None:
        """Show every key and verb."""
        raise NotImplementedError

    def runs_that_go_on(self) -> int:
        """Return how many agents of ours run."""
        sessions = self.catalog.sessions if self.catalog else ()
        return sum(one.is_live and one.run is not None and not one.run.is_over for one in sessions)

    def _tail(self, command: verbs.Command, catalog: Catalog) -> None:
        """Show the stream on the whole screen, of the session named or of the selected one."""
        if command.words and not self.go_to(find_session(catalog, command.words[0])):
            self.question.say("it is not shown here: Esc takes listing and filter off", "bad")
            return
        self.desk.commands = ()
        self.read_in_full()
        self.fit()

    def _meant(self, catalog: Catalog) -> commands.Meant:
        at_listings = self.pane == LISTINGS
        listing = self.board.listing or (self.selected.listing if self.selected else "")
        return commands.Meant(
            catalog,
            self.selected,
            self.targets,
            listing,
            self.hidden,
            self.listings.vanished if at_listings else "",
        )
