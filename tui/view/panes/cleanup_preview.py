"""The preview of a clean-up: what it would move, before anything moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tui.core.models.session import Session
from tui.core.text.safe_text import cell_width, fit, one_line
from tui.core.text.sizes import size_text
from tui.view.text import formatting

Reasoned = Sequence[tuple[Session, str]]
Erased = Sequence[tuple[str, datetime]]


def listed(taken: Reasoned, skipped: Reasoned, erased: Erased, now: datetime) -> tuple[str, ...]:
    """Return a line for each session that would be moved or skipped, with the reason.

    `erased` are the addresses of what would be erased from the trash, and when it was put there.
    """
    widest = max((cell_width(why) for _, why in taken), default=0)
    lines = [f"{_line(one, fit(why, widest), now)} {one_line(one.title)}" for one, why in taken]
    if skipped:
        lines += ["", "skipped:", *(_line(one, one_line(why), now) for one, why in skipped)]
    if erased:
        lines += ["", "permanently erased from the trash:"]
        lines += [
            f"{one_line(name)}  in the trash for {formatting.elapsed(at, now)}"
            for name, at in erased
        ]
    return tuple(lines)


def _line(session: Session, why: str, now: datetime) -> str:
    name = fit(formatting.listing_stage(session, 22), 22)
    quiet, size = formatting.elapsed(session.last_activity_at, now), size_text(session.bytes)
    return f"{formatting.short_id(session.session_id)}  {name} {quiet:>5} {size:>5}  {why}"
