"""The help: every key that is bound now, from the live bindings."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.text import fit
from tui.ui.pane import Pane
from tui.view.lines import Cell, Line


class HelpPane(Pane):
    """Keys and what they do, in two columns where they fit."""

    def __init__(self, *, id: str, is_ascii: bool = False) -> None:
        super().__init__(id=id, is_ascii=is_ascii)
        self.has_rule = True
        self.is_active = True
        self.keys: tuple[tuple[str, str], ...] = ()
        self.top = 0

    def show(self, keys: Iterable[tuple[str, str]]) -> None:
        """Show these keys, once each."""
        self.keys = tuple(dict(keys).items())
        self.top = 0
        self.redraw()

    def scroll_lines(self, lines: int) -> None:
        """Scroll as far as there is more."""
        self.top = max(0, min(self.top + lines, self._rows - self.body_height))
        self.redraw()

    def title(self) -> str:
        return "Keys"

    def note(self) -> str:
        more = "j more  " if self._rows > self.body_height else ""
        return f"{more}Esc back"

    @property
    def _columns(self) -> int:
        return 2 if self.body_width >= 110 else 1

    @property
    def _rows(self) -> int:
        return -(-len(self.keys) // self._columns)

    def body_line(self, y: int) -> Line:
        row = self.top + y
        if row >= self._rows:
            return ()
        width = self.body_width // self._columns
        line: list[Cell] = []
        for key, says in self.keys[row :: self._rows][: self._columns]:
            line += [Cell(f"{key:>7}", "key"), Cell(fit(f"  {says}", width - 7))]
        return tuple(line)
