"""What is odd, and what can be done about it: two texts that are shown as one sentence."""

from __future__ import annotations

from tui.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """`words` say what is odd, and `remedy`, which may be empty, what fixes it."""

    words: str
    remedy: str = ""

    def __str__(self) -> str:
        return "; ".join(filter(None, (self.words, self.remedy)))
