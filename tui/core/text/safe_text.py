"""The one boundary that text from outside passes before it can reach a terminal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Whole escape sequences go first, so that their parameters do not stay behind as litter:
# string sequences (OSC, DCS, SOS, PM, APC) up to their terminator, CSI, then two-byte escapes.
# As in a terminal, any other escape ends a string too: so every start matches, in linear time.
_SEQUENCES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # formats of notations
    "\U0001f3fb-\U0001f3ff"  # skin tones: no two terminals agree on their width
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Where characters stand that take no cell of their own: outside of these no mark is known.
_BLOCKS = (
    *((0x300, 0x36F), (0x483, 0x489), (0x591, 0x1DFF), (0x20D0, 0x20FF), (0x2CEF, 0x2DFF)),
    *((0x302A, 0x302F), (0x3099, 0x309A), (0xA66F, 0xABFF)),
    *((0xD7B0, 0xD7FF), (0xFB1D, 0xFB1F), (0xFE20, 0xFE2F), (0x10000, 0x11FFF)),
    *((0x13430, 0x1345F), (0x16A00, 0x16FFF), (0x1BC00, 0x1BCAF), (0x1CF00, 0x1EFFF)),
)
_MOST_MARKS = 4  # no script in daily use puts more on one letter
_MAY_PILE = re.compile(
    f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _BLOCKS)}]{{{_MOST_MARKS + 1}}}"
)

_JOINING = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")  # the later letters of a Hangul syllable
_NEWLY_WIDE = re.compile(
    "[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]"
)
_WIDE_UNKNOWN = re.compile(
    "[\u2ffc-\u2fff\u31e4-\u31ef\ufa6e-\ufaff\U00016ff2-\U00018df2\U0001b132-\U0001b155"
    "\U0001f6d8-\U0001f6dc\U0001fa75-\U0001faff\U00020000-\U0003fffd]"
)
_EMOJI = "\U0001f000"
_CIRCLED = re.compile("[\u3248-\u324f]")  # as wide as the reader's language has it


def safe_text(text: object) -> str:
    """Return `text` with everything removed that could act on a terminal.

    Escape sequences, control characters (but tab and newline), bidirectional and zero-width
    controls, lone surrogates, and all but four of the marks on one letter go, whatever kinds they
    are of; everything that can be read stays.
    """
    raw = text if isinstance(text, str) else str(text)
    if raw.isascii() and raw.isprintable():
        return raw
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    shown = _FORBIDDEN.sub("", _SEQUENCES.sub("", raw))
    return _pile().sub(r"\1", shown) if _MAY_PILE.search(shown) else shown


@lru_cache(maxsize=1)
def _pile() -> re.Pattern[str]:
    """Return what finds more marks than may stand on one letter: they grow over other lines.

    A spacing mark counts too: Textual gives it no cell, and many terminals do. Made when a text
    first needs it, since that takes milliseconds.
    """
    spans: list[list[int]] = []
    for code in (code for first, last in _BLOCKS for code in range(first, last + 1)):
        if not _is_cell_less(chr(code)):
            continue
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    marks = "".join(f"{chr(first)}-{chr(last)}" for first, last in spans)
    return re.compile(f"([{marks}][{marks}]{{{_MOST_MARKS - 1}}})[{marks}]+")


def _is_cell_less(char: str) -> bool:
    is_mark = unicodedata.category(char) in ("Mn", "Me", "Mc")
    return is_mark or _JOINING.match(char) is not None


def one_line(text: object) -> str:
    """Return `safe_text(text)` on a single line, runs of white space folded."""
    if isinstance(text, str) and text.isascii() and text.isprintable():
        if "  " not in text and text[:1] != " " != text[-1:]:
            return text
        return " ".join(text.split())
    return " ".join(safe_text(text).split())


def cell_width(text: str) -> int:
    """Return how many terminal cells `text` takes; `text` is already safe."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    """Return what Textual counts as well, or the panes beside a text would shift."""
    if _is_cell_less(char):
        return 0
    if unicodedata.category(char) == "Cn":  # Python says of all that it does not know: wide
        return 2 if _WIDE_UNKNOWN.match(char) else 1
    is_wide = unicodedata.east_asian_width(char) in "WF" or _NEWLY_WIDE.match(char)
    return 2 if is_wide else 1


def agreed(text: str) -> str:
    """Return `text` with `?` for what some terminals show in other than the cells counted here.

    What follows it stays where it was.
    """
    return text if text.isascii() else "".join(_agreed(char) for char in text)


@lru_cache(maxsize=4096)
def _agreed(char: str) -> str:
    if _CIRCLED.match(char):
        return "?"
    is_unknown = unicodedata.category(char) == "Cn"
    return "? " if _char_width(char) == 2 and (is_unknown or _NEWLY_WIDE.match(char)) else char


def is_doubtful(text: str) -> bool:
    """Whether terminals do not agree how many cells a character with its marks takes."""
    if len(text) != 1 or text >= _EMOJI:
        return len(text) > 0
    return not text.isascii() and _agreed(text) != text


def fit(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells: padded on the right, or cut and ended with `~`."""
    used = cell_width(text)
    if used <= width:
        return text + " " * (width - used)
    kept, room = [], width - 1
    for char in text:
        if _char_width(char) > room:
            break
        room -= _char_width(char)
        kept.append(char)
    return "".join(kept) + "~" + " " * room if width > 0 else ""
