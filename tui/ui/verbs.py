"""The words of the `:` line: the command line's verbs, acting on the selection or the marks."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from tui.core.errors import UsageError
from tui.core.models import Session
from tui.ui import flows
from tui.ui.flows import Desk

VERBS = (
    "new", "resume", "extend", "delete", "restore", "undo", "send", "answer", "interrupt", "stop",
    "show", "tail", "ls", "info", "wide", "help", "quit",
)  # fmt: skip
_FLAGS = ("--fork",)
_OPTIONS = ("--stage", "--days")


@dataclass(frozen=True, slots=True)
class Command:
    """A verb with its words and options."""

    verb: str
    words: tuple[str, ...]
    options: dict[str, str]


def parse(text: str) -> Command:
    """Return what a line of the `:` prompt asks for; raises `UsageError`."""
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text}: {error}") from error
    if not parts or parts[0] not in VERBS:
        raise UsageError(f"no such verb: {text or '(nothing)'}; there are {' '.join(VERBS)}")
    words: list[str] = []
    options: dict[str, str] = {}
    rest = iter(parts[1:])
    for part in rest:
        if part in _FLAGS:
            options[part] = "yes"
        elif part in _OPTIONS:
            options[part] = next(rest, "")
        elif part.startswith("--"):
            raise UsageError(f"{parts[0]} has no option {part}")
        else:
            words.append(part)
    return Command(parts[0], tuple(words), options)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a verb acts on: the selected session, all the marked ones, the listing in sight."""

    selected: Session | None
    targets: Sequence[Session]
    listing: str
    hidden: int = 0


async def run(desk: Desk, command: Command, meant: Meant) -> None:
    """Do what a command asks for."""
    said = " ".join(command.words)
    if command.verb == "new":
        await _new(desk, command, meant.listing)
    elif command.verb == "restore":
        await flows.restore(desk, said)
    elif command.verb == "undo":
        require("undo", None, desk)
        await flows.undo(desk)
    elif not meant.targets:
        raise UsageError("no session is selected")
    elif command.verb == "extend":
        await flows.extend(desk, meant.targets, said, hidden=meant.hidden)
    elif command.verb == "delete":
        if len(meant.targets) == 1:
            require("delete", meant.targets[0], desk)
        await flows.delete(desk, meant.targets, hidden=meant.hidden)
    elif meant.selected is None:
        raise UsageError("no session is selected")
    else:
        await _single(desk, command, meant.selected, said)


def require(deed: str, session: Session | None, desk: Desk) -> None:
    """Raise `UsageError` with the reason when a deed is not possible now."""
    if reason := flows.why_not(deed, session, desk):
        raise UsageError(reason)


async def _new(desk: Desk, command: Command, listing: str) -> None:
    """`new LISTING STAGE`, or as on the command line `new LISTING PROMPT --stage STAGE`."""
    words = list(command.words)
    where = words.pop(0) if words else listing
    stage = command.options.get("--stage") or (words.pop(0) if words else "")
    days = command.options.get("--days", "")
    if days and not days.isdecimal():
        raise UsageError(f"--days {days}: expected a number of days")
    await flows.new(desk, where, stage, int(days) if days else None, " ".join(words))


async def _single(desk: Desk, command: Command, session: Session, said: str) -> None:
    is_fork = "--fork" in command.options
    if command.verb in ("answer", "interrupt", "stop") or (
        command.verb == "resume" and not is_fork
    ):
        require(command.verb, session, desk)
    if command.verb == "show":
        desk.question.say(flows.shown(session, desk.engine.now()))
    elif command.verb == "resume":
        await flows.resume(desk, session, is_fork=is_fork, given=said)
    elif command.verb == "send":
        await flows.send(desk, session, said)
    elif command.verb == "answer":
        await flows.answer(desk, session, command.words)
    elif command.verb == "interrupt":
        await flows.interrupt(desk, session)
    elif command.verb == "stop":
        await flows.stop(desk, session)
