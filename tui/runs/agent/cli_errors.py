"""Explains how a CLI ended, and all errors of the SDK: what happened, and what to do.

A pipeline that still catches the SDK's classes after the swap catches ours, too. The SDK's classes
are known by their names: importing it takes a second.
"""

from __future__ import annotations

import errno
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from tui.claude.config_dir import footprint
from tui.claude.layout import is_transcript
from tui.core.errors import ConsoleError, Kind, RunFailed, RunInterrupted, kind_of_system
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

_CODE = late_pattern(r"exit code:? (-?\d{1,4})")
_FROM_SHELL = 128  # a shell that runs the CLI ends with this and the signal's number
_LAST_WORDS = 600
_LONGEST = 10_000
_VMSTAT = Path("/proc/vmstat")
_MEANS = {
    "SIGKILL": "by someone, or by the system when memory ran out",
    "SIGTERM": "on request, or by a shutdown of the machine or container",
    "SIGHUP": "its terminal closed",
    "SIGINT": "interrupted by somebody",
    "SIGSEGV": "it crashed",
    "SIGABRT": "it crashed, usually because memory ran out",
    "SIGBUS": "it crashed: its program or its disk changed or disappeared",
    "SIGILL": "it crashed: its program does not fit this processor",
    "SIGXCPU": "it reached a limit of CPU time (ulimit -t)",
    "SIGXFSZ": "it reached a limit of file size (ulimit -f)",
}

_SHORT = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}  # of processes or memory

_OF_CLASS = {
    "CLINotFoundError": Kind.SETUP,
    "CLIConnectionError": Kind.CLI_DIED,
    "ProcessError": Kind.CLI_DIED,
    "CLIJSONDecodeError": Kind.CLI_DIED,
}
_MADE: dict[tuple[type[ConsoleError], type[Exception]], type[ConsoleError]] = {}

E = TypeVar("E", bound=ConsoleError)


def memory_kills() -> int:
    """Return how many processes were killed for lack of memory; 0 if unknown."""
    with suppress(OSError, ValueError):
        for line in _VMSTAT.read_text("ascii", "replace").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def is_of_ended_cli(error: Exception) -> bool:
    """Whether an error of the SDK may mean that the CLI has ended, so that its output matters."""
    is_known = not _names(error).isdisjoint({"ProcessError", "CLIConnectionError"})
    return is_known or _exit_code(error) is not None


def how_to_go_on(config_dir: Path, session_id: str, kind: Kind) -> str:
    """Return how a session whose CLI has ended goes on: only with its transcript it can.

    A mistake in its setup would end it again.
    """
    first = "mend that, then " if kind is Kind.SETUP else ""
    if any(map(is_transcript, footprint(config_dir, session_id))):
        return f"{first}`resume {session_id[:8]}` continues from its transcript"
    return f"{first}start it again: it has no transcript"


def ended_early(when: str, again: str) -> RunFailed:
    """Return the failure of a run whose CLI has ended `when`, without a word of the SDK."""
    return RunFailed(f"the CLI ended {when}; {again}", kind=Kind.CLI_DIED)


def error_words(error: Exception, said: str, again: str, *, is_out_of_memory: bool) -> str:
    """Return a message for an error of the SDK; `said` is the end of the CLI's error output.

    `again` says how to go on.
    """
    names, text = _names(error), one_line(error)
    if "CLINotFoundError" in names:
        return f"the Claude CLI is missing: {text}; reinstall the SDK, or set cli_path"
    if "ResultError" in names:
        return _result_words(error) or f"the CLI failed without saying why; {again}"
    if "CLIConnectionError" in names and "on_failure" in text:
        return "the CLI is too old: if our check of a tool failed, it would use the tool anyway"
    code = _exit_code(error)
    if code is not None:
        how = _how(code, is_out_of_memory=is_out_of_memory)
        return f"the CLI {how}{_last_words(said)}; {again}"
    if "CLIJSONDecodeError" in names:
        why = text.removeprefix("Failed to decode JSON: ")[:200]
        return f"the CLI wrote something that is not a message ({why}): wrong version? {again}"
    if "MessageParseError" in names:
        return f"the CLI sent a message that the SDK does not know ({text[:200]}): update the SDK"
    if "CLIConnectionError" in names:
        if said.strip():
            return f"the CLI ended{_last_words(said)}; {again}"
        return f"the CLI cannot be reached ({text[:300]}): {again}"
    if text.startswith("Control request timeout"):
        asked = text.partition(": ")[2] or "a request"
        return f"the CLI did not answer {asked} in time: the machine may be overloaded; {again}"
    name = type(error).__name__
    return f"{name}: {text}" if text.strip() else f"{name}, for an unknown reason; {again}"


