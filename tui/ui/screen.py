"""The one screen: its panes, its keys, and what each key asks for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from tui.core.catalog import attention
from tui.core.errors import ConsoleError
from tui.core.models import Session
from tui.core.selection import parse_filter
from tui.ui import clipboard, flows, layout, verbs
from tui.ui.keys import DEEDS, IN_FULL, IN_HELP, WHEN_TINY, bindings
from tui.ui.picture import EXPIRY, LISTINGS, LIVE, SESSIONS, PictureScreen
from tui.ui.question import Cancelled
from tui.ui.table import Table


class ConsoleScreen(PictureScreen, inherit_bindings=False):
    """The keys, each with its short handler."""

    BINDINGS = bindings(is_read_only=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a question is open nothing acts; in the full Live only what reads and answers."""
        if self.question.is_open:
            return False
        if self.is_tiny:
            return action in WHEN_TINY
        if self.has_help:
            return action in IN_HELP
        return not self.is_full or action in IN_FULL

    # Moving ----------------------------------------------------------------------------------

    @property
    def _table(self) -> Table | None:
        tables = {LISTINGS: self.listings, SESSIONS: self.sessions, EXPIRY: self.expiry}
        return tables.get(self.pane)

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Go to the pane that was clicked."""
        tables = {LISTINGS: self.listings, SESSIONS: self.sessions, EXPIRY: self.expiry}
        self.action_pane(next(n for n, table in tables.items() if table is message.table))

    def action_move(self, rows: int) -> None:
        if self.has_help or self._table is None:
            (self.help if self.has_help else self.live).scroll_lines(rows)
        else:
            self._table.move(rows)

    def action_move_to(self, where: str) -> None:
        end = 10**9
        self.action_move(end if where == "end" else -end)

    def action_page(self, pages: int) -> None:
        table = self._table
        if self.has_help or table is None:
            rows = (self.help if self.has_help else self.live).body_height - 1
        else:
            rows = table.page
        self.action_move(pages * rows)

    def action_pane(self, number: int) -> None:
        self.pane, self.is_full = number, False
        self.fit()

    def action_next_pane(self, step: int = 1) -> None:
        self.action_pane((self.pane - 1 + step) % 4 + 1)

    def action_enter(self) -> None:
        if self.pane == LISTINGS:
            self.board = replace(self.board, listing=self.listings.listing)
            self.pane = SESSIONS
        elif self.pane == EXPIRY and self.expiry.session is not None:
            if self._go_to(self.expiry.session):
                self.pane = SESSIONS
        else:
            self.pane, self.is_full = LIVE, True
        self.fit()

    def action_leave(self) -> None:
        if self.has_help:
            self.has_help = False
        elif self.is_full or self.pane != SESSIONS:
            self.pane, self.is_full = SESSIONS, False
        elif self.marks:
            self.marks = frozenset()
        elif self.board.filter or self.board.listing:
            self.board = replace(self.board, listing="", filter="")
        self.fit()

    def action_quit_or_leave(self) -> None:
        covers = self.has_class("-narrow") and self.pane in (LISTINGS, EXPIRY)
        if self.has_help or self.is_full or covers:
            self.action_leave()
        else:
            self.app.exit(self._runs_that_go_on())

    def _runs_that_go_on(self) -> int:
        sessions = self.catalog.sessions if self.catalog else ()
        return sum(one.is_live and one.run is not None and not one.run.is_over for one in sessions)

    def action_attention(self) -> None:
        now, quiet = self.engine.now(), self.engine.quiet_after
        shown = list(self.sessions.sessions.values())
        start = self.sessions.index + 1
        for session in shown[start:] + shown[:start]:
            if attention(session, now, quiet) is not None:
                self.pane = SESSIONS
                self.sessions.select(session.key)
                self.fit()
                return
        self.question.say("nothing needs attention here", "good")

    def action_follow(self) -> None:
        self.live.follow(is_on=not self.live.is_following)

    def action_sort(self) -> None:
        self.board = self.board.sorted_next()
        self.question.say(f"sorted by {self.board.sort}")
        self.tick()

    def action_help(self) -> None:
        bound = {one.binding.action for one in self.active_bindings.values()}
        self.has_help = not self.has_help
        if self.has_help:
            self.help.show((deed.sign, deed.says) for deed in DEEDS if deed.action in bound)
        self.fit()

    def action_redraw(self) -> None:
        self.refresh(repaint=True, layout=True)

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def action_how_to_quit(self) -> None:
        self.question.say("q quits; running agents go on")

    # Marks, copies ---------------------------------------------------------------------------

    def action_mark(self) -> None:
        if self.pane == LIVE:
            self.action_page(1)
        elif self.selected is not None:
            self.marks = self.marks ^ {self.selected.key}
            self.tick()
            self.action_move(1)

    def action_mark_all(self) -> None:
        shown = frozenset(self.sessions.keys)
        self.marks = frozenset() if shown <= self.marks else self.marks | shown
        self.tick()

    def action_copy(self) -> None:
        if self.selected is not None:
            self._copy(self.selected.session_id)

    def action_copy_command(self) -> None:
        verb = {LISTINGS: "ls", SESSIONS: "show", EXPIRY: "show", LIVE: "tail -f"}[self.pane]
        named = self.listings.listing if self.pane == LISTINGS else ""
        if self.pane != LISTINGS and self.selected is not None:
            named = self.selected.address
        self._copy(layout.command(self.engine.root, verb, named))

    def _copy(self, text: str) -> None:
        async def copy() -> None:
            way = await clipboard.copy(self.app, text)
            self.question.say(f"copied {way}: {text}")

        self.run_worker(copy(), name="copy", group="copy", exit_on_error=False)

    # Deeds -----------------------------------------------------------------------------------

    def action_resume(self) -> None:
        self._ask("resume", lambda one: flows.resume(self.desk, one))

    def action_answer(self) -> None:
        self._ask("answer", lambda one: flows.answer(self.desk, one))

    def action_interrupt(self) -> None:
        self._ask("interrupt", lambda one: flows.interrupt(self.desk, one))

    def action_extend(self) -> None:
        self._ask_all("extend", lambda: flows.extend(self.desk, self.targets, hidden=self._hidden))

    def action_delete(self) -> None:
        deed = "delete" if len(self.targets) == 1 else ""
        self._ask_all(deed, lambda: flows.delete(self.desk, self.targets, hidden=self._hidden))

    def action_undo(self) -> None:
        if reason := flows.why_not("undo", None, self.desk):
            self.question.say(reason, "bad")
        else:
            self._do(flows.undo(self.desk))

    def action_filter(self) -> None:
        self._do(self._filter())

    def action_command(self) -> None:
        self._do(self._command())

    def _ask(self, deed: str, flow: Callable[[Session], Coroutine[Any, Any, None]]) -> None:
        """Start a flow on what is selected, marks or not, or say why it is not possible now."""
        session = self.selected
        reason = flows.why_not(deed, session, self.desk)
        if session is None or reason:
            self.question.say(reason, "bad")
        else:
            self._do(flow(session))

    def _ask_all(self, deed: str, flow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a flow on all that is marked, or else on what is selected."""
        reason = flows.why_not(deed, self.targets[0] if self.targets else None, self.desk)
        if reason:
            self.question.say(reason, "bad")
        else:
            self._do(flow())

    @property
    def _hidden(self) -> int:
        return len(self.marks - frozenset(self.sessions.keys))

    def _do(self, flow: Coroutine[Any, Any, None]) -> None:
        self.question.hold()
        self.sessions.is_placed = True
        self.run_worker(self._done(flow), name="deed", group="deed", exit_on_error=False)

    async def _done(self, flow: Coroutine[Any, Any, None]) -> None:
        acts = len(self.desk.done)
        try:
            await flow
        except Cancelled:
            self.question.say("")
        except ConsoleError as error:
            self.question.say(str(error), "bad")
        except Exception as error:  # a fault in one deed must not take the console along
            self.question.say(f"{type(error).__name__}: {error}", "bad")
        finally:
            if len(self.desk.done) != acts:
                self.marks, self.desk.failed = self.desk.failed, frozenset()
            self.question.release()
            self.looking.wake()
            self.tick()

    async def _filter(self) -> None:
        asks = "filter: words, stage:3, live, failed, <24h, ! negates; empty shows all"
        text = (await self.question.ask(asks, text=self.board.filter)).strip()
        parse_filter(text)
        self.board = replace(self.board, filter=text)
        self.tick()

    async def _command(self) -> None:
        command = verbs.parse(await self.question.ask(" ".join(verbs.VERBS)))
        if command.verb == "wide":
            self.board = replace(self.board, is_wide=not self.board.is_wide)
        elif command.verb == "help":
            self.action_help()
        elif command.verb == "quit":
            self.app.exit(self._runs_that_go_on())
        elif command.verb == "info":
            self.question.say(layout.info(self.engine.root, self.catalog))
        elif command.verb == "ls":
            self.action_pane(SESSIONS)
        elif command.verb == "tail":
            self.pane, self.is_full = LIVE, True
            self.fit()
        else:
            listing = self.board.listing or (self.selected.listing if self.selected else "")
            meant = verbs.Meant(self.selected, self.targets, listing, self._hidden)
            await verbs.run(self.desk, command, meant)


class WatchingScreen(ConsoleScreen, inherit_bindings=False):
    """The screen of a console that may only look: the dangerous keys are not bound."""

    BINDINGS = bindings(is_read_only=True)
