"""One line of the screen that belongs to no pane."""

from __future__ import annotations

from tui.ui.pane import Pane
from tui.view.lines import Line


class Bar(Pane):
    """Shows one line."""

    def __init__(self, *, id: str, is_ascii: bool = False) -> None:
        super().__init__(id=id, is_ascii=is_ascii)
        self.line: Line = ()

    def show(self, line: Line) -> None:
        """Show this line."""
        self.line = line
        self.redraw()

    def body_line(self, y: int) -> Line:
        return self.line if y == 0 else ()
