"""The outcome of a flow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from tui.core.errors import ConsoleError
from tui.core.models.session import Key
from tui.core.values import KW_ONLY, dataclass, replace
from tui.operations.context import ActionResult
from tui.ui.leaving import Cancelled

Commands = tuple[tuple[str, ...], ...]
CommandsOf = Callable[[str], Commands]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message with its style, and what else changes; `None` leaves the present message.

    One that `is_brief` goes with the next key: what comes of it is told elsewhere.
    `failed` are the sessions that stay marked; `None` leaves the marks. `started` is the id of the
    run whose session is selected once it appears, `back` are the sessions that come back, the first
    of which is selected once it is listed. `done` is undone as one. `commands` are command lines
    that do the same, empty for what is visible; `None` leaves those of the flow before.
    """

    message: str | None = None
    style: str = ""
    _: KW_ONLY
    is_brief: bool = False
    failed: frozenset[Key] | None = None
    started: str = ""
    back: tuple[Key, ...] = ()
    done: tuple[ActionResult, ...] = ()
    commands: Commands | None = None

    @classmethod
    def of(cls, error: ConsoleError) -> Outcome:
        """Return what came of a flow that an error ended, or that its operator left."""
        if isinstance(error, Cancelled):
            return cls(str(error), commands=error.commands)
        return cls(str(error), "bad", commands=error.commands)


@contextmanager
def asked_by(commands: Commands, typed: CommandsOf | None = None) -> Iterator[None]:
    """Name, in an error from inside that names none, the commands that ask for the same again.

    Where a line is left, those are what `typed` makes of it.
    """
    try:
        yield
    except ConsoleError as error:
        if error.commands is None:
            line = error.line if isinstance(error, Cancelled) else None
            error.commands = commands if typed is None or line is None else typed(line)
        raise


async def done_by(commands: Commands, flow: Awaitable[Outcome]) -> Outcome:
    """Return what comes of a flow, with the commands that do the same; so does its error."""
    with asked_by(commands):
        outcome = await flow
    return replace(outcome, commands=commands) if outcome.commands is None else outcome


def done(act: Callable[[], object]) -> Outcome:
    """Return the outcome of an act that says nothing."""
    act()
    return Outcome()


async def told(act: Awaitable[ActionResult]) -> Outcome:
    """Return what came of an act in its own words."""
    return Outcome((await act).words, "good")
