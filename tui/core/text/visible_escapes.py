r"""Shows text without loss: characters that a terminal would not show become visible escapes.

`\u200b` and `\x1b` are the characters with these codes; `\x5c` is a backslash that would otherwise
start such an escape. So no two texts look the same, and `original` restores the text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import agreed, cell_width, safe_text

MORE = "> "  # begins a row that continues the one above
_ODD = late_pattern(r"[^\x20-\x7e]+|\\(?=[xuU])")
_ODD_IN_JSON = late_pattern(r"[^\x20-\x7e]+|(?<= ) +")
_ESCAPE = late_pattern(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_MOST_MARKS = 4
_BLANK = r"\u0020"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me", "Mc"})
# Drawn as an empty cell or not at all, though they are letters or symbols by category.
_EMPTY = frozenset("\u2800\u2d7f\u303f\ufffc\U00016fe4\U0001d159\U0001da7f\U0001da80")
# Terminals that reorder these may also reorder the characters beside them.
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def revealed(text: str, *, is_ascii: bool = False) -> str:
    """Return one line of text with escapes for invisible characters; see `original`.

    With `is_ascii`, all non-ASCII characters are escaped.
    """
    return _ODD.sub(lambda found: _shown(found, _escape, is_ascii=is_ascii), text)


def original(shown: str) -> str:
    """Return the text that `revealed` turned into this."""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), shown)


def revealed_json(value: object, *, is_ascii: bool = False) -> str:
    """Return a value as JSON on one line, with every character visible; `json.loads` reads it."""
    text = json.dumps(value, ensure_ascii=False)
    return _ODD_IN_JSON.sub(lambda found: _shown(found, _json_escape, is_ascii=is_ascii), text)


def rows(line: str, width: int, margin: str = "") -> Iterator[str]:
    """Yield one revealed line in rows of at most `width` cells, behind a margin.

    Rows after the first have `MORE` as their margin. No row ends with an invisible blank.
    """
    if not line:
        yield margin.rstrip()
    room = max(12, width) - len(_BLANK)
    is_ascii, at = line.isascii(), 0
    while at < len(line):
        end = _end(line, at, room - len(margin), is_ascii=is_ascii)
        if end < len(line) and end - at > 1 and line[end - 1] == " " != line[end - 2]:
            end -= 1
        piece = line[at:end]
        yield margin + (piece[:-1] + _BLANK if piece.endswith(" ") else piece)
        at, margin = end, MORE


def _end(line: str, at: int, room: int, *, is_ascii: bool) -> int:
    """Return the end of the part of a line, from `at`, that fits into `room` cells."""
    if is_ascii:
        return min(len(line), at + room)
    used, end = cell_width(line[at : at + 1]), at + 1
    while end < len(line) and (used := used + cell_width(line[end])) <= room:
        end += 1
    return end


def _shown(found: re.Match[str], escape: Callable[[str], str], *, is_ascii: bool) -> str:
    """Return the match with escapes; a mark is kept if it is on a visible letter."""
    before = found.string[found.start() - 1 : found.start()] if found.start() else ""
    is_letter, marks, shown = before > " ", 0, []
    for char in found[0]:
        is_mark = _is_mark(char)
        marks = marks + 1 if is_mark else 0
        is_seen = _is_seen(char) and not is_ascii
        is_seen = is_seen and (not is_mark or (is_letter and marks <= _MOST_MARKS))
        shown.append(char if is_seen else escape(char))
        is_letter = is_seen
    return "".join(shown)


@lru_cache(maxsize=4096)
def _is_seen(char: str) -> bool:
    """Whether a terminal shows a character unchanged, and so do our panes."""
    if char.isascii():  # only controls, blanks and backslashes get here
        return False
    if char in _EMPTY or unicodedata.bidirectional(char) in _RIGHT_TO_LEFT:
        return False
    is_kept = safe_text(char) == char == agreed(char)
    return is_kept and unicodedata.category(char) not in _HIDDEN


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in _MARKS or cell_width(char) == 0


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
