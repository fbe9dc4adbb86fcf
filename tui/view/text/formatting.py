"""Times, costs and states in a few cells."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from tui.core.models.run import Phase, Progress
from tui.core.models.session import Session
from tui.core.sessions.attention import is_all_settled
from tui.core.sessions.session_state import OF_PHASE, StateWord, progress_of, state_word
from tui.core.text.safe_text import cell_width, cut_middle, one_line
from tui.core.time.moments import moment as moment

_MOST_STAGE = 8
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def countdown(until: datetime | None, now: datetime, *, is_unreadable: bool = False) -> str:
    """Return how long is left: `13d`, `6d 04h`, `23h 10m`, `12m`, `42s`; `-3h` when past."""
    if is_unreadable:
        return "?"
    if until is None:
        return "-"
    left = until - now
    if left <= timedelta():
        return "now" if -left < _MINUTE else "-" + _coarse(-left)
    if left < _MINUTE:
        return f"{int(left.total_seconds())}s"
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


def elapsed(last: datetime | None, now: datetime) -> str:
    """Return how long ago something was written; `now` under ten seconds, to repaint rarely."""
    if last is None:
        return "-"
    gone = now - last
    if gone < timedelta(seconds=10):
        return "now"
    if gone < _MINUTE:
        return f"{int(gone.total_seconds()) // 10 * 10}s"
    return _coarse(gone)


def tokens(count: int) -> str:
    """Return a number of tokens in four cells: `950`, `3.4k`, `122k`, `1.0M`."""
    if count < 1000:
        return str(count)
    if count >= 1_000_000:
        return f"{min(count, 999 * 10**6) / 10**6:.1f}"[:3].rstrip(".") + "M"
    return f"{count / 1000:.1f}k" if count < 10_000 else f"{count // 1000}k"


def cost(dollars: float | None) -> str:
    """Return an amount of dollars: `$1.20`, `$18` from ten on; `-` when unknown."""
    if dollars is None:
        return "-"
    return f"${dollars:.2f}" if dollars < 10 else f"${dollars:.0f}"


def day(one: date, today: date) -> str:
    """Return a day as `Tue 24 Nov`, with its year unless that is the one of `today`."""
    return f"{one:%a %d %b}{f' {one.year}' if one.year != today.year else ''}"


def day_rule(one: date, before: date) -> str:
    """Return the rule above what is of a day; `before` is the day shown last."""
    return f"── {day(one, before)} ──"


def hour(at: datetime | None, now: datetime, zone: tzinfo) -> str:
    """Return a moment in nine cells: `17:30` today, `Fri 17:30` within a week, else `02 Dec`."""
    if at is None:
        return "-"
    shown = at.astimezone(zone)
    if shown.date() == now.astimezone(zone).date():
        return f"{shown:%H:%M}"
    is_near = abs(at - now) < timedelta(days=6)
    return f"{shown:%a %H:%M}" if is_near else f"{shown:%d %b}"


def stage(name: str) -> str:
    """Return a stage without the word "stage": `stage_3` is `3`, no stage `-`."""
    return name.removeprefix("stage").lstrip("_- ") or name or "-"


def listing_stage(session: Session, width: int = 1000) -> str:
    """Return `hollis_park/3`; a listing that does not fit is shortened in its middle."""
    ending = f"/{cut_middle(stage(one_line(session.stage)), _MOST_STAGE)}"
    return cut_middle(one_line(session.listing), max(1, width - cell_width(ending))) + ending


def short_id(session_id: str) -> str:
    """Return the start of an id, enough to tell sessions apart."""
    return session_id[:8]


_SIGNS = {
    StateWord.LIMITED: ("◌", "noticed"),
    StateWord.RETRYING: ("◌", "noticed"),
    StateWord.STALLED: ("◌", "noticed"),
    StateWord.QUIET: ("◌", "noticed"),
    StateWord.WAITING: ("?", "attention"),
    StateWord.STARTING: ("○", "good"),
    StateWord.ASKING_API: ("○", "good"),
    StateWord.RUNNING: ("●", "good"),
    StateWord.QUEUED: ("…", "muted"),
    StateWord.ORPHAN: ("◍", "bad"),
    StateWord.UNKNOWN: ("◍", "noticed"),
    StateWord.ATTACHED: ("○", "good"),
    StateWord.FAILED: ("✗", "bad"),
    StateWord.API_ERROR: ("✗", "bad"),
    StateWord.CUT_OFF: ("✗", "bad"),
    StateWord.UNSENT: ("✗", "bad"),
    StateWord.OVERWRITTEN: ("≠", "noticed"),
    StateWord.UNREADABLE: ("?", "noticed"),
    StateWord.STRAY: ("↗", "noticed"),
    StateWord.GHOST: ("✗", "bad"),
    StateWord.UNTRACKED: ("+", "muted"),
    StateWord.LEFTOVER: ("◌", "muted"),
    StateWord.EXPIRED: ("-", "noticed"),
    StateWord.PAST_END: ("-", "noticed"),
    StateWord.READY: ("·", "calm"),
}
_NO_SIGN = ("-", "muted")
STATE_WIDTH = 2 + max(map(len, StateWord))


def state(session: Session, now: datetime, quiet_after: timedelta) -> tuple[str, str]:
    """Return the sign and the word for a session's state, and its style.

    What somebody has acknowledged is muted.
    """
    word = state_word(session, now, quiet_after)
    sign, style = _sign(word)
    is_muted = is_all_settled(session, now, quiet_after)
    return f"{sign} {word}", "muted" if is_muted else style


def state_in_full(
    session: Session, now: datetime, quiet_after: timedelta, room: int = 1000
) -> tuple[str, str]:
    """Return the sign and the state in as many words as it takes, else its one word; its style."""
    shown, style = state(session, now, quiet_after)
    word, progress = state_word(session, now, quiet_after), progress_of(session)
    if progress is None or OF_PHASE.get(progress.phase) != word:
        return shown, style
    full = f"{_sign(word)[0]} {progress_words(progress, now)}"
    return (full if len(full) <= room else shown), style


def progress_words(progress: Progress, now: datetime) -> str:
    """Return how far a run is with its prompt: `retrying 529 (7/10)`; empty once it is at work."""
    tries = f"({progress.attempt}/{progress.most})" if progress.most else ""
    match progress.phase:
        case Phase.CLI:
            return "starting CLI"
        case Phase.API:
            return "waiting for the API"
        case Phase.RETRY:
            return " ".join(filter(None, ("retrying", progress.status, tries)))
        case Phase.LIMIT:
            until = progress.until
            left = countdown(until, now) if until is not None and until > now else ""
            return " ".join(filter(None, ("waits for limit", left, tries)))
        case _:
            return ""


def state_legend() -> tuple[tuple[str, str], ...]:
    """Return every state as the STATE column shows it, and what it means."""
    return tuple((f"{_sign(word)[0]} {word}", word.meaning) for word in StateWord)


def _sign(word: StateWord | str) -> tuple[str, str]:
    return _SIGNS.get(word, _NO_SIGN) if isinstance(word, StateWord) else _NO_SIGN
