"""The one word for the state that a session is in, and what each word means.

STATE, the filter, `ls --status`, `state_word` in JSON, the help and the guides all take theirs from
here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from tui.core.models.row import Status
from tui.core.models.run import Phase, Progress
from tui.core.models.session import Liveness, Session, State
from tui.core.sessions.attention import is_quiet, is_stalled
from tui.core.sessions.listing_join import is_past, is_pending


class StateWord(StrEnum):
    """A state and its meaning; where several apply, a session is in the first of them."""

    meaning: str

    def __new__(cls, word: str, meaning: str = "") -> StateWord:
        """Return a word that also carries its meaning."""
        one = str.__new__(cls, word)
        one._value_ = word
        one.meaning = meaning
        return one

    LIMITED = "rate-limit", "the API refuses more for now; it is asked again by itself"
    RETRYING = "retrying", "the API failed, and is asked again by itself"
    STALLED = "stalled", "running, but nothing has come from the API for `stall_timeout`"
    QUIET = "quiet", "running, but nothing has been written for `quiet_after`"
    WAITING = "waiting", "its agent waits for a permission or an answer"
    STARTING = "starting", "its run has begun, and the CLI is starting"
    ASKING_API = "asking-api", "its prompt was sent, and the API has not answered yet"
    RUNNING = "running", "its agent is working on a turn"
    QUEUED = "queued", "its run waits for a free place, or for a hold to be released"
    ORPHAN = "orphan", "runner died; CLI still running"
    UNKNOWN = "unknown", "cannot tell whether it is running, so nothing acts on it"
    ATTACHED = "attached", "a process or its pipeline has it open, but no turn is running"
    FAILED = "failed", "its last turn failed, or somebody marked it as failed"
    API_ERROR = "api-error", "its last turn failed at the API, or was a prompt that somebody added"
    CUT_OFF = (
        "cut-off",
        "left in the middle of a turn: its run was killed or given up",
    )
    UNSENT = "unsent", "its run ended before a prompt was sent to its agent"
    OVERWRITTEN = "overwritten", "the pipeline overwrote a change made here"
    UNREADABLE = "unreadable", "its row or transcript cannot be read now"
    STRAY = "stray", "its transcript lies outside its listing"
    GHOST = "ghost", "it has a row but no transcript"
    UNTRACKED = "untracked", "it has a transcript but no row"
    LEFTOVER = "leftover", "its row says deleted or expired, but its transcript is still there"
    EXPIRED = "expired", "past its expiry, awaiting clean-up"
    PAST_END = "past-end", "past its expiry, but its time zone is uncertain: clean-up leaves it"
    READY = "ready", "nothing is running; it can be resumed"
    CLEANED = "cleaned", "expired and cleaned up; only its row is left"
    DELETED = "deleted", "deleted; only its row is left"


def orphan_words(cli_pid: int = 0) -> str:
    """Return what is said of an orphan, with its CLI's process id where that is known."""
    return StateWord.ORPHAN.meaning.replace("CLI", f"CLI (pid {cli_pid})" if cli_pid else "CLI")


OF_LIVENESS = {
    Liveness.WAITING: StateWord.WAITING,
    Liveness.BUSY: StateWord.RUNNING,
    Liveness.QUEUED: StateWord.QUEUED,
    Liveness.ORPHAN: StateWord.ORPHAN,
    Liveness.UNKNOWN: StateWord.UNKNOWN,
    Liveness.IDLE: StateWord.ATTACHED,
}
OF_PHASE = {
    Phase.CLI: StateWord.STARTING,
    Phase.API: StateWord.ASKING_API,
    Phase.RETRY: StateWord.RETRYING,
    Phase.LIMIT: StateWord.LIMITED,
}
OF_STATE = {
    State.GHOST: StateWord.GHOST,
    State.UNTRACKED: StateWord.UNTRACKED,
    State.LEFTOVER: StateWord.LEFTOVER,
}
_OF_STATUS = {
    Status.EXPIRED.value: StateWord.CLEANED,
    Status.DELETED.value: StateWord.DELETED,
}


def state_word(session: Session, now: datetime, quiet_after: timedelta) -> StateWord | str:
    """Return the word for a session's state: its row's own status where that is not one of ours."""
    progress = progress_of(session)
    if progress is not None and progress.until is not None and now < progress.until:
        return OF_PHASE.get(progress.phase, StateWord.RUNNING)
    if is_stalled(session):
        return StateWord.STALLED
    if is_quiet(session, now, quiet_after):
        return StateWord.QUIET
    if progress is not None:
        return OF_PHASE.get(progress.phase, StateWord.RUNNING)
    return OF_LIVENESS.get(session.liveness) or _at_rest(session, now)


def progress_of(session: Session) -> Progress | None:
    """Return how far a run of ours is with its prompt; `None` where none is busy."""
    run = session.run if session.liveness is Liveness.BUSY else None
    return None if run is None or run.is_over else run.progress


def _at_rest(session: Session, now: datetime) -> StateWord | str:
    is_active = session.status == Status.ACTIVE
    marks = (
        (session.status == Status.FAILED, StateWord.FAILED),
        (session.turn_error, StateWord.API_ERROR),
        (session.cut_off_at is not None, StateWord.CUT_OFF),
        (session.unsent, StateWord.UNSENT),
        (session.overwritten is not None, StateWord.OVERWRITTEN),
        (session.row_problem or (is_active and session.transcript_problem), StateWord.UNREADABLE),
        (session.is_stray, StateWord.STRAY),
        (session.state in OF_STATE, OF_STATE.get(session.state, "")),
        (is_pending(session, now), StateWord.EXPIRED),
        (is_past(session, now), StateWord.PAST_END),
        (is_active, StateWord.READY),
    )
    of_status = _OF_STATUS.get(session.status, session.status)
    return next((word for applies, word in marks if applies), of_status)


def state_table() -> str:
    """Return a Markdown table of every state and its meaning."""
    rows = (f"| `{one}` | {one.meaning} |" for one in StateWord)
    return "\n".join(("| state | meaning |", "| --- | --- |", *rows))
