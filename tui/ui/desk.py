"""What the flows share: the engine, the question line, and what was done here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tui.core.models import Key, Session
from tui.operations.context import Act
from tui.ui.drafts import Drafts
from tui.ui.news import News
from tui.ui.page import Draw, PagePane
from tui.ui.port import Engine
from tui.ui.question import Question
from tui.view import words

MANY = 5
ShowPage = Callable[[str, Sequence[str]], Awaitable[None]]


class OpenPage(Protocol):
    """Shows lines over the panes."""

    def __call__(self, title: str, lines: Sequence[str], *, is_at_end: bool = False) -> None: ...


@dataclass(slots=True)
class Desk:
    """`done` are the batches that `u` undoes, the latest last.

    `failed` are the sessions that stay marked after a deed on many; `None` leaves the marks be.
    `commands` are the words of the verbs that do what was asked for last. `open_page` shows lines
    over the panes, `show_page` returns only when they are left. `page` is where they are shown.
    """

    engine: Engine
    question: Question
    news: News
    page: PagePane
    fit: Callable[[], None]
    show_page: ShowPage
    open_page: OpenPage
    done: list[tuple[Act, ...]] = field(default_factory=list)
    failed: frozenset[Key] | None = None
    started: str = ""
    drafts: Drafts = field(init=False)
    commands: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        self.drafts = Drafts(self.question)

    def forget(self, keys: Collection[Key]) -> None:
        """Forget what was typed for sessions that were erased, and what could be undone of them."""
        if keys:
            self.drafts.forget(keys)
            left = (
                tuple(one for one in acts if (one.listing, one.session_id) not in keys)
                for acts in self.done
            )
            self.done[:] = [acts for acts in left if acts]

    def open_pages(self, title: str, draw: Draw) -> None:
        """Show lines over the panes page by page, beside a question about them."""
        self.page.when_all_seen = self.question.redraw
        self.page.open(title, draw, is_paged=True)
        self.fit()

    def close_pages(self) -> None:
        """Give the screen back to the panes."""
        self.page.close()
        self.fit()

    def stands_for(self, *words: str) -> None:
        """Take note of the verb, with all its words, that does what is asked for now."""
        self.commands = (words,)


def named(sessions: Sequence[Session], hidden: int = 0) -> str:
    """Return how a question names its sessions, and how many of them are not in sight."""
    if len(sessions) != 1:
        unseen = f" ({hidden} of them hidden here)" if hidden else ""
        return f"{len(sessions)} sessions{unseen}"
    one = sessions[0]
    listing = one.listing if len(one.listing) <= 14 else f"{one.listing[:13]}~"
    return f"{listing}/{words.stage(one.stage)} {words.short_id(one.session_id)[:4]}"


def after_dashes(text: str) -> tuple[str, ...]:
    """Return text as the last word of a command, which must not be taken for an option."""
    return ("--", text) if text.startswith("-") else (text,)


async def is_sure(desk: Desk, asks: str, count: int, verb: str) -> bool:
    """Ask, default No; over five at once the count must be typed."""
    if count <= MANY:
        return await desk.question.confirm(asks)
    typed = await desk.question.ask(f"{asks}. Type {count} to {verb} them")
    return typed.strip() == str(count)
