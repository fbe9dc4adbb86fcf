"""The one place where untrusted text is made safe for a terminal, and measured in cells."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from tui.core.text.late_pattern import late_pattern

# Whole escape sequences are removed first, so that their parameters don't stay behind:
# string sequences (OSC, DCS, SOS, PM, APC) up to their terminator, CSI, then two-byte escapes.
# As in a terminal, any other escape also ends a string: so every start matches, in linear time.
_SEQUENCES = late_pattern(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|(?=\x1b)|$)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_FORBIDDEN = late_pattern(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # formats of notations
    "\U0001f3fb-\U0001f3ff"  # skin tones: no two terminals agree on their width
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
# The blocks with characters that take no cell of their own; no marks are known outside them.
_BLOCKS = (
    *((0x300, 0x36F), (0x483, 0x489), (0x591, 0x1DFF), (0x20D0, 0x20FF), (0x2CEF, 0x2DFF)),
    *((0x302A, 0x302F), (0x3099, 0x309A), (0xA66F, 0xABFF)),
    *((0xD7B0, 0xD7FF), (0xFB1D, 0xFB1F), (0xFE20, 0xFE2F), (0x10000, 0x11FFF)),
    *((0x13430, 0x1345F), (0x16A00, 0x16FFF), (0x1BC00, 0x1BCAF), (0x1CF00, 0x1EFFF)),
)
_MOST_MARKS = 4  # no script in daily use puts more on one letter
_MAY_PILE = late_pattern(
    f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _BLOCKS)}]{{{_MOST_MARKS + 1}}}"
)

_JOINING = late_pattern("[\u1160-\u11ff\ud7b0-\ud7ff]")  # the later letters of a Hangul syllable
_NEWLY_WIDE = late_pattern(
    "[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]"
)
_WIDE_UNKNOWN = late_pattern(
    "[\u2ffc-\u2fff\u31e4-\u31ef\ufa6e-\ufaff\U00016ff2-\U00018df2\U0001b132-\U0001b155"
    "\U0001f6d8-\U0001f6dc\U0001fa75-\U0001faff\U00020000-\U0003fffd]"
)
_EMOJI = "\U0001f000"
_CIRCLED = late_pattern("[\u3248-\u324f]")  # their width depends on the terminal's language


def safe_text(text: object) -> str:
    """Return `text` without anything that could affect a terminal.

    Removes escape sequences, control characters (except tab and newline), bidirectional and
    zero-width controls, lone surrogates, and more than four combining marks on one letter.
    """
    raw = text if isinstance(text, str) else str(text)
    if raw.isascii() and raw.replace("\n", "").replace("\t", "").isprintable():
        return raw
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    if _FORBIDDEN.search(raw):  # every sequence begins with such a character
        raw = _FORBIDDEN.sub("", _SEQUENCES.sub("", raw))
    return _pile().sub(r"\1", raw) if _MAY_PILE.search(raw) else raw


@lru_cache(maxsize=1)
def _pile() -> re.Pattern[str]:
    """Return the pattern for too many marks on one letter, which would cover other lines.

    Spacing marks count too: Textual gives them no cell, but many terminals do. Compiled on first
    use, since that takes milliseconds.
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
    """Return `safe_text(text)` on a single line, with runs of white space collapsed."""
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
    """Return the same width as Textual does, or the panes beside a text would shift."""
    if _is_cell_less(char):
        return 0
    if unicodedata.category(char) == "Cn":  # Python calls all unassigned characters wide
        return 2 if _WIDE_UNKNOWN.match(char) else 1
    is_wide = unicodedata.east_asian_width(char) in "WF" or _NEWLY_WIDE.match(char)
    return 2 if is_wide else 1


def agreed(text: str) -> str:
    """Return `text` with `?` for characters whose width differs between terminals.

    The replacement is as wide as `cell_width` says, so that what follows does not move.
    """
    return text if text.isascii() else "".join(_agreed(char) for char in text)


@lru_cache(maxsize=4096)
def _agreed(char: str) -> str:
    if _CIRCLED.match(char):
        return "?"
    is_unknown = unicodedata.category(char) == "Cn"
    return "? " if _char_width(char) == 2 and (is_unknown or _NEWLY_WIDE.match(char)) else char


def is_doubtful(text: str) -> bool:
    """Whether terminals disagree on the width of a character with its marks."""
    if len(text) != 1 or text >= _EMOJI:
        return len(text) > 0
    return not text.isascii() and _agreed(text) != text


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` cells; what is longer ends with `~`."""
    return fit(text, min(cell_width(text), max(0, width)))


def cut_middle(text: str, width: int) -> str:
    """Return `text` in at most `width` cells; what is longer has `…` for its middle."""
    if cell_width(text) <= width:
        return text
    room = max(0, width - 1)
    end = beginning(text[::-1], room // 2)[::-1]
    return beginning(text, room - cell_width(end)) + "…"[:width] + end


def fit(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells: padded on the right, or cut and ended with `~`."""
    used = cell_width(text)
    if used <= width:
        return text + " " * (width - used)
    kept = beginning(text, width - 1)
    return f"{kept}~{' ' * (width - 1 - cell_width(kept))}" if width > 0 else ""


def beginning(text: str, room: int) -> str:
    """Return as many characters as fit into `room` cells."""
    for count, char in enumerate(text):
        room -= _char_width(char)
        if room < 0:
            return text[:count]
    return text
