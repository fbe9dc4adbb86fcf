"""Wrapping of text in several styles: lines break between words, whatever their style."""

from __future__ import annotations

from collections.abc import Iterator

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import cell_width
from tui.view.text.lines import Cell, Line

_TOKENS = late_pattern(r"\s*\S+|\s+$")
_LEAD = late_pattern(r" *(?:[-*•] |\d{1,3}[.)] )?")


def wrap(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken between words where possible.

    What is wrapped of an indented line, or of an item of a list, stands below its first word.
    """
    lines: list[str] = []
    for paragraph in text.expandtabs(4).split("\n"):
        if cell_width(paragraph) <= width:
            lines.append(paragraph.rstrip())
        else:
            lead = _LEAD.match(paragraph)
            indent = lead.end() if lead and lead.end() <= width // 2 else 0
            before, rest = paragraph[:indent], paragraph[indent:]
            for start, end in breaks(rest, width - indent):
                lines.append(f"{before}{rest[start:end]}")
                before = " " * indent
    return lines


def wrap_line(line: Line, width: int) -> list[Line]:
    """Return the cells of one paragraph in lines of at most `width` cells."""
    text = "".join(cell.text for cell in line)
    if cell_width(text) <= width:
        return [line]
    return [_slice(line, start, end) for start, end in breaks(text, width)] or [()]


def hard_wrap(text: str, width: int) -> list[str]:
    """Return one line in pieces of at most `width` cells, blanks kept."""
    pieces, width = [], max(1, width)
    while cell_width(text) > width:
        cut = _fitting(text, width)
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def breaks(paragraph: str, width: int) -> Iterator[tuple[int, int]]:
    """Return the start and end of each line of at most `width` cells in a paragraph."""
    width = max(1, width)  # so that something always fits
    if paragraph.isascii() and paragraph.isprintable():
        yield from _plain_breaks(paragraph, width)
        return
    start = end = used = 0
    for token in _TOKENS.finditer(paragraph):
        begin, stop = token.span()
        room = cell_width(token[0])
        if end > start and used + room > width:
            yield start, end
            start = begin + len(token[0]) - len(token[0].lstrip())
            used, room = 0, cell_width(paragraph[start:stop])
        while used + room > width:
            cut = start + _fitting(paragraph[start:stop], width)
            yield start, cut
            start, used = cut, 0
            room = cell_width(paragraph[start:stop])
        end, used = stop, used + room
    if paragraph[start:end].strip():
        yield start, end


def _plain_breaks(paragraph: str, width: int) -> Iterator[tuple[int, int]]:
    """Return the breaks where each character takes one cell, and the only blank is the space.

    It looks at each line, not at each word: what an agent writes is wrapped at every paint.
    """
    start, length = 0, len(paragraph)
    while length - start > width:
        limit = start + width
        is_between = paragraph[limit] == " "
        blank = limit if is_between else paragraph.rfind(" ", start, limit)
        end = start + len(paragraph[start : max(start, blank)].rstrip(" "))
        if end == start:  # a word longer than a line, or blanks
            yield start, limit
            start = limit
        else:
            yield start, end
            start = end
            while start < length and paragraph[start] == " ":
                start += 1
    if paragraph[start:].strip(" "):
        yield start, length


def _fitting(text: str, width: int) -> int:
    """Return how many characters fit, at least one."""
    used = 0
    for index, char in enumerate(text):
        used += cell_width(char)
        if used > width:
            return max(1, index)
    return len(text)


def _slice(line: Line, start: int, end: int) -> Line:
    cells, at = [], 0
    for cell in line:
        piece = cell.text[max(0, start - at) : max(0, end - at)]
        if piece:
            cells.append(Cell(piece, cell.style))
        at += len(cell.text)
    return tuple(cells)
