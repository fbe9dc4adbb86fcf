"""What the Live pane lacks of the stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Side = Literal["before", "after", "start", "end", "around"]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page that the pane lacks: on which side of `place`, and what stands there at what time."""

    side: Side
    place: int = 0
    stop: int = 0
    at: datetime | None = None
