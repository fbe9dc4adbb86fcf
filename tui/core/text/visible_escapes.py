r"""Text in which nothing is hidden: what a terminal would not show is a visible escape.

`\u200b` and `\x1b` stand for the characters of these codes, and `\x5c` for a backslash that would
otherwise read as the beginning of such an escape. So each text is drawn in a way of its own, and
`original` gives it back.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from tui.core.text.safe_text import agreed, cell_width, safe_text

MORE = "> "  # begins a row that goes on with the text of the row above
_ODD = re.compile(r"[^\x20-\x7e]+|\\(?=[xuU])")
_ODD_IN_JSON = re.compile(r"[^\x20-\x7e]+|(?<= ) +")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_MOST_MARKS = 4
_BLANK = r"\u0020"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me", "Mc"})
# Drawn as an empty cell, or as nothing, though their category is that of a letter or symbol.
_EMPTY = frozenset("\u2800\u2d7f\u303f\ufffc\U00016fe4\U0001d159\U0001da7f\U0001da80")
# A terminal that arranges these itself may show what stands beside them in another order.
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def revealed(text: str, *, is_ascii: bool = False) -> str:
    """Return one line of text with escapes for what is not seen; see `original`.

    With `is_ascii` everything that is no ASCII counts as not seen.
    """
    return _ODD.sub(lambda found: _shown(found, _escape, is_ascii=is_ascii), text)


def original(shown: str) -> str:
    """Return the text that `revealed` made this of."""
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2] or found[3], 16)), shown)


def revealed_json(value: object, *, is_ascii: bool = False) -> str:
    """Return a value as JSON on one line, every character in it seen; `json.loads` reads it."""
    text = json.dumps(value, ensure_ascii=False)
    return _ODD_IN_JSON.sub(lambda found: _shown(found, _json_escape, is_ascii=is_ascii), text)


def rows(line: str, width: int, margin: str = "") -> Iterator[str]:
    """Yield one line, already revealed, in rows of at most `width` cells, behind a margin.

    The rows after the first have `MORE` there. No row ends with a blank that nobody sees.
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
    """Return up to where a line has room for what begins at `at`."""
    if is_ascii:
        return min(len(line), at + room)
    used, end = cell_width(line[at : at + 1]), at + 1
    while end < len(line) and (used := used + cell_width(line[end])) <= room:
        end += 1
    return end


def _shown(found: re.Match[str], escape: Callable[[str], str], *, is_ascii: bool) -> str:
    """Return what was found with escapes; a mark stays on a letter that is seen."""
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
    """Whether a terminal shows a character as it is, and no pane changes it."""
    if char.isascii():  # all that comes here is a control, a blank or a backslash
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
