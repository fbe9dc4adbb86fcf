"""Pages over the panes: opened, awaited, closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, tzinfo
from typing import TypeVar

from tui.guides import topic_names
from tui.ui.widgets.page import Draw, PagePane
from tui.ui.widgets.page_cursor import Targets
from tui.ui.widgets.prompt import PromptBar
from tui.view.panes.messages import Said, message_lines
from tui.view.panes.page import NO_MARKDOWN, Named, help_lines

_NO_TARGETS: Targets = {}
Renew = Callable[[], Awaitable[None]]
T = TypeVar("T")


class Pages:
    """Shows lines over the panes; `fit` lays the screen out.

    `is_awaited` while a question waits for its page to be closed. `renew` shows what the page is
    about anew, `None` where nothing does. `is_help` while the page is that of all keys.
    """

    def __init__(self, pane: PagePane, question: PromptBar, fit: Callable[[], None]) -> None:
        self.pane = pane
        self._question = question
        self.fit = fit
        self._left = asyncio.Event()
        self.is_awaited = False
        self._opened = 0
        self.renew: Renew | None = None
        self.is_help = False

    def open(
        self,
        title: str,
        lines: Sequence[str],
        targets: Targets = _NO_TARGETS,
        *,
        markdown: range = NO_MARKDOWN,
        is_at_end: bool = False,
        renew: Renew | None = None,
    ) -> None:
        """Show lines of text, and those in `markdown` as such; `targets` are where some lead."""
        self.pane.open_text(title, lines, targets, markdown=markdown, is_at_end=is_at_end)
        self._take_over(renew)

    def show_again(
        self, title: str, lines: Sequence[str], targets: Targets, *, markdown: range
    ) -> None:
        """Show other lines of text on the open page, or open it again; its row stays selected."""
        self.pane.renew_text(title, lines, targets, markdown=markdown)
        self.fit()

    async def stay(self, deed: Awaitable[T]) -> T:
        """Await a deed from a line of the page, which stays, and renew the page after it."""
        renew, opened = self.renew, self._opened
        done = await deed
        if renew is not None and self._opened == opened:
            await renew()
        return done

    def _take_over(self, renew: Renew | None = None) -> None:
        """Note what now stands on the page."""
        self.renew, self.is_help = renew, False
        self._opened += 1
        self.fit()

    def draw(self, title: str, draw: Draw, *, is_at_end: bool = False) -> None:
        """Show what is drawn for the present width."""
        self.pane.open(title, draw, is_at_end=is_at_end)
        self._take_over()

    def draw_help(self, keys: Sequence[Named], verbs: Sequence[Named], sign: str) -> None:
        """Show keys and verbs with why each is disabled, and the guides; `sign` starts a verb."""
        topics = topic_names()
        self.draw("Keys and verbs", lambda width: help_lines(keys, verbs, topics, width, sign))
        self.is_help = True

    def draw_messages(self, said: Sequence[Said], zone: tzinfo, now: datetime) -> None:
        """Show messages, the last one in sight."""
        self.draw("Messages", lambda width: message_lines(said, width, zone, now), is_at_end=True)

    async def show(self, title: str, lines: Sequence[str]) -> None:
        """Show lines of text until they are closed; keys act again meanwhile."""
        self._left.clear()
        self.is_awaited = True
        self._question.release()
        self.open(title, lines)
        await self._left.wait()
        self.is_awaited = False
        self._question.hold()

    def open_paged(self, title: str, draw: Draw, note: Callable[[], str]) -> None:
        """Show lines page by page, beside a question about them; `note` stands above them."""
        self.pane.when_all_seen, self.pane.says = self._question.redraw, note
        self.pane.open(title, draw, is_paged=True)
        self._take_over()

    def leave(self) -> None:
        """Close the page."""
        self.pane.close()
        self._left.set()
        self.fit()
