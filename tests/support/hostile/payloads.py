"""Twelve texts that would act on a terminal, and a check that a text does not."""

from __future__ import annotations

import re

_HARM = {
    "colour": "\x1b[31m",
    "clear the screen": "\x1b[2J\x1b[H",
    "ask where the cursor is": "\x1b[6n",
    "set the title": "\x1b]0;owned\x07",
    "write the clipboard": "\x1b]52;c;ZXZpbA==\x1b\\",
    "device control": "\x1bP$q q\x1b\\",
    "application command": "\x1b_Gi=1\x1b\\",
    "C1 control sequence": "\x9b31m",
    "C1 title": "\x9d0;owned\x9c",
    "bell, backspace, delete, return": "\x07\x08\x7f\r",
    "right to left": "\u202e\u2066",
    "zero width and line separators": "\u200b\u200d\ufeff\u2028\u2029",
}
PAYLOADS = {name: f"good{harm}end" for name, harm in _HARM.items()}

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # bidirectional, zero-width, separators
    "\ud800-\udfff]"
)
_LITTER = ("owned", "ZXZpbA", "31m", "2J", "6n", "$q", "Gi=1")
# What is left of a sequence that lost only its escape, and is in no text of ours.
LITTER = ("]0;", "]52;", "$q q", "Gi=1", "[2J")


def acts(text: str) -> bool:
    """Whether any character of `text` could act on a terminal or an app."""
    return _ACTING.search(text) is not None


def is_cleaned(text: str) -> bool:
    """Whether the harmless part of a payload is in `text`, and nothing else of it."""
    folded = "".join(text.split())
    is_whole = "goodend" in folded
    return is_whole and not acts(text) and not any(litter in text for litter in _LITTER)
