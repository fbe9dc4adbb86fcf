"""The panes of the console: one row each."""

from __future__ import annotations

from typing import Literal

from tui.core.values import dataclass


@dataclass(frozen=True, slots=True)
class PaneRow:
    """A pane: its number, title, widget, and place.

    `widget` is its class as `module:Class`, `wide` its column on a wide terminal. On a narrow one
    it is `alone` when it is active, or `stacked` with others.
    """

    number: int
    title: str
    widget: str
    wide: Literal["left", "right"]
    narrow: Literal["alone", "stacked"]

    @property
    def name(self) -> str:
        """Its name in the settings and in the stylesheet."""
        return self.title.lower()

    @property
    def key(self) -> str:
        """The key that goes there."""
        return str(self.number)

    @property
    def label(self) -> str:
        """What stands at the left of its rule."""
        return f"{self.number} {self.title}"


PANES: tuple[PaneRow, ...] = (
    PaneRow(1, "Listings", "tui.ui.widgets.listings:ListingsPane", "left", "alone"),
    PaneRow(2, "Sessions", "tui.ui.widgets.sessions:SessionsPane", "right", "stacked"),
    PaneRow(3, "Expiry", "tui.ui.widgets.expiry:ExpiryPane", "left", "alone"),
    PaneRow(4, "Live", "tui.ui.widgets.live:LivePane", "right", "stacked"),
)
LISTINGS, SESSIONS, EXPIRY, LIVE = 1, 2, 3, 4
