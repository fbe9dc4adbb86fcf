"""Errors that an operator can act on; each carries the exit code the command line answers with."""

from __future__ import annotations

from tui.core.problem_reasons import ProblemReason


class ConsoleError(Exception):
    """Something the operator asked for did not happen; the message says why and what to do."""

    exit_code = 1
    code = "failed"


class UsageError(ConsoleError):
    """The words are wrong: a duration like `soon`, an id that means several sessions."""

    exit_code = 2
    code = "usage"


class AmbiguousId(UsageError):
    """An id prefix that several sessions share; `candidates` are the full addresses."""

    code = "ambiguous"

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates


class UnknownId(ConsoleError):
    """No session or listing has this id, or it cannot be an id at all."""

    exit_code = 3
    code = "unknown"


class Inconclusive(UnknownId):
    """Nothing of this name was found, but not everything could be looked at: it may be there."""

    exit_code = 1
    code = "unsure"


class Refused(ConsoleError):
    """Not done, to protect a session: it is live, held, read-only, or its owner is unknown."""

    exit_code = 4
    code = "refused"


class Conflict(Refused):
    """Somebody changed the row since it was read; nothing was overwritten."""

    code = "changed"


class ConfirmationRequired(ConsoleError):
    """The act is destructive and `--yes` was not given."""

    exit_code = 5
    code = "needs_yes"


class DatabaseProblem(ConsoleError):
    """A listing's database cannot be read or written now; the message names the reason."""

    code = "database"

    def __init__(self, message: str, trouble: ProblemReason = ProblemReason.UNREADABLE) -> None:
        super().__init__(message)
        self.trouble = trouble


class NotTracked(DatabaseProblem):
    """There is no database or no table yet, so that no session of the listing has a row."""

    def __init__(self, message: str, trouble: ProblemReason = ProblemReason.NO_TABLE) -> None:
        super().__init__(message, trouble)


class RunFailed(ConsoleError):
    """A run could not start or its turn ended in an error."""

    code = "run_failed"
