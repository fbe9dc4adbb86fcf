"""The page of the last messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from tui.core.values import KW_ONLY, dataclass
from tui.view.text import formatting
from tui.view.text.lines import Cell, Line
from tui.view.text.styled_text import wrap

_TIME_WIDTH = 10


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it stood in the message line, when it was said last, and how often in a row."""

    text: str
    style: str
    _: KW_ONLY
    at: datetime
    times: int = 1


def message_lines(
    said: Iterable[Said], width: int, zone: tzinfo, now: datetime
) -> tuple[Line, ...]:
    """Return all messages whole, each with its time, under rules that name other days."""
    return tuple(_lines(said, max(20, width - _TIME_WIDTH - 1), zone, now)) or (
        (Cell(" no messages yet", "muted"),),
    )


def _lines(said: Iterable[Said], room: int, zone: tzinfo, now: datetime) -> Iterator[Line]:
    day = now.astimezone(zone).date()
    for one in said:
        at = one.at.astimezone(zone)
        if at.date() != day:
            yield (Cell(f" {formatting.day_rule(at.date(), day)}", "muted"),)
            day = at.date()
        text = f"{one.text} ({one.times} times)" if one.times > 1 else one.text
        for number, piece in enumerate(wrap(text, room)):
            time = "" if number else f" {at:%H:%M:%S}"
            yield (Cell(time.ljust(_TIME_WIDTH), "muted"), Cell(piece, one.style))
