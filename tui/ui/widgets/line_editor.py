"""Text with a cursor, edited with the keys of a shell: one line, or several in a prompt."""

from __future__ import annotations

from tui.core.text.safe_text import cell_width, cut, safe_text
from tui.view.text.lines import Cell, Line

LONGEST = 250_000  # characters: at four bytes each, what a run takes as a prompt
MOST_ROWS = 5
NEW_LINE = ("alt+enter", "ctrl+j")


class LineEditor:
    """The text before and after the cursor; only with `has_lines` may it have several lines."""

    def __init__(self, text: str = "", after: str = "", *, has_lines: bool = False) -> None:
        self.before = text
        self.after = after
        self.has_lines = has_lines

    @property
    def text(self) -> str:
        """The whole text."""
        return self.before + self.after

    @property
    def count(self) -> int:
        """How many lines it has."""
        return 1 + self.before.count("\n") + self.after.count("\n")

    def insert(self, text: str) -> bool:
        """Insert text at the cursor, all of it or nothing; return whether there was room."""
        has_room = len(self.before) + len(self.after) + len(text) <= LONGEST
        self.before += text if has_room else ""
        return has_room

    def pasted(self, text: str) -> str:
        """Return pasted text as it is inserted: its lines are kept where there may be several.

        Else it is one line, with a space at each end where the text had white space.
        """
        safe = safe_text(text)
        if self.has_lines:
            return safe
        line = " ".join(safe.split())
        if not line:
            return " " if safe else ""
        first = " " if safe[0].isspace() and self.before[-1:] not in ("", " ") else ""
        return f"{first}{line}{' ' if safe[-1].isspace() else ''}"

    def press(self, key: str, character: str | None) -> None:
        """Do what a key does."""
        if key in NEW_LINE:
            self.insert("\n" if self.has_lines else "")
        elif key in _KEYS:
            self.before, self.after = _KEYS[key](self.before, self.after)
        elif character and character.isprintable():
            self.insert(safe_text(character))

    def rows(self, width: int, most: int, placeholder: str = "") -> list[Line]:
        """Return at most `most` rows of the text, with that of the cursor among them.

        A row that begins with `…` has more lines above it, or below it.
        """
        lines, at = (self.before + self.after).split("\n"), self.before.count("\n")
        first = max(0, min(at - most // 2, len(lines) - most))
        rows = []
        for number in range(first, min(first + most, len(lines))):
            is_cut = number in (first, first + most - 1) and number not in (0, len(lines) - 1)
            sign = " > " if number == 0 else " … " if is_cut else "   "
            text = self._at_cursor(width, placeholder) if number == at else ()
            rows.append((Cell(sign, "prompt"), *(text or (Cell(cut(lines[number], width)),))))
        return rows

    def _at_cursor(self, width: int, placeholder: str) -> Line:
        """Return the part of the cursor's line that fits around it."""
        _, before = _parted(self.before)
        after, _ = _parted_after(self.after)
        before = before[-max(1, width - 10) :]
        while cell_width(before) > max(1, width - 10):
            before = before[1:]
        at, rest = after[:1], after[1 : max(1, width - cell_width(before))]
        if not self.text:
            at, rest = placeholder[:1], placeholder[1:]
        style = "" if self.text else "muted"
        return (Cell(before), Cell(at or " ", "current"), Cell(rest, style))


def _parted(before: str) -> tuple[str, str]:
    """Return the lines above the cursor's, and what stands before it in its own."""
    start = before.rfind("\n") + 1
    return before[:start], before[start:]


def _parted_after(after: str) -> tuple[str, str]:
    """Return what stands behind the cursor in its line, and the lines below."""
    own, line, below = after.partition("\n")
    return own, line + below


def _to_start(before: str, after: str) -> tuple[str, str]:
    above, own = _parted(before)
    return above, own + after


def _to_end(before: str, after: str) -> tuple[str, str]:
    own, below = _parted_after(after)
    return before + own, below


def _up(before: str, after: str) -> tuple[str, str]:
    """Return the place in the line above, as far from its start; the start from the first line."""
    above, own = _parted(before)
    if not above:
        return _to_start(before, after)
    higher, line = _parted(above[:-1])
    place = len(higher) + min(len(own), len(line))
    return before[:place], before[place:] + after


def _down(before: str, after: str) -> tuple[str, str]:
    """Return the place in the line below, as far from its start; the end from the last line."""
    _, own = _parted(before)
    rest, below = _parted_after(after)
    if not below:
        return _to_end(before, after)
    line, _ = _parted_after(below[1:])
    place = len(rest) + 1 + min(len(own), len(line))
    return before + after[:place], after[place:]


def _without_word(before: str, after: str) -> tuple[str, str]:
    kept = before.rstrip()
    return kept[: max(kept.rfind(" "), kept.rfind("\n")) + 1], after


_KEYS = {
    "left": lambda before, after: (before[:-1], before[-1:] + after),
    "right": lambda before, after: (before + after[:1], after[1:]),
    "home": _to_start,
    "ctrl+a": _to_start,
    "end": _to_end,
    "ctrl+e": _to_end,
    "backspace": lambda before, after: (before[:-1], after),
    "ctrl+h": lambda before, after: (before[:-1], after),
    "delete": lambda before, after: (before, after[1:]),
    "up": _up,
    "down": _down,
    "ctrl+u": lambda before, after: (_parted(before)[0], after),
    "ctrl+k": lambda before, after: (before, _parted_after(after)[1]),
    "ctrl+w": _without_word,
}
