"""What fills the screen for a while: the help, and what a verb had to say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.core.text import cell_width, fit
from tui.view.lines import Cell, Line
from tui.view.styled import wrap

_KEY_WIDTH = 7
_VERB_WIDTH = 11


def text_lines(lines: Iterable[str], width: int) -> tuple[Line, ...]:
    """Return lines of text; what is wider than `width` goes on below, indented."""
    room = max(20, width - 2)
    return tuple((Cell(f" {piece}"),) for line in lines for piece in _broken(line, room))


def _broken(line: str, width: int) -> Iterable[str]:
    if cell_width(line) <= width:
        return (line,)
    indent = " " * min(len(line) - len(line.lstrip()) + 4, width // 2)
    first, *others = wrap(line, width - len(indent))
    return (first, *(indent + piece.strip() for piece in others))


def help_lines(
    keys: Iterable[tuple[str, str]], verbs: Iterable[tuple[str, str]], width: int
) -> tuple[Line, ...]:
    """Return every key and every verb with what it does, in two columns where they fit."""
    lines = _columns(tuple(keys), _KEY_WIDTH, width)
    named = tuple(verbs)
    if named:
        head = (Cell("  :", "key"), Cell(" and every verb by its name; Tab completes it", "strong"))
        lines = (*lines, (), head, *_columns(named, _VERB_WIDTH, width))
    return lines


def _columns(pairs: Sequence[tuple[str, str]], first: int, width: int) -> tuple[Line, ...]:
    count = 2 if width >= 110 else 1
    rows = -(-len(pairs) // count)
    room = width // count
    return tuple(
        tuple(
            cell
            for name, says in pairs[row::rows]
            for cell in (Cell(f"{name:>{first}}", "key"), Cell(fit(f"  {says}", room - first)))
        )
        for row in range(rows)
    )


def find(texts: Sequence[str], words: str, start: int, step: int) -> int | None:
    """Return the next line from `start` on that has `words`, case ignored; round the end."""
    wanted = words.casefold()
    count = len(texts)
    order = ((start + step * number) % count for number in range(count)) if count else ()
    return next((index for index in order if wanted in texts[index].casefold()), None)
