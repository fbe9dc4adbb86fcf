"""A line of text with a cursor, edited with the keys of a shell."""

from __future__ import annotations

from tui.core.text.safe_text import cell_width, safe_text

LONGEST = 250_000  # characters: at four bytes each, what a run takes as a prompt


class LineEditor:
    """The text before and after the cursor."""

    def __init__(self, text: str = "", after: str = "") -> None:
        self.before = text
        self.after = after

    @property
    def text(self) -> str:
        """The whole line."""
        return self.before + self.after

    def insert(self, text: str) -> bool:
        """Insert text at the cursor, all of it or nothing; return whether there was room."""
        has_room = len(self.before) + len(self.after) + len(text) <= LONGEST
        self.before += text if has_room else ""
        return has_room

    def in_line(self, text: str) -> str:
        """Return pasted text on one line, with a space at each end where it had white space."""
        safe = safe_text(text)
        line = " ".join(safe.split())
        if not line:
            return " " if safe else ""
        first = " " if safe[0].isspace() and self.before[-1:] not in ("", " ") else ""
        return f"{first}{line}{' ' if safe[-1].isspace() else ''}"

    def press(self, key: str, character: str | None) -> None:
        """Do what a key does."""
        if key in _KEYS:
            self.before, self.after = _KEYS[key](self.before, self.after)
        elif character and character.isprintable():
            self.insert(safe_text(character))

    def window(self, width: int) -> tuple[str, str, str]:
        """Return the part that fits around the cursor: before it, under it, after it."""
        before = self.before[-max(1, width - 10) :]
        while cell_width(before) > max(1, width - 10):
            before = before[1:]
        return before, self.after[:1], self.after[1 : max(1, width - cell_width(before))]


def _without_word(before: str, after: str) -> tuple[str, str]:
    kept = before.rstrip()
    return kept[: kept.rfind(" ") + 1], after


_KEYS = {
    "left": lambda before, after: (before[:-1], before[-1:] + after),
    "right": lambda before, after: (before + after[:1], after[1:]),
    "home": lambda before, after: ("", before + after),
    "ctrl+a": lambda before, after: ("", before + after),
    "end": lambda before, after: (before + after, ""),
    "ctrl+e": lambda before, after: (before + after, ""),
    "backspace": lambda before, after: (before[:-1], after),
    "ctrl+h": lambda before, after: (before[:-1], after),
    "delete": lambda before, after: (before, after[1:]),
    "ctrl+u": lambda before, after: ("", after),
    "ctrl+k": lambda before, after: (before, ""),
    "ctrl+w": _without_word,
}
