"""Errors that an operator can act on; each has the exit code of the command line."""

from __future__ import annotations

from tui.core.problem_reasons import ProblemReason


class ConsoleError(Exception):
    """An operation failed; the message says why and what to do."""

    exit_code = 1
    code = "failed"


class UsageError(ConsoleError):
    """Wrong input, such as a duration like `soon` or an ambiguous id."""

    exit_code = 2
    code = "usage"


class AmbiguousId(UsageError):
    """An id prefix that matches several sessions; `candidates` are their full addresses."""

    code = "ambiguous"

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates


class UnknownId(ConsoleError):
    """No session or listing has this id, or it is not a valid id."""

    exit_code = 3
    code = "unknown"


class Inconclusive(UnknownId):
    """Not found, but not everything could be searched: it may exist."""

    exit_code = 1
    code = "unsure"


class Refused(ConsoleError):
    """Refused to protect a session: it is live, held, read-only, or its owner is unknown."""

    exit_code = 4
    code = "refused"


class Conflict(Refused):
    """The row was changed since it was read; nothing was overwritten."""

    code = "changed"


class ConfirmationRequired(ConsoleError):
    """A destructive operation without `--yes`."""

    exit_code = 5
    code = "needs_yes"


class DatabaseProblem(ConsoleError):
    """A listing's database cannot be read or written now; the message says why."""

    code = "database"

    def __init__(self, message: str, trouble: ProblemReason = ProblemReason.UNREADABLE) -> None:
        super().__init__(message)
        self.trouble = trouble


class NotTracked(DatabaseProblem):
    """There is no database or no table yet, so no session of the listing has a row."""

    def __init__(self, message: str, trouble: ProblemReason = ProblemReason.NO_TABLE) -> None:
        super().__init__(message, trouble)


class RunFailed(ConsoleError):
    """A run could not start or its turn ended in an error."""

    code = "run_failed"
