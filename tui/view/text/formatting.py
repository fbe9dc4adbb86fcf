"""How moments, sizes and states are said in a few cells."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from tui.core.attention import is_quiet, is_settled, is_stalled, need_of
from tui.core.models.row import Status
from tui.core.models.session import Liveness, Session, State

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def countdown(until: datetime | None, now: datetime, *, is_unreadable: bool = False) -> str:
    """Return how long is left: `13d`, `6d 04h`, `23h 10m`, `12m`, `00:42`; `-3h` when past."""
    if is_unreadable:
        return "?"
    if until is None:
        return "-"
    left = until - now
    if left <= timedelta():
        return "-" + _coarse(-left)
    if left < _MINUTE:
        return f"00:{int(left.total_seconds()):02}"
    return span(left)


def span(left: timedelta) -> str:
    """Return a positive duration in at most seven cells, never finer than minutes."""
    if left >= _WEEK:
        return f"{left // _DAY}d"
    if left >= _DAY:
        return f"{left // _DAY}d {left % _DAY // _HOUR:02}h"
    if left >= _HOUR:
        return f"{left // _HOUR}h {left % _HOUR // _MINUTE:02}m"
    return f"{left // _MINUTE}m"


def _coarse(gone: timedelta) -> str:
    for unit, sign in ((_DAY, "d"), (_HOUR, "h")):
        if gone >= unit:
            return f"{gone // unit}{sign}"
    return f"{gone // _MINUTE}m"


def quiet(last: datetime | None, now: datetime) -> str:
    """Return how long nothing was written; `now` under ten seconds, so that it rarely changes."""
    if last is None:
        return "-"
    gone = now - last
    if gone < timedelta(seconds=10):
        return "now"
    if gone < _MINUTE:
        return f"{int(gone.total_seconds()) // 10 * 10}s"
    return _coarse(gone)


def size(count: int | None) -> str:
    """Return a number of bytes in at most four cells or so: `880K`, `2.1M`."""
    if count is None:
        return "?"
    from humanize import naturalsize

    text = naturalsize(count, gnu=True, format="%.1f")
    return text if len(text) <= 4 else naturalsize(count, gnu=True, format="%.0f")


def cost(dollars: float | None) -> str:
    """Return an amount of dollars: `$1.20`, `$18` from ten on; `-` when unknown."""
    if dollars is None:
        return "-"
    return f"${dollars:.2f}" if dollars < 10 else f"${dollars:.0f}"


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return a moment of today as `02:10`, any other as `20 Nov 02:10`."""
    shown, today = at.astimezone(zone), now.astimezone(zone).date()
    return shown.strftime("%H:%M" if shown.date() == today else "%d %b %H:%M")


def stage(name: str) -> str:
    """Return a stage without the word itself: `stage_3` is `3`."""
    return name.removeprefix("stage").lstrip("_- ") or name


def short_id(session_id: str) -> str:
    """Return the first cells of an id, enough to tell sessions apart."""
    return session_id[:8]


_LIVE = {
    Liveness.WAITING: ("? waiting", "attention"),
    Liveness.BUSY: ("● busy", "good"),
    Liveness.QUEUED: ("… queued", "muted"),
    Liveness.ORPHAN: ("◍ orphan", "bad"),
    Liveness.UNKNOWN: ("◍ unknown", "noticed"),
    Liveness.IDLE: ("○ idle", "good"),
}
_ODD = {
    State.GHOST: ("✗ ghost", "bad"),
    State.UNTRACKED: ("+ untracked", "muted"),
    State.LEFTOVER: ("◌ leftover", "muted"),
}
_STATUS = {
    Status.ACTIVE: ("· active", "calm"),
    Status.FAILED: ("✗ failed", "bad"),
    Status.EXPIRED: ("- expired", "muted"),
    Status.DELETED: ("- deleted", "muted"),
}


OVERWRITTEN = "≠ overwritten"


def state(session: Session, now: datetime, quiet_after: timedelta) -> tuple[str, str]:
    """Return the glyph and word for what a session is now, and its style.

    What somebody has acknowledged no longer shouts.
    """
    word, style = _state(session, now, quiet_after)
    need = need_of(session, now, quiet_after)
    return word, "muted" if need is not None and is_settled(session, need) else style


def _state(session: Session, now: datetime, quiet_after: timedelta) -> tuple[str, str]:
    if is_stalled(session):
        return "◌ stalled", "noticed"
    if is_quiet(session, now, quiet_after):
        return "◌ quiet", "noticed"
    if session.liveness in _LIVE:
        return _LIVE[session.liveness]
    if session.status == Status.FAILED:
        return _STATUS[Status.FAILED]
    if session.turn_error:
        return "✗ API error", "bad"
    if session.overwritten is not None:
        return OVERWRITTEN, "noticed"
    if session.unread:
        return "? unread", "noticed"
    if session.is_stray:
        return "↗ stray", "noticed"
    if session.state in _ODD:
        return _ODD[session.state]
    if _is_known(session.status):
        return _STATUS[Status(session.status)]
    return f"- {session.status}", "muted"


def _is_known(status: str) -> bool:
    return status in {one.value for one in Status}
