"""Which bytes of a transcript may hide a word: the text shown differs from the bytes.

Invisible characters split a word, an escape can stand for any letter, and a few letters outside
ASCII equal `i`, `k` and `s` when case is ignored.
"""

from __future__ import annotations

from tui.core.text.late_pattern import late_pattern

_ESCAPE = (
    rb"\\(?:[bf]|u(?:00(?:[0-9]|[aA][dD])|01[37]|034[fF]|061[cC]|11[56]|17[bB]|180|20[026]"
    rb"|212[aA]|3164|[fF][eEfF]|[dD][89a-fA-F]))"
)
_AS_IT_IS = (
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
    rb"|\xc2[\x80-\x9f\xad]|\xc4[\xb0\xb1]|\xc5\xbf|\xcd\x8f|\xd8\x9c"
    rb"|\xe1(?:\x85[\x9f\xa0]|\x9e[\xb4\xb5]|\xa0[\x8b-\x8f])"
    rb"|\xe2(?:\x80[\x8b-\x8f\xa8-\xae]|\x81[\xa0-\xaf]|\x84\xaa)|\xe3\x85\xa4|\xed[\xa0-\xbf]"
    rb"|\xef(?:\xb8[\x80-\x8f]|\xbb\xbf|\xbe\xa0|\xbf[\xb0-\xbb])"
    rb"|\xf0(?:\x93\x90|\x9b\xb2|\x9d\x85|\x9f\x8f)|\xf3\xa0"
)
_ESCAPED = late_pattern(_ESCAPE)
_HIDING = late_pattern(_ESCAPE + rb"|" + _AS_IT_IS)
# Stands for every byte that occurs in an unescaped hiding character.
_MARK = b"\x01"
_MARKED = frozenset(
    (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0x81, *range(0x8B, 0x90), *range(0xA8, 0xAF))
) | {0xC2, 0xC4, 0xC5, 0xCD, 0xD8, 0xE1, 0xE3, 0xED, 0xEF, 0xF0, 0xF3}
_FOLDED = bytes(_MARK[0] if one in _MARKED else one for one in range(256)).lower()


class HiddenWordFinder:
    """Finds what may hide a word in a block.

    `lowered` is the block in lower case, with `_MARK` for the bytes of hiding characters.
    """

    def __init__(self, block: bytearray) -> None:
        self._block = block
        self.lowered = block.translate(_FOLDED)
        self.is_there = _MARK in self.lowered or (
            b"\\" in block and _ESCAPED.search(block) is not None
        )

    def find(self, start: int) -> int:
        """Return the next such offset from `start` on, -1 for none."""
        found = _HIDING.search(self._block, start) if self.is_there else None
        return found.start() if found else -1
