"""The one screen: its panes, its keys, and what each key asks for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingsMap

from tui.core.attention import FailureGroup
from tui.core.models.session import Key, Session
from tui.core.session_filter import parse_filter
from tui.ui.actions import answering, cleaning, copying, resuming, session_actions, undoing
from tui.ui.actions.acting_screen import ActingScreen
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.key_targets import EXPIRY, LISTINGS, LIVE, SESSIONS, is_offered
from tui.ui.actions.keys import WHEN_TINY, bindings
from tui.ui.actions.prompting import until_taken
from tui.ui.port import Engine
from tui.ui.terminal.keyboard import TypedAhead
from tui.ui.terminal.link import LinkApp
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.page import PagePane
from tui.ui.widgets.pane import CELL, STYLES
from tui.ui.widgets.table import Table
from tui.view.panes.page import help_lines

_OPENING = ("verbs", "filter")


class ConsoleScreen(ActingScreen, inherit_bindings=False):
    """The keys, each with its short handler; which they are, the settings say."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {CELL + name for name in STYLES}

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.sought = ""
        self._said_of_marks = ""
        self._by_name = {deed.name: deed for deed in self.deeds}
        self._bindings = BindingsMap(bindings(self.deeds, engine.keys))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a question is open no key acts; unseen, on a tiny screen, only what leaves it."""
        if self.question.is_open:
            return False
        if action == "press" and self.is_tiny:
            return self._by_name[str(parameters[0])].action in WHEN_TINY
        return not self.is_tiny or action in WHEN_TINY

    async def action_press(self, name: str) -> None:
        """Do what the key of that name does, or say why it cannot be done now."""
        deed = self._by_name[name]
        if reason := self.why_not(deed):
            self.question.say(reason, "bad")
        else:
            await self.run_action(deed.action)

    def on_paste(self, event: events.Paste) -> None:
        """Say that what is pasted here does nothing: its letters are no commands."""
        event.stop()
        if not self.question.is_open:
            ways = " or ".join(self.engine.keys.sign(name) for name in ("resume", "verbs"))
            self.question.say(f"pasted text does nothing here: open a line first, with {ways}")

    def on_typed_ahead(self, event: TypedAhead) -> None:
        """Type what came at once when it opens a line by a sign; else it does nothing."""
        signs = {self.engine.keys.sign(name): name for name in _OPENING}
        first = event.text[:1]
        if first in signs and not first.isalnum() and is_offered(self, self._by_name[signs[first]]):
            event.stop()
            for key in event.keys:
                self.app.post_message(events.Key(key.key, key.character))
        else:
            self.on_paste(event)

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
        self.desk.commands = ()
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
        self.desk.commands = ()
        if number == LIVE:
            self.sessions.is_placed = True  # what is read is not changed by what comes to the top
        self.fit()

    def action_next_pane(self, step: int = 1) -> None:
        self.action_pane((self.pane - 1 + step) % 4 + 1)

    def action_enter(self) -> None:
        self.desk.commands = ()
        if self.pane == LISTINGS:
            self.board = replace(self.board, listing=self.listings.listing)
            self.pane = SESSIONS
        elif self.pane == EXPIRY and self.expiry.session is not None:
            if self.go_to(self.expiry.session):
                self.pane = SESSIONS
        elif self.pane == SESSIONS and self.sessions.group is not None:
            self._open_group(self.sessions.group)
        elif self.is_full:
            self.live.toggle()
        else:
            self.read_in_full()
        self.fit()

    def _open_group(self, group: FailureGroup) -> None:
        """Show the failures of one cause and mark them all; or close them again."""
        keys = frozenset(one.key for one in group.sessions)
        is_opening = group.cause not in self.board.opened
        self.board = self.board.opens(group.cause)
        self._take_marks(self.marks | keys if is_opening else self.marks - keys)
        if is_opening:
            self.question.say(self._marked_words(len(keys)))
            self._said_of_marks = self.question.message.text

    def _take_marks(self, marks: frozenset[Key]) -> None:
        """Mark these; what was said of those before no longer holds."""
        self.marks = marks
        said, self._said_of_marks = self._said_of_marks, ""
        if said and said == self.question.message.text:
            self.question.say("")

    def _marked_words(self, count: int) -> str:
        signs = [self.engine.keys.sign(name) for name in ("resume", "extend", "delete")]
        return f"{count} marked: {', '.join(signs)} and :ack take them all; Enter closes"

    def action_leave(self) -> None:
        self.desk.commands = ()
        if self.page.is_open:
            self.leave_page()
        elif self._hides_all and not (self.is_full or self._covers):
            self.board = replace(self.board, filter="")
        elif self.is_full or self.pane != SESSIONS:
            self.pane, self.is_full = SESSIONS, False
        elif self.marks:
            self._take_marks(frozenset())
        elif self.board.filter or self.board.listing:
            self.board = replace(self.board, listing="", filter="")
        self.fit()

    @property
    def _hides_all(self) -> bool:
        """Whether the filter leaves nothing to be seen in the Sessions pane."""
        return bool(self.board.filter and self.catalog is not None and not self.sessions.keys)

    @property
    def _covers(self) -> bool:
        """Whether the pane that has the keys stands where the Sessions pane would."""
        return self.has_class("-narrow") and self.pane in (LISTINGS, EXPIRY)

    def action_quit_or_leave(self) -> None:
        if self.page.is_open or self.is_full or self._covers:
            self.action_leave()
        else:
            self.app.exit(self.runs_that_go_on())

    def action_attention(self) -> None:
        self.desk.commands = ()
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
            signs = [self.engine.keys.sign(f"entry_{way}") for way in ("before", "after")]
            self.question.say(f"{' and '.join(signs)} go from entry to entry in full Live")

    def action_sort(self) -> None:
        self.board = self.board.sorted_next()
        self.question.say(f"sorted by {self.board.sort}")
        self.tick()

    def action_help(self) -> None:
        if self.page.is_open:
            self.leave_page()
            return
        self.show_help()

    def show_help(self) -> None:
        """Show every key and verb, and why some are of no use now."""
        keys = tuple(
            (self.engine.keys.signs(deed.name), deed.says, self.why_not(deed))
            for deed in self.deeds
        )
        named = tuple((one.name, one.summary, self.why_no_verb(one)) for one in self.known_verbs)
        sign = self.engine.keys.sign("verbs")
        self.page.open("Keys and verbs", lambda width: help_lines(keys, named, width, sign))
        self.fit()

    def action_redraw(self) -> None:
        if isinstance(self.app, LinkApp):
            self.app.begin_again()

    def action_suspend(self) -> None:
        if isinstance(self.app, LinkApp) and (reason := self.app.stop()):
            self.question.say(reason, "bad")

    def action_how_to_quit(self) -> None:
        self.question.say(f"{self.engine.keys.sign('quit')} quits; running agents go on")

    # Marks, copies ---------------------------------------------------------------------------

    def action_mark(self) -> None:
        if self._text is not None:
            self.action_page(1)
        elif self.sessions.key is not None:
            self._mark(self.sessions.keys_of(self.sessions.key))

    def _mark(self, keys: frozenset[Key]) -> None:
        self._take_marks(self.marks - keys if keys <= self.marks else self.marks | keys)
        self.tick()
        self.action_move(1)

    def action_mark_all(self) -> None:
        shown = self.sessions.session_keys
        self._take_marks(frozenset() if shown <= self.marks else self.marks | shown)
        self.tick()

    def action_copy(self) -> None:
        if self.is_full:
            if text := copying.entry_text(*self.live.entry):
                self._copy(copying.copy(self.app, self.desk, text))
        elif text := self.selected.session_id if self.selected else self.listing:
            self._copy(copying.copy(self.app, self.desk, text))

    def action_copy_command(self) -> None:
        command = copying.command_line(self)
        self._copy(copying.copy_command(self.app, self.desk, command))

    def _copy(self, copying_it: Coroutine[Any, Any, None]) -> None:
        self.once("copying", copying_it)

    # Deeds -----------------------------------------------------------------------------------

    def action_resume(self) -> None:
        if len(found := self.targets) > 1:
            self.act(resuming.resume_many(self.desk, found, hidden=self.hidden), found)
        else:
            self.act(resuming.resume(self.desk, found[0], hidden=self.hidden), found)

    def action_answer(self) -> None:
        self._act_on_selected(answering.answer)

    def action_interrupt(self) -> None:
        self._act_on_selected(session_actions.interrupt)

    def action_extend(self) -> None:
        self.act(session_actions.extend(self.desk, self.targets, hidden=self.hidden), self.targets)

    def action_delete(self) -> None:
        self.act(session_actions.delete(self.desk, self.targets, hidden=self.hidden), self.targets)

    def _act_on_selected(
        self, flow: Callable[[ActionContext, Session], Coroutine[Any, Any, None]]
    ) -> None:
        """Start a flow on the one session that is selected, marks or not."""
        if (session := self.selected) is not None:
            self.act(flow(self.desk, session), (session,))

    def action_undo(self) -> None:
        self.act(undoing.undo(self.desk))

    def action_clean_up(self) -> None:
        if self.catalog is not None:
            chosen = self.listing if self.pane == LISTINGS else self.board.listing
            self.act(cleaning.clean_up(self.desk, self.catalog, chosen))

    def action_filter(self) -> None:
        is_text = self.page.is_open or self.is_full
        self.act(self._search() if is_text else self._filter())

    async def _search(self) -> None:
        self.sought = (await self.question.ask("search", text=self.sought)).strip()
        await self._find(1)

    def action_find(self, step: int) -> None:
        if self._text is None:
            sign = self.engine.keys.sign("again")
            self.question.say(f"{sign} goes on with a search in full Live or on a page")
        elif self.sought:
            self.act(self._find(step))

    async def _find(self, step: int) -> None:
        if isinstance(self._text, LivePane):
            await self.reading.search(self.sought, step)
        elif self.sought and self._text is not None and not self._text.find(self.sought, step):
            self.question.say(f"{self.sought} is not there", "bad")

    def action_command(self) -> None:
        self.action_verb("")

    def action_verb(self, name: str) -> None:
        if self.is_awaited:
            back = self.engine.keys.sign("back")
            self.question.say(f"a question waits behind this list: {back} goes back to it", "bad")
        else:
            self.act(self.command(f"{name} " if name else ""))

    async def _filter(self) -> None:
        asks = "filter: words, stage:3, live, failed, <24h, ! negates; empty shows all"

        def meant(typed: str) -> None:
            board = replace(self.board, filter=typed.strip())
            self.desk.stands_for(*copying.listed(board))

        async def take(typed: str) -> None:
            parse_filter(typed.strip())
            self.board = replace(self.board, filter=typed.strip())

        text, line = self.board.filter, self.question
        await until_taken(line, asks, take, text=text, typed=meant, counts_on_it=False)
        self.tick()
