"""The Listings pane."""

from __future__ import annotations

from tui.core.models.session import Key
from tui.core.values import replace
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.table import Table
from tui.view.panes import listings
from tui.view.text.lines import Line
from tui.view.text.out_of_sight import NO_MARGIN

_LEAST_ROWS = 8


class ListingsPane(Table):
    """All clients; a chosen one limits Sessions to its own."""

    lets_go = True
    groups: dict[str, listings.ListingGroup]

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.groups = {}
        self.shape = listings.ListingShape(0)
        self.is_held = False

    def update(
        self, groups: tuple[listings.ListingGroup, ...], *, is_busy: bool, is_held: bool = False
    ) -> None:
        """Show the groups; `is_busy` makes another order wait."""
        self.is_held = is_held
        self.groups = {one.name: one for one in groups}
        self.shape = listings.ListingShape.of(groups)
        self.arrange_rows([("listing", one.name) for one in groups], is_busy=is_busy)

    def row_of(self, key: Key) -> int | None:
        return super().row_of(("listing", key[0]))

    def listings_in_sight(self) -> frozenset[str]:
        return frozenset(key[1] for key in self.in_sight)

    def name_of(self, key: Key) -> str:
        return key[1]

    @property
    def _fitted(self) -> listings.ListingShape:
        return replace(self.shape, width=self.text_width)

    @property
    def needed_size(self) -> tuple[int, int]:
        """The least width and height that show every name whole, inside a frame."""
        return self.shape.needed + 3, max(_LEAST_ROWS, len(self.groups) + 2)

    @property
    def listing(self) -> str:
        """The selected listing's name; empty for all."""
        return self.key[1] if self.key else listings.ALL

    def note(self) -> str:
        held = "held  " if self.is_held else ""
        count = self.counted(max(0, len(self.keys) - 1))
        return self.margin().heading(f"{held}{count}", self.note_room())

    @property
    def vanished(self) -> str:
        """The selected listing if its folder is gone, else empty."""
        group = self.groups.get(self.listing)
        return group.name if group is not None and group.is_vanished else ""

    def head_line(self) -> Line:
        return listings.head(self._fitted, NO_MARGIN if self.frame else self.margin())

    def row_line(self, key: Key, *, is_current: bool) -> Line:
        return listings.line(self.groups[key[1]], self._fitted, is_current=is_current)
