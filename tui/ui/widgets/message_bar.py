"""The message at the bottom of the screen, over the line of keys."""

from __future__ import annotations

from collections.abc import Sequence

from tui.core.explanation import Explanation
from tui.core.text.safe_text import cell_width, one_line
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.text.lines import Cell, Line
from tui.view.text.styled_text import wrap

LEAST_ROWS = 2


class MessageBar(Pane):
    """Shows a message, in as many rows as it may take."""

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.message = Cell("")
        self.keys: Line = ()
        self.is_whole = False
        self._is_brief = False
        self._spills = False
        self._messages = 0

    @property
    def message_id(self) -> int:
        """Which message is shown, whatever it says; 0 when there is none."""
        return self._messages if self.message.text else 0

    def say(
        self, text: str, style: str = "", *, is_whole: bool = False, is_brief: bool = False
    ) -> None:
        """Show a message; what does not fit covers the line of keys, until `settle`.

        With `is_whole` it takes as many rows as it needs, until `fold`. One that `is_brief` is
        dismissed by the next key.
        """
        self._put(text, style)
        self._spills, self.is_whole, self._is_brief = True, is_whole, is_brief
        self.redraw()

    def dismiss(self) -> None:
        """Dismiss a brief message."""
        if self._is_brief:
            self.say("")

    def has_room(self, text: str) -> bool:
        """Whether a message of this length can be shown whole in half of the screen."""
        return len(self._wrapped(one_line(text))) <= self._most_rows

    def fold(self) -> None:
        """Give back the rows of a whole message."""
        if self.is_whole:
            self.is_whole = False
            self.redraw()

    def settle(self) -> None:
        """Show the line of keys again, however long the message is."""
        self._spills = False
        self.redraw()

    def _put(self, text: str, style: str = "") -> None:
        self.message = Cell(one_line(text), style)
        self._messages += 1

    @property
    def _most_rows(self) -> int:
        return max(LEAST_ROWS, self.app.size.height // 2)

    def _wrapped(self, text: str) -> list[str]:
        return wrap(text, max(20, self.size.width - 2))

    def _spilled(self) -> Line:
        """Return the rest of a message that does not fit on one line; empty when it fits."""
        rest = self._wrapped(self.message.text)[1:]
        if not (rest and self._spills):
            return ()
        return (Cell(" "), Cell(" ".join(piece.strip() for piece in rest), self.message.style))


def warning(warns: Sequence[Explanation], room: int) -> str:
    """Return warnings that fit: in full, else without remedies, or nothing."""
    for said in (tuple(map(str, warns)), tuple(one.words for one in warns)):
        text = "   ! " + "; ".join(said)
        if said and cell_width(text) < room:
            return text
    return f"{'   ! ' + warns[0].words:.{room - 2}}~" if warns and room > 20 else ""
