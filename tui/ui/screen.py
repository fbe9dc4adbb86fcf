"""The one screen: its panes, its keys, and what each key asks for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from tui.core.attention import Failures
from tui.core.errors import ConsoleError
from tui.core.models import Catalog, Session
from tui.core.selection import parse_filter
from tui.operations.context import VerbInfo
from tui.operations.find import find_session
from tui.ui import answering, cleaning, clipboard, commands, flows, layout, verbs
from tui.ui.keys import DEEDS, IN_FULL, ON_PAGE, WHEN_TINY, bindings
from tui.ui.live import LivePane
from tui.ui.page import PagePane
from tui.ui.picture import EXPIRY, LISTINGS, LIVE, SESSIONS, PictureScreen
from tui.ui.question import Cancelled, GaveUp
from tui.ui.table import Table
from tui.view.lines import Cell, Key
from tui.view.page import help_lines

_SHOWN = 200


class ConsoleScreen(PictureScreen, inherit_bindings=False):
    """The keys, each with its short handler."""

    BINDINGS = bindings(is_read_only=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a question is open nothing acts; in the full Live only what reads and answers."""
        if self.question.is_open:
            return False
        if self.is_tiny:
            return action in WHEN_TINY
        if self.page.is_open:  # what waits for a page to be left goes on before another verb
            return action in ON_PAGE and not (action == "command" and self.is_awaited)
        return not self.is_full or action in IN_FULL

    sought = ""

    # Moving ----------------------------------------------------------------------------------

    @property
    def _table(self) -> Table | None:
        tables = {LISTINGS: self.listings, SESSIONS: self.sessions, EXPIRY: self.expiry}
        return tables.get(self.pane)

    def on_table_chosen(self, message: Table.Chosen) -> None:
        """Go to the pane that was clicked."""
        tables = {LISTINGS: self.listings, SESSIONS: self.sessions, EXPIRY: self.expiry}
        self.action_pane(next(n for n, table in tables.items() if table is message.table))

    @property
    def _text(self) -> PagePane | LivePane | None:
        """What is read by the page, when that is what has the keys."""
        if self.page.is_open:
            return self.page
        return self.live if self.pane == LIVE else None

    def action_move(self, rows: int) -> None:
        if self._text is not None:
            self._text.scroll_lines(rows)
        elif self._table is not None:
            self._table.move(rows)

    def action_move_to(self, where: str) -> None:
        end = 10**9
        if isinstance(self._text, LivePane):
            self._text.go_to_end() if where == "end" else self._text.go_to_start()
        else:
            self.action_move(end if where == "end" else -end)

    def action_page(self, pages: int) -> None:
        if self._text is not None:
            self.action_move(pages * (self._text.body_height - 1))
        elif self._table is not None:
            self.action_move(pages * self._table.page)

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
        elif self.pane == SESSIONS and self.sessions.group is not None:
            self._open_group(self.sessions.group)
        elif self.is_full:
            self.live.toggle()
        else:
            self.pane, self.is_full = LIVE, True
        self.fit()

    def _open_group(self, group: Failures) -> None:
        """Show the failures of one cause and mark them all; or close them again."""
        keys = frozenset(one.key for one in group.sessions)
        is_opening = group.cause not in self.board.opened
        self.board = self.board.opens(group.cause)
        self.marks = self.marks | keys if is_opening else self.marks - keys
        if is_opening:
            self.question.say(f"{len(keys)} marked: r, e, d and :ack take them all; Enter closes")

    def action_leave(self) -> None:
        if self.page.is_open:
            self.leave_page()
        elif self.is_full or self.pane != SESSIONS:
            self.pane, self.is_full = SESSIONS, False
        elif self.marks:
            self.marks = frozenset()
        elif self.board.filter or self.board.listing:
            self.board = replace(self.board, listing="", filter="")
        self.fit()

    def action_quit_or_leave(self) -> None:
        covers = self.has_class("-narrow") and self.pane in (LISTINGS, EXPIRY)
        if self.page.is_open or self.is_full or covers:
            self.action_leave()
        else:
            self.app.exit(self._runs_that_go_on())

    def _runs_that_go_on(self) -> int:
        sessions = self.catalog.sessions if self.catalog else ()
        return sum(one.is_live and one.run is not None and not one.run.is_over for one in sessions)

    def action_attention(self) -> None:
        found, rows = self._found(), self.sessions.keys
        needing = found.needs.keys() if found else frozenset()
        start = self.sessions.index + 1
        for key in rows[start:] + rows[:start]:
            if not needing.isdisjoint(self.sessions.keys_of(key)):
                self.pane = SESSIONS
                self.sessions.select(key)
                self.fit()
                return
        self.question.say("nothing needs attention here", "good")

    def action_follow(self) -> None:
        self.live.follow(is_on=not self.live.is_following)

    def action_tools(self) -> None:
        self.question.say(f"tools {self.live.next_tools()}")

    def action_entry(self, step: int) -> None:
        if self.is_full:
            self.live.step(step)
        else:
            self.question.say("[ and ] go from entry to entry in full Live")

    def action_sort(self) -> None:
        self.board = self.board.sorted_next()
        self.question.say(f"sorted by {self.board.sort}")
        self.tick()

    def action_help(self) -> None:
        if self.page.is_open:
            self.leave_page()
            return
        bound = {one.binding.action for one in self.active_bindings.values()}
        keys = tuple((deed.sign, deed.says) for deed in DEEDS if deed.action in bound)
        named = tuple((verb.name, verb.summary) for verb in self._verbs)
        self.page.open("Keys and verbs", lambda width: help_lines(keys, named, width))
        self.fit()

    def action_redraw(self) -> None:
        self.refresh(repaint=True, layout=True)

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def action_how_to_quit(self) -> None:
        self.question.say("q quits; running agents go on")

    # Marks, copies ---------------------------------------------------------------------------

    def action_mark(self) -> None:
        if self._text is not None:
            self.action_page(1)
        elif self.pane == SESSIONS and self.sessions.key is not None:
            self._mark(self.sessions.keys_of(self.sessions.key))
        elif self.selected is not None:
            self._mark(frozenset({self.selected.key}))

    def _mark(self, keys: frozenset[Key]) -> None:
        self.marks = self.marks - keys if keys <= self.marks else self.marks | keys
        self.tick()
        self.action_move(1)

    def action_mark_all(self) -> None:
        shown = self.sessions.session_keys
        self.marks = frozenset() if shown <= self.marks else self.marks | shown
        self.tick()

    def action_copy(self) -> None:
        if self.is_full:
            self._copy_entry()
        elif self.selected is not None:
            self._copy(self.selected.session_id)

    def action_copy_command(self) -> None:
        verb = {LISTINGS: "ls", SESSIONS: "show", EXPIRY: "show", LIVE: "tail -f"}[self.pane]
        named = self.listings.listing if self.pane == LISTINGS else ""
        if self.pane != LISTINGS and self.selected is not None:
            named = self.selected.address
        self._copy(layout.command(self.engine.root, verb, named))

    def _copy_entry(self) -> None:
        entry, result = self.live.entry
        if entry is not None:
            said = (entry.tool, entry.detail or entry.text, result.detail if result else "")
            self._copy("\n".join(text for text in said if text))

    def _copy(self, text: str) -> None:
        async def copy() -> None:
            way = await clipboard.copy(self.app, text)
            shown = text if len(text) <= _SHOWN and "\n" not in text else f"{text[:_SHOWN]}..."
            self.question.say(f"copied {way}: {shown}")

        self.run_worker(copy(), name="copy", group="copy", exit_on_error=False)

    # Deeds -----------------------------------------------------------------------------------

    def action_resume(self) -> None:
        if len(self.targets) > 1:
            self._do(flows.resume_many(self.desk, self.targets))
        else:
            self._ask("resume", lambda one: flows.resume(self.desk, one))

    def action_answer(self) -> None:
        self._ask("answer", lambda one: answering.answer(self.desk, one))

    def action_interrupt(self) -> None:
        self._ask("interrupt", lambda one: flows.interrupt(self.desk, one))

    def action_extend(self) -> None:
        self._ask_all("extend", lambda: flows.extend(self.desk, self.targets, hidden=self._hidden))

    def action_delete(self) -> None:
        deed = "delete" if len(self.targets) == 1 else ""
        self._ask_all(deed, lambda: flows.delete(self.desk, self.targets, hidden=self._hidden))

    def action_undo(self) -> None:
        self._do(flows.undo(self.desk))

    def action_clean_up(self) -> None:
        if self.catalog is not None:
            self._do(cleaning.clean_up(self.desk, self.catalog, self.board.listing))

    def action_filter(self) -> None:
        is_text = self.page.is_open or self.is_full
        self._do(self._search() if is_text else self._filter())

    async def _search(self) -> None:
        self.sought = await self.question.ask("search", text=self.sought)
        await self._find(1)

    def action_find(self, step: int) -> None:
        if self._text is None:
            self.question.say("n goes on with a search in full Live or on a page")
        elif self.sought:
            self._do(self._find(step))

    async def _find(self, step: int) -> None:
        if isinstance(self._text, LivePane):
            await self.reading.search(self.sought, step)
        elif self.sought and self._text is not None and not self._text.find(self.sought, step):
            self.question.say(f"{self.sought} is not there", "bad")

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
        return len(self.marks - self.sessions.session_keys)

    def _do(self, flow: Coroutine[Any, Any, None]) -> None:
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

    async def _filter(self) -> None:
        asks = "filter: words, stage:3, live, failed, <24h, ! negates; empty shows all"
        text = (await self.question.ask(asks, text=self.board.filter)).strip()
        parse_filter(text)
        self.board = replace(self.board, filter=text)
        self.tick()

    @property
    def _verbs(self) -> tuple[VerbInfo, ...]:
        return (*self.engine.verbs, *verbs.OWN)

    async def _command(self) -> None:
        names = [one.listing_id for one in self.catalog.listings] if self.catalog else []
        text = await self.question.ask(
            "verb",
            preview=lambda typed: Cell(verbs.hint(typed, self._verbs), "muted"),
            complete=lambda typed: verbs.complete(typed, self._verbs, names),
        )
        command = verbs.parse(text, self._verbs)
        if self.page.is_open:
            self.leave_page()
        if command.verb.name == "wide":
            self.board = replace(self.board, is_wide=not self.board.is_wide)
        elif command.verb.name == "help":
            self.action_help()
        elif command.verb.name == "quit":
            self.app.exit(self._runs_that_go_on())
        elif self.catalog is None:
            self.question.say("there is no picture yet", "bad")
        elif command.verb.name == "tail":
            self._tail(command, self.catalog)
        else:
            await commands.run(self.desk, command, self._meant(self.catalog))

    def _tail(self, command: verbs.Command, catalog: Catalog) -> None:
        """Show the stream on the whole screen, of the session named or of the selected one."""
        if command.words and not self._go_to(find_session(catalog, command.words[0])):
            self.question.say("it is not shown here: Esc takes listing and filter off", "bad")
            return
        self.pane, self.is_full = LIVE, True
        self.fit()

    def _meant(self, catalog: Catalog) -> commands.Meant:
        at_listings = self.pane == LISTINGS
        listing = self.board.listing or (self.selected.listing if self.selected else "")
        return commands.Meant(
            catalog,
            self.selected,
            self.targets,
            listing,
            self._hidden,
            self.listings.vanished if at_listings else "",
        )


class WatchingScreen(ConsoleScreen, inherit_bindings=False):
    """The screen of a console that may only look: the dangerous keys are not bound."""

    BINDINGS = bindings(is_read_only=True)
