"""The inline part of Markdown: bold, emphasis, code and links of one line as styled cells."""

from __future__ import annotations

import re

from tui.core.text.late_pattern import late_pattern
from tui.view.text.lines import Cell, Line

# Every repetition is bounded, so that matching stays linear.
_SPAN = late_pattern(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`{1,4})(?!`)(?P<code>.{1,400}?)(?<!`)(?P=ticks)(?!`)"
    r"|\*\*(?=\S)(?P<bold>.{1,800}?)(?<=\S)\*\*"
    r"|(?<!\w)__(?=\S)(?P<bold2>.{1,800}?)(?<=\S)__(?!\w)"
    r"|(?<![\w*])\*(?=[^\s*])(?P<em>[^*]{1,400}?)(?<=\S)\*(?![\w*])"
    r"|(?<![\w_])_(?=[^\s_])(?P<em2>[^_]{1,400}?)(?<=\S)_(?![\w_])"
    r"|!?\[(?P<words>[^\[\]]{1,400})\]\((?P<url>[^()\s]{1,800}(?:\([^()\s]{0,200}\)[^()\s]{0,200})?)\)"
)
_LONGEST = 20_000
_DEEPEST = 4


def spans(text: str, style: str = "", depth: int = 0) -> Line:
    """Return one line of Markdown as cells; `style` is for plain text."""
    if len(text) > _LONGEST or depth > _DEEPEST:
        return (Cell(text, style),) if text else ()
    cells: list[Cell] = []
    at = 0
    for found in _SPAN.finditer(text):
        if found.start() > at:
            cells.append(Cell(text[at : found.start()], style))
        cells += _span(found, style, depth)
        at = found.end()
    if at < len(text):
        cells.append(Cell(text[at:], style))
    return joined(cells)


def _span(found: re.Match[str], style: str, depth: int) -> Line:
    if found["escaped"]:
        return (Cell(found["escaped"], style),)
    if found["code"]:
        code = found["code"]
        is_padded = code[0] == code[-1] == " " and code.strip()
        return (Cell(code[1:-1] if is_padded else code, "code"),)
    if bold := found["bold"] or found["bold2"]:
        return spans(bold, style if style == "heading" else "strong", depth + 1)
    if emphasis := found["em"] or found["em2"]:
        return spans(emphasis, style or "emphasis", depth + 1)
    words, url = spans(found["words"], style, depth + 1), found["url"]
    if "".join(cell.text for cell in words) == url:
        return words
    return (*words, Cell(f" ({url})", "muted"))


def joined(cells: list[Cell]) -> Line:
    """Merge neighbouring cells of the same style, since each change of style costs bytes."""
    line: list[Cell] = []
    for cell in cells:
        if line and line[-1].style == cell.style:
            line[-1] = Cell(line[-1].text + cell.text, cell.style)
        else:
            line.append(cell)
    return tuple(line)
