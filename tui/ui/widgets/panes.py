"""All widgets of the screen, made from the table of panes."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from importlib import import_module
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from tui.core.console.pane_table import LIVE, PANES, PaneRow
from tui.ui.engine.engine import Engine
from tui.ui.widgets.bar import Bar
from tui.ui.widgets.expiry import ExpiryPane
from tui.ui.widgets.listings import ListingsPane
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.message_bar import LEAST_ROWS
from tui.ui.widgets.page import PagePane
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.ui.widgets.prompt import PromptBar
from tui.ui.widgets.sessions import SessionsPane
from tui.ui.widgets.table import Table
from tui.view.stream.entry_lines import Access

T = TypeVar("T", bound=Pane)
_HIDDEN = "-hidden"


class Panes:
    """Makes the widgets with the settings of an engine; `numbered` are those of the table."""

    def __init__(self, engine: Engine) -> None:
        settings = partial(
            PaneSettings,
            is_ascii=engine.is_ascii,
            is_remote=engine.is_remote,
            zone=engine.zone,
            quiet_after=engine.quiet_after,
            follow_key=engine.keys.sign("follow"),
            resume_key=engine.keys.sign("resume"),
            order_key=engine.keys.sign("order"),
            access=_access(engine),
            columns=engine.columns,
        )
        self.top_line = Bar(settings(id="top"))
        self.tiny = Bar(settings(id="tiny"))
        self.page = PagePane(settings(id="page"))
        self.question = PromptBar(settings(id="question"))
        self.numbered: dict[int, Pane] = {
            row.number: _widget(row)(settings(id=row.name, label=row.label)) for row in PANES
        }
        self.listings = self._one(ListingsPane)
        self.sessions = self._one(SessionsPane)
        self.expiry = self._one(ExpiryPane)
        self.live = self._one(LivePane)
        self.columns = tuple(
            Vertical(*(self.numbered[row.number] for row in PANES if row.wide == side), id=side)
            for side in ("left", "right")
        )

        self._divided: tuple[int | None, int] = (-1, 0)

    def _one(self, kind: type[T]) -> T:
        return next(pane for pane in self.numbered.values() if isinstance(pane, kind))

    @property
    def drawn(self) -> tuple[Pane, ...]:
        """All that is on the screen while no page covers it."""
        return self.top_line, *self.numbered.values(), self.question

    @property
    def are_bare(self) -> bool:
        """Whether nothing covers the panes: no page, no question, no stream in full."""
        question = self.question
        is_covered = self.page.is_open or question.is_open or self.live.is_full
        return not is_covered and question.size.height == LEAST_ROWS and not self.tiny.display

    def in_sight(self) -> frozenset[str]:
        """Return the listings that the screen shows something of."""
        shown = self.live.session
        tables = (self.listings, self.sessions, self.expiry)
        names = frozenset[str]().union(*(one.listings_in_sight() for one in tables))
        return names | {shown.listing} if shown is not None else names

    def compose(self) -> ComposeResult:
        """Yield the widgets in their places."""
        yield self.top_line
        yield Horizontal(*self.columns, id="body")
        yield self.page
        yield self.question
        yield self.tiny

    def hide(self, names: Collection[str]) -> bool:
        """Hide the panes and columns of these names, and no others.

        Returns whether that changes anything; the caller updates the styles.
        """
        placed: tuple[Widget, ...] = (*self.columns, *self.numbered.values())
        changed = [one for one in placed if one.has_class(_HIDDEN) != (one.id in names)]
        for one in changed:
            one.set_class(one.id in names, _HIDDEN, update=False)
        return bool(changed)

    @property
    def needed_size(self) -> tuple[int, int]:
        """The width that shows the names of the left column whole, and the height of Listings."""
        width, rows = self.listings.needed_size
        return max(width, self.expiry.needed_width), rows

    def divide(self, left: int | None, rows: int) -> None:
        """Make the left column `left` cells wide, and Listings `rows` high, but at most half of it.

        With `None` a pane has the whole screen.
        """
        wanted = (left, rows if left is not None else 0)
        if wanted != self._divided:
            self._divided = wanted
            self.columns[0].styles.width = "1fr" if left is None else left
            self.listings.styles.height = wanted[1] or "1fr"

    def table(self, number: int) -> Table | None:
        """Return the pane of that number if it is a table."""
        pane = self.numbered[number]
        return pane if isinstance(pane, Table) else None

    def active(self, number: int) -> Pane:
        """Return what the keys are for while the pane of that number is active."""
        return self.page if self.page.is_open else self.numbered[number]

    def text(self, number: int) -> PagePane | LivePane | None:
        """Return the text that scrolls while the pane of that number is active, if any."""
        if self.page.is_open:
            return self.page
        return self.live if number == LIVE else None


def _widget(row: PaneRow) -> type[Pane]:
    """Return the class that a row names. Raises `TypeError` when it is no pane."""
    module, _, name = row.widget.partition(":")
    found = getattr(import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Pane)):
        raise TypeError(f"{row.widget} is no pane")
    return found


def _access(engine: Engine) -> Access:
    """Return what the operator may do in this console."""
    if engine.is_read_only:
        return "read-only"
    return "restricted" if engine.is_restricted else "full"
