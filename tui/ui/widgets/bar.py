"""A one-line widget outside the panes."""

from __future__ import annotations

from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.text.lines import Line


class Bar(Pane):
    """Shows one line."""

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.line: Line = ()

    def show(self, line: Line) -> None:
        """Show this line."""
        self.line = line
        self.redraw()

    def body_line(self, y: int) -> Line:
        return self.line if y == 0 else ()
