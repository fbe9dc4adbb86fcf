"""Agents' Markdown as terminal lines.

Line breaks are kept. What is not recognised is shown as written, so that nothing is hidden; the
time grows only linearly with the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tui.core.text.late_pattern import late_pattern
from tui.view.text.lines import Cell, Line
from tui.view.text.markdown_spans import spans
from tui.view.text.markdown_table import is_delimiter, table_lines
from tui.view.text.styled_text import hard_wrap, wrap_line

_FENCE = late_pattern(r"( {0,12})(`{3,}|~{3,})(.*)")
_HEADING = late_pattern(r" {0,3}(#{1,6})[ \t]+(.*)")
_RULE = late_pattern(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_ITEM = late_pattern(r"([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(.*)")
_QUOTE = late_pattern(r" {0,3}> ?(.*)")
_LONGEST = 5_000
_DEEPEST = 6
_BAR = Cell("│ ", "rule")


def markdown_lines(text: str, width: int) -> list[Line]:
    """Return a finished message in lines of at most `width` cells."""
    return _Blocks(text.strip("\n").split("\n"), max(8, width)).lines()


def numbered_markdown(lines: Sequence[str], width: int) -> list[tuple[int, Line]]:
    """Return the same of a text in lines, each with the index of the line its block begins at."""
    blocks = _Blocks(lines, max(8, width))
    drawn = blocks.lines()
    return list(zip(blocks.origins, drawn, strict=False))


class _Blocks:
    def __init__(self, source: Sequence[str], width: int, style: str = "", depth: int = 0) -> None:
        self._source = source
        self._width = width
        self._style = style
        self._depth = depth
        self._at = 0
        self._lines: list[Line] = []
        self.origins: list[int] = []
        self._hang = 0

    def lines(self) -> list[Line]:
        """Render block after block; each takes at least one source line."""
        while self._at < len(self._source):
            first, line = self._at, self._source[self._at].expandtabs(4)
            if not line.strip():
                self._blank()
            elif not (len(line) <= _LONGEST and self._block(line)):
                self._plain(line)
            self.origins += [first] * (len(self._lines) - len(self.origins))
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return self._lines

    def _block(self, line: str) -> bool:
        if fence := _FENCE.fullmatch(line):
            self._fenced(fence)
        elif heading := _HEADING.fullmatch(line):
            words = re.sub(r"[ \t]#+$", "", heading[2].rstrip()).strip()
            self._add(spans(words, "heading" if len(heading[1]) < 3 else "strong"))
        elif _RULE.fullmatch(line):
            self._add((Cell("─" * min(self._width, 40), "rule"),))
        elif _QUOTE.match(line) and self._depth < _DEEPEST:
            self._quoted()
        elif "|" in line and self._is_table():
            self._table()
        elif item := _ITEM.fullmatch(line):
            self._item(item)
        else:
            return False
        return True

    def _add(self, line: Line, indent: str = "", hang: int = 0) -> None:
        room = max(4, self._width - max(len(indent), hang))
        for number, piece in enumerate(wrap_line(line, room)):
            before = indent if number == 0 else " " * hang
            self._lines.append((Cell(before, self._style), *piece) if before else piece)
        self._at += 1

    def _blank(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append(())
        self._at += 1

    def _plain(self, line: str) -> None:
        """Render a line of text; one that is indented below a list item is aligned with it."""
        deep = len(line) - len(line.lstrip())
        if deep == 0:
            self._hang = 0
        indent = min(deep, self._width // 2) if not self._hang else min(deep, self._hang)
        self._add(spans(line.strip(), self._style), " " * indent, indent)

    def _item(self, item: re.Match[str]) -> None:
        deep = min(len(item[1]), self._width // 3)
        mark = f"{' ' * deep}{item[2]} "
        self._hang = len(mark)
        self._add(spans(item[3], self._style), mark, self._hang)

    def _fenced(self, fence: re.Match[str]) -> None:
        """Render code unchanged behind a bar, up to its closing fence or the end."""
        self._at += 1
        closing = re.compile(rf" {{0,12}}{re.escape(fence[2][0])}{{{len(fence[2])},}}[ \t]*")
        deep = len(fence[1])
        while self._at < len(self._source):
            line = self._source[self._at].expandtabs(4)
            self._at += 1
            if closing.fullmatch(line):
                break
            code = line[min(deep, len(line) - len(line.lstrip())) :].rstrip()
            for piece in hard_wrap(code, self._width - 2):
                self._lines.append((_BAR, Cell(piece, "code")))

    def _quoted(self) -> None:
        inner = []
        while self._at < len(self._source) and (
            found := _QUOTE.match(self._source[self._at].expandtabs(4))
        ):
            inner.append(found[1])
            self._at += 1
        room = max(8, self._width - 2)
        for line in _Blocks(inner, room, "muted", self._depth + 1).lines():
            self._lines.append((_BAR, *line))

    def _is_table(self) -> bool:
        following = self._source[self._at + 1 : self._at + 2]
        return bool(following) and is_delimiter(following[0], self._source[self._at], self._width)

    def _table(self) -> None:
        rows = []
        while self._at < len(self._source) and "|" in self._source[self._at]:
            rows.append(self._source[self._at].strip())
            self._at += 1
        self._lines += table_lines(rows, self._width)
