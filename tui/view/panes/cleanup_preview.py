"""The list of what a clean-up would take, before anything moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tui.core.models.session import Session
from tui.core.text.safe_text import fit, one_line
from tui.view.text import formatting

Reasoned = Sequence[tuple[Session, str]]
Erased = Sequence[tuple[str, datetime]]


def listed(taken: Reasoned, skipped: Reasoned, erased: Erased, now: datetime) -> tuple[str, ...]:
    """Return a line for each session that would go, and for each that would not, with why.

    `erased` are the addresses of what would go from the trash for good, and since when it is there.
    """
    lines = [_line(one, why, now) for one, why in taken]
    if skipped:
        lines += ["", "left where they are:"]
        lines += [_line(one, why, now) for one, why in skipped]
    if erased:
        lines += ["", "erased from the trash for good:"]
        lines += [f"{one_line(name)}  {formatting.quiet(at, now)} there" for name, at in erased]
    return tuple(lines)


def _line(session: Session, why: str, now: datetime) -> str:
    name = fit(f"{session.listing}/{formatting.stage(session.stage)}", 22)
    quiet, size = formatting.quiet(session.last_activity_at, now), formatting.size(session.bytes)
    said = f"{fit(one_line(why), 9)} {one_line(session.title)}" if len(why) < 10 else one_line(why)
    return f"{formatting.short_id(session.session_id)}  {name} {quiet:>5} {size:>5}  {said}"
