"""An app whose one line has a style that only Textual can paint, once `o` is pressed."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.ui.terminal.link import LinkApp


class Odd(Style):
    """A style that cannot be cached."""

    def __hash__(self) -> int:
        raise TypeError("a style as nobody foresaw it")


class Line(Widget):
    """Shows the last key pressed, among many letters."""

    key = "-"
    style = Style()

    def render_line(self, y: int) -> Strip:
        text = f"pressed {self.key} {'and painted ' * 5}" if y == 0 else ""
        return Strip([Segment(text.ljust(self.size.width), self.style)], self.size.width)


class OddApp(LinkApp):
    """Shows the line until `q` is pressed."""

    def compose(self) -> ComposeResult:
        yield Line()

    def on_key(self, event: events.Key) -> None:
        line = self.query_one(Line)
        if event.key == "q":
            self.exit()
        line.key = event.key
        line.style = Odd(bold=True) if event.key == "o" else Style()
        if isinstance(line.style, Odd):
            line.style._ansi = "1"
        line.refresh(Region(0, 0, line.size.width, 1))


if __name__ == "__main__":
    OddApp(paints_cells=True, ansi_color=True).run(mouse=False)
