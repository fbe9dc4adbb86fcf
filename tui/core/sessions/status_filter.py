"""Which sessions are in a state or status, by the words of STATE, of JSON and of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from tui.core.errors import UsageError
from tui.core.models.row import Status
from tui.core.models.run import Phase
from tui.core.models.session import Liveness, Session
from tui.core.sessions.attention import has_failed, is_quiet, is_stalled
from tui.core.sessions.cleanup_selection import is_expired
from tui.core.sessions.session_state import (
    OF_LIVENESS,
    OF_PHASE,
    OF_STATE,
    StateWord,
    progress_of,
    state_word,
)
from tui.core.text.safe_text import one_line

Predicate = Callable[[Session, datetime], bool]
StatusTest = Callable[[Session, datetime, timedelta], bool]


def _is(attribute: str, word: str) -> StatusTest:
    return lambda session, now, quiet_after: getattr(session, attribute) == word


def _is_in(word: StateWord) -> StatusTest:
    return lambda session, now, quiet_after: state_word(session, now, quiet_after) == word


def _is_in_phase(phase: Phase) -> StatusTest:
    def is_in_phase(session: Session, now: datetime, quiet_after: timedelta) -> bool:
        progress = progress_of(session)
        return progress is not None and progress.phase is phase

    return is_in_phase


def _is_running(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    return session.liveness is Liveness.BUSY and not session.is_starting


def _is_expired(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    return is_expired(session, now)


def _is_unread(session: Session, now: datetime, quiet_after: timedelta) -> bool:
    return bool(session.row_problem)


# The words of the STATE column. A session is taken also where STATE shows another word that
# matters more: `running` takes a quiet one as well.
_STATES: dict[StateWord, StatusTest] = {
    **{word: _is_in(word) for word in StateWord},
    **{word: _is("liveness", liveness) for liveness, word in OF_LIVENESS.items()},
    StateWord.RUNNING: _is_running,
    **{word: _is_in_phase(phase) for phase, word in OF_PHASE.items()},
    **{word: _is("state", state) for state, word in OF_STATE.items()},
    StateWord.STALLED: lambda session, now, quiet_after: is_stalled(session),
    StateWord.QUIET: is_quiet,
    StateWord.FAILED: lambda session, now, quiet_after: has_failed(session),
    StateWord.API_ERROR: lambda session, now, quiet_after: bool(session.turn_error),
    StateWord.CUT_OFF: lambda session, now, quiet_after: session.cut_off_at is not None,
    StateWord.UNSENT: lambda session, now, quiet_after: bool(session.unsent),
    StateWord.OVERWRITTEN: lambda session, now, quiet_after: session.overwritten is not None,
    StateWord.STRAY: lambda session, now, quiet_after: session.is_stray,
    StateWord.EXPIRED: _is_expired,
    StateWord.CLEANED: _is("status", Status.EXPIRED),
    StateWord.DELETED: _is("status", Status.DELETED),
}
STATE_WORDS = tuple(map(str, StateWord))
# The values of `status` and `liveness` in JSON, and what STATE showed in earlier versions.
STATUSES: dict[str, StatusTest] = {
    **{str(word): _is("liveness", word) for word in Liveness},
    "active": _is("status", Status.ACTIVE),
    "unread": _is_unread,
    **{str(word): test for word, test in _STATES.items()},
}


def parse_status(text: str, sessions: Iterable[Session], quiet_after: timedelta) -> Predicate:
    """Return the test for sessions in a status: a word that STATE shows, or a row's own status.

    Raises `UsageError` for a word that is neither known nor the status of any of `sessions`.
    """
    word = _status_word(text)
    if word in STATUSES:
        return bound(STATUSES[word], quiet_after)
    if not word or all(_status_word(one.status) != word for one in sessions):
        raise UsageError(f"no status {text!r}: use {', '.join(STATE_WORDS)}, or a row's status")
    return lambda session, now: _status_word(session.status) == word


def _status_word(text: str) -> str:
    return "-".join(one_line(text).lower().split())


def bound(test: StatusTest, quiet_after: timedelta) -> Predicate:
    """Return the test with how long a busy session may be silent."""
    return lambda session, now: test(session, now, quiet_after)
