"""The one boundary that text from outside passes before it can reach a terminal."""

from __future__ import annotations

import re
import unicodedata

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
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def safe_text(text: object) -> str:
    """Return `text` with everything removed that could act on a terminal.

    Escape sequences, control characters (but tab and newline), bidirectional and zero-width
    controls, and lone surrogates go; everything that can be read stays.
    """
    raw = text if isinstance(text, str) else str(text)
    if raw.isascii() and raw.isprintable():
        return raw
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    return _FORBIDDEN.sub("", _SEQUENCES.sub("", raw))


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


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


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
