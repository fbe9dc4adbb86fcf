"""What the doctor found, in brief."""

from __future__ import annotations

from tui.core.values import dataclass

_NAMED = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many findings there are, as in `3 faults, 4 warnings`, and their kinds, the worst first.

    When `is_clear` there are at most notes. As a string it is one line for a shell.
    """

    counts: str = ""
    worst: tuple[str, ...] = ()
    is_clear: bool = True

    def __str__(self) -> str:
        if self.is_clear:
            return "doctor: all clear" + (f" ({self.counts})" if self.counts else "")
        named = f": {', '.join(self.worst[:_NAMED])}" if self.worst else ""
        return f"doctor: {self.counts}{named}; `doctor` explains"
