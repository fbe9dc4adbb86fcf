"""Errors that an operator can act on: why, what fixes it, and the exit code."""

from __future__ import annotations

import errno
from datetime import datetime
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why something was not done, or what is wrong with a listing or its database.

    Code goes by it, never by the words of a message. What `check` says of a listing is one of
    these words, too.
    """

    NONE = ""
    # Of what was asked for
    FAILED = "failed"
    USAGE = "usage"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNSURE = "unsure"  # not found, but not everything could be looked at
    NEEDS_YES = "needs_yes"
    RUN_FAILED = "run_failed"
    STOPPED = "stopped"  # by an operator: nothing failed
    # Why a session or a root is left alone
    REFUSED = "refused"
    CHANGED = "changed"
    READ_ONLY = "read_only"
    RESTRICTED = "restricted"
    HELD = "held"
    RUNNING = "running"
    NOT_RUNNING = "not_running"
    IN_USE = "in_use"  # its lock is somebody else's
    ORPHAN = "orphan"
    ELSEWHERE = "elsewhere"  # what runs it cannot be looked at from here
    DELETED = "deleted"
    CLEANED_UP = "cleaned_up"
    NOT_TRACKED = "not_tracked"
    NO_TRANSCRIPT = "no_transcript"
    STRAY = "stray"
    NOTHING_TO_DO = "nothing_to_do"
    TOO_LATE = "too_late"
    OPTIONS_LOST = "options_lost"  # nobody knows what its agent may do
    NOT_SET_UP = "not_set_up"  # no CLI, or secrets that cannot be used
    # What is wrong with a listing or its database
    VANISHED = "vanished"
    LINKED = "linked"
    NO_TABLE = "no_table"
    LOCKED = "locked"
    SLOW = "slow"
    READING = "reading"  # nobody can say yet: it is being read, or will be
    FULL = "full"
    FORBIDDEN = "forbidden"
    UNREADABLE = "unreadable"
    CUT = "cut"  # a bound was reached
    UNREAD = "unread"  # a part of it could not be read
    NO_LOCKS = "no_locks"  # its mount has none

    @classmethod
    def of(cls, error: OSError) -> Reason:
        """Return the reason for a system error."""
        if error.errno in _FULL:
            return cls.FULL
        return cls.FORBIDDEN if error.errno in _FORBIDDEN else cls.UNREAD


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_FOLDER = frozenset(
    {
        *(errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
        *(errno.ELOOP, errno.ENAMETOOLONG),
    }
)


# May be over at the next scan: needs an operator only when it lasts.
MOMENTARY = (Reason.LOCKED, Reason.SLOW, Reason.READING)


class Kind(StrEnum):
    """What a pipeline can do about an error: wait, ask for less, have somebody mend something.

    It comes from values (HTTP statuses, the CLI's own codes, classes of errors), never from words.
    """

    OTHER = "other"
    # Of the API
    RATE_LIMIT = "rate_limit"  # `resets_at`, if the API said when
    OVERLOADED = "overloaded"
    API = "api"  # an error of the API itself
    NETWORK = "network"  # it could not be reached
    CREDENTIAL = "credential"  # a wrong key or login, or one without the right
    BILLING = "billing"
    REQUEST = "request"  # too large, or for a model that does not exist
    # Of the agent and its CLI
    TURNS = "turns"  # `max_turns`
    BUDGET = "budget"  # `max_budget_usd`
    CLI_DIED = "cli_died"
    CLI_SILENT = "cli_silent"  # it does not answer
    SETUP = "setup"  # no CLI that starts, or folders or secrets that cannot be used
    # Of everything around it
    STOPPED = "stopped"  # by an operator, `stopped_by`
    INTERRUPTED = "interrupted"  # the turn alone, by `stopped_by`
    REFUSED = "refused"  # `reason` says why
    BUSY = "busy"  # the database: somebody else writes
    DATABASE = "database"
    DISK_FULL = "disk_full"  # also of a turn that its transcript lacks, though answered
    USAGE = "usage"  # what was asked for makes no sense


_RETRYABLE = frozenset(
    {
        *(Kind.RATE_LIMIT, Kind.OVERLOADED, Kind.API, Kind.NETWORK),
        *(Kind.CLI_DIED, Kind.CLI_SILENT, Kind.BUSY),
    }
)
_KINDS = {
    **dict.fromkeys(MOMENTARY, Kind.BUSY),
    Reason.FULL: Kind.DISK_FULL,
    Reason.NOT_SET_UP: Kind.SETUP,
}


def kind_of_system(error: BaseException | None) -> Kind | None:
    """Return the kind of failure that the system error is which caused `error`, if one did."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__
    if error is None:
        return None
    if error.errno in _FULL:
        return Kind.DISK_FULL
    return Kind.SETUP if error.errno in _FORBIDDEN | _NO_FOLDER else None


def with_remedy(message: str, remedy: str) -> str:
    """Return a message and the command that fixes it as one sentence."""
    return f"{message}: `{remedy}`" if remedy else message


class ConsoleError(Exception):
    """An operation failed.

    `message` says why to people and `reason` to code; `remedy` is the command that fixes it, or
    empty. `commands` are the words of those that ask for the same again, `None` if unknown. As a
    string it is all that people are told.

    For pipelines: `kind` says what can be done about it; `resets_at`, aware UTC, when a rate limit
    ends, if known; `session_id` is the session of the query, and `cost_usd` what the run's turns
    have cost, in US dollars, `None` if that is unknown.
    """

    exit_code = 1
    code = "failed"
    usual = Reason.FAILED
    usual_kind = Kind.OTHER

    def __init__(
        self,
        message: str = "",
        reason: Reason | None = None,
        *,
        remedy: str = "",
        kind: Kind | None = None,
    ) -> None:
        Exception.__init__(self, message)  # not that of an error of the SDK which it may be, too
        self.message = message
        self.reason = reason or self.usual
        self.remedy = remedy
        self.commands: tuple[tuple[str, ...], ...] | None = None
        self._kind = kind or _KINDS.get(self.reason)
        self.resets_at: datetime | None = None
        self.session_id = ""
        self.cost_usd: float | None = None

    def __str__(self) -> str:
        return with_remedy(self.message, self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it whole, so that it reaches the parent of a pool of processes."""
        return _restored, (type(self), self.args, self._facts())

    def _facts(self) -> dict[str, Any]:
        """Return what a pickle keeps of it: not its cause, but the kind that it got from that."""
        return vars(self) | ({} if self.__cause__ is None else {"_kind": self.kind})

    @property
    def kind(self) -> Kind:
        """What can be done about it: that of the system's error that caused it, if one did."""
        if self._kind is not None:
            return self._kind
        of_system = kind_of_system(self.__cause__)
        is_told = of_system is Kind.DISK_FULL or self.usual_kind is Kind.OTHER
        return of_system if of_system is not None and is_told else self.usual_kind

    @property
    def is_retryable(self) -> bool:
        """Whether the same query may succeed later, with nothing mended: after `resets_at`, or
        after a pause."""
        return self.kind in _RETRYABLE


class UsageError(ConsoleError):
    """Wrong input, such as a duration like `soon` or an ambiguous id."""

    exit_code = 2
    code = "usage"
    usual = Reason.USAGE
    usual_kind = Kind.USAGE


class AmbiguousId(UsageError):
    """An id prefix that matches several sessions; `candidates` are their full addresses."""

    code = "ambiguous"
    usual = Reason.AMBIGUOUS

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates


class UnknownId(ConsoleError):
    """No session or listing has this id, or it is not a valid id."""

    exit_code = 3
    code = "unknown"
    usual = Reason.UNKNOWN
    usual_kind = Kind.USAGE


class Inconclusive(UnknownId):
    """Not found, but not everything could be searched: it may exist."""

    exit_code = 1
    code = "unsure"
    usual = Reason.UNSURE


class Refused(ConsoleError):
    """Refused to protect a session: it is live, held, read-only, or its owner is unknown."""

    exit_code = 4
    code = "refused"
    usual = Reason.REFUSED
    usual_kind = Kind.REFUSED


class Conflict(Refused):
    """The row was changed since it was read; nothing was overwritten."""

    code = "changed"
    usual = Reason.CHANGED


class ConfirmationRequired(ConsoleError):
    """A destructive operation without `--yes`; `message` says what it would do.

    `many` is on how many sessions, as far as that is known; it `must_type` their
    number, however few they are, where what is erased cannot be undone.
    """

    exit_code = 5
    code = "needs_yes"
    usual = Reason.NEEDS_YES

    def __init__(
        self, message: str = "", *, remedy: str = "", many: int = 1, must_type: bool = False
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.many, self.must_type = many, must_type

    def __str__(self) -> str:
        return super().__str__() if self.remedy else f"{self.message}: add --yes to do it"


class DatabaseProblem(ConsoleError):
    """A listing's database cannot be read or written now; `reason` says why."""

    code = "database"
    usual = Reason.UNREADABLE
    usual_kind = Kind.DATABASE


class NotTracked(DatabaseProblem):
    """There is no database or no table yet, so no session of the listing has a row."""

    usual = Reason.NO_TABLE


class RunFailed(ConsoleError):
    """A run could not start or its turn ended in an error."""

    code = "run_failed"
    usual = Reason.RUN_FAILED


class RunStopped(ConsoleError):
    """An operator, `stopped_by`, stopped the run of `session_id`.

    Not a `RunFailed`, so that what retries failures does not start again what somebody stopped.
    """

    code = "stopped"
    usual = Reason.STOPPED
    usual_kind = Kind.STOPPED
    deed = "stopped the run"

    def __init__(self, stopped_by: str, session_id: str) -> None:
        super().__init__(f"{stopped_by} {self.deed}")
        self.stopped_by, self.session_id = stopped_by, session_id


class RunInterrupted(RunStopped):
    """An operator, `stopped_by`, interrupted the turn, and nothing was answered in its place.

    Or a denial of the pipeline's own `can_use_tool` did, with `interrupt`: it is caught as the
    SDK's error then, too. The session can be resumed, and one that is held goes on.
    """

    code = "interrupted"
    usual_kind = Kind.INTERRUPTED
    deed = "interrupted the turn"


def _restored(made: type[ConsoleError], args: tuple[Any, ...], facts: dict[str, Any]) -> Any:
    error = made.__new__(made, *args)
    vars(error).update(facts)
    return error