def as_both(error: Exception, words: str, kind: Kind | None = None) -> RunFailed:
    """Return a `RunFailed` with these words that is caught as `error` is, too, and caused by it."""
    failure = _made(RunFailed, error)
    RunFailed.__init__(failure, words, kind=kind or kind_of(error))
    return failure


def failure_words(error: Exception) -> str:
    """Return why a run failed, with the class of what is not ours."""
    kind = "" if isinstance(error, RunFailed) else f"{type(error).__name__}: "
    return one_line(f"{kind}{error}")


def interrupted(by: str, session_id: str, error: Exception | None) -> RunInterrupted:
    """Return that somebody interrupted a turn, caught as `error` is, too, if that is given."""
    if error is None:
        return RunInterrupted(by, session_id)
    theirs = error.__cause__ if isinstance(error.__cause__, Exception) else error
    failure = _made(RunInterrupted, theirs)
    RunInterrupted.__init__(failure, by, session_id)
    return failure


def _made(ours: type[E], error: Exception) -> E:
    """Return an error of our class that is of the class of the SDK's, too, and caused by it."""
    made = _both(ours, type(error)) if _is_of_sdk(error) else ours
    failure = made.__new__(made)
    vars(failure).update(vars(error))  # such as `exit_code` and `stderr`
    failure.__cause__ = error
    return failure


def kind_of(error: Exception) -> Kind:
    """Return what kind of failure an error of the SDK is, other than that of a result."""
    if isinstance(error, ConsoleError):
        return error.kind
    if isinstance(error.__cause__, TimeoutError):
        return Kind.CLI_SILENT
    names = (one.__name__ for one in type(error).__mro__)
    of_class = next((_OF_CLASS[name] for name in names if name in _OF_CLASS), None)
    return of_class or kind_of_system(error) or Kind.OTHER


def kind_before_init(error: Exception, *, is_out_of_memory: bool) -> Kind:
    """Return what kind of failure it is that an agent has not begun.

    What ends by itself so early is no CLI, or cannot do as it is told: it would again.
    """
    kind, cause = kind_of(error), error.__cause__
    if kind is not Kind.CLI_DIED or is_out_of_memory:
        return kind
    if (of_system := kind_of_system(cause)) is not None:
        return of_system
    is_short = isinstance(cause, OSError) and cause.errno in _SHORT
    code = _exit_code(error)
    is_killed = code is not None and (code < 0 or _signal(code) is not None)
    return kind if is_short or is_killed else Kind.SETUP


def _result_words(error: Exception) -> str:
    told = "; ".join(map(str, getattr(error, "errors", None) or ()))
    known = (told, getattr(error, "result", ""), getattr(error, "subtype", ""), error)
    return next(filter(None, (one_line(one or "").strip() for one in known)), "")


def _exit_code(error: Exception) -> int | None:
    code = getattr(error, "exit_code", None)
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    found = _CODE.search(str(error)[:_LONGEST])
    return int(found[1]) if found else None


def _how(code: int, *, is_out_of_memory: bool) -> str:
    name = _signal(code)
    if name is None:
        return (
            f"was ended by signal {-code}" if code < 0 else f"ended by itself with exit code {code}"
        )
    if is_out_of_memory and name == "SIGKILL":
        return (
            "was killed (SIGKILL), while the system was out of memory: free some, or lower max_runs"
        )
    why = _MEANS.get(name)
    return f"was ended by {name} (exit code: {code}" + (f"; {why})" if why else ")")


def _signal(code: int) -> str | None:
    """Return the name of the signal that ended a process with that exit code, if one did."""
    try:
        return signal.Signals(-code if code < 0 else code - _FROM_SHELL).name
    except ValueError:
        return None


def _last_words(said: str) -> str:
    words = one_line(said)
    return f": {words[-_LAST_WORDS:].lstrip()}" if words else ", without saying why"


def _names(error: Exception) -> frozenset[str]:
    return frozenset(one.__name__ for one in type(error).__mro__)


def _is_of_sdk(error: Exception) -> bool:
    return any(one.__name__ == "ClaudeSDKError" for one in type(error).__mro__)


def _both(ours: type[E], theirs: type[Exception]) -> type[E]:
    if (ours, theirs) not in _MADE:

        def __reduce__(self: E) -> tuple[Any, ...]:  # noqa: N807 (Python's own name)
            return _restored, (ours, theirs, self.args, self._facts())

        own = {"__reduce__": __reduce__, "__module__": ours.__module__}
        _MADE[ours, theirs] = type(ours.__name__, (ours, theirs), own)
    return cast("type[E]", _MADE[ours, theirs])


def _restored(
    ours: type[E], theirs: type[Exception], args: tuple[Any, ...], facts: dict[str, Any]
) -> E:
    failure = _both(ours, theirs).__new__(_both(ours, theirs), *args)
    vars(failure).update(facts)
    return failure
