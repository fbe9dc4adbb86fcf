"""The line of keys at the bottom of the screen."""

from __future__ import annotations

from tui.core.text.safe_text import cell_width
from tui.view.text.lines import Cell, Line


def keys_line(keys: tuple[tuple[str, str, bool], ...], width: int) -> Line:
    """Return the line of keys: each key and what it does, greyed when it is disabled."""
    line: list[Cell] = [Cell(" ")]
    room = width - 1
    for key, word, is_possible in keys:
        used = cell_width(key) + cell_width(word) + 3
        if used - 2 > room:
            break
        room -= used
        line += [Cell(key, "key" if is_possible else "muted")]
        line += [Cell(f" {word}  ", "" if is_possible else "muted")]
    return tuple(line)


def sign_at(line: Line, x: int) -> str:
    """Return the sign of the key whose hint is in that cell of a line of keys; empty for none."""
    hints, start = line[1:], cell_width(line[0].text) if line else 0
    for key, word in zip(hints[::2], hints[1::2], strict=True):
        end = start + cell_width(key.text) + cell_width(word.text.rstrip())
        if start <= x < end:
            return key.text
        start += cell_width(key.text) + cell_width(word.text)
    return ""
