"""A page of the stream that the Live pane must read."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tui.core.values import dataclass

Side = Literal["before", "after", "start", "end", "around"]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which side of the file offset `place` is missing, and the time of the entry there."""

    side: Side
    place: int = 0
    stop: int = 0
    at: datetime | None = None
