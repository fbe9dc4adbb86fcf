"""The least that Textual can do: a screen of lines with a cursor, drawn by one widget."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Static

LINES = 22


class TrivialApp(App[None], inherit_bindings=False):
    """Moves a cursor down its lines, and up when it is at their end; `q` ends it."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__()
        self.theme = "ansi-dark"
        self._at = 0

    def compose(self) -> ComposeResult:
        """Make the one widget."""
        yield Static(self._lines(), markup=False)

    def on_key(self, event: Key) -> None:
        """Move, and draw all of it anew: what a program does that takes no pains."""
        if event.key == "q":
            self.exit()
        self._at = (self._at + (1 if event.key == "j" else -1)) % LINES
        self.query_one(Static).update(self._lines(), layout=False)

    def _lines(self) -> str:
        marks = (">" if number == self._at else " " for number in range(LINES))
        return "\n".join(f"{mark} line {number:02}" for number, mark in enumerate(marks))


if __name__ == "__main__":
    TrivialApp().run(mouse=False)
