"""Runs a `:` command: by a flow that asks for what is missing, or as the command line would."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tui.core.errors import Reason, Refused, UnknownId, UsageError
from tui.core.models.catalog import Catalog
from tui.core.models.session import Session
from tui.core.sessions.listing_join import is_gone
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass, replace
from tui.operations.catalog.session_lookup import (
    find_session,
    is_address,
    sessions_of,
    whole_listing,
)
from tui.ui.actions.action_context import ActionContext, named
from tui.ui.actions.outcome import Outcome
from tui.ui.actions.sessions import (
    answering,
    cleaning,
    resuming,
    session_actions,
    steering,
    undoing,
)
from tui.ui.actions.verb_line import noting, run_verb, switching
from tui.ui.actions.verb_line.verbs import VerbLine

_HERE = "here"
_START_OF_ID = late_pattern(r"[0-9a-f]{4}[0-9a-f-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a verb acts on: the selected session, the marked ones, the visible listing.

    `vanished` is the selected listing when its folder is gone; `why_none` says why no session is
    selected; `is_listing` is whether a listing is selected rather than a session. `entry` is the
    uuid of the marked entry in full-screen Live.
    """

    catalog: Catalog
    selected: Session | None
    targets: Sequence[Session]
    listing: str
    hidden: int = 0
    vanished: str = ""
    why_none: str = "no session is selected"
    is_listing: bool = False
    entry: str = ""

    def entry_here(self) -> str:
        """Return the uuid of the marked entry. Raises `UsageError` when none is marked."""
        if not self.entry:
            raise UsageError("no entry is marked that a fork can begin at: mark one in full Live")
        return self.entry

    def now(self, catalog: Catalog) -> Selection:
        """Return the same sessions as they are now, without those that are gone."""
        before = {one.key: one for one in (*self.targets, *filter(None, [self.selected]))}
        there = {
            one.key: one
            for one in catalog.sessions
            if one.key in before and (not is_gone(one) or is_gone(before[one.key]))
        }
        targets = tuple(there[one.key] for one in self.targets if one.key in there)
        selected = there.get(self.selected.key) if self.selected else None
        is_lost = (self.targets and not targets) or (self.selected and not selected)
        gone = f"{named(self.targets or tuple(before.values()))}: gone in the meantime"
        why = gone if is_lost else self.why_none
        return replace(self, catalog=catalog, selected=selected, targets=targets, why_none=why)


@dataclass(frozen=True, slots=True)
class ResolvedCommand:
    """A command, its sessions, and the arguments that name none of them."""

    command: VerbLine
    meant: Selection
    sessions: tuple[Session, ...]
    arguments: tuple[str, ...]

    @property
    def typed(self) -> str:
        """The words as one text."""
        return " ".join(self.arguments)

    def some(self) -> tuple[Session, ...]:
        """Return its sessions. Raises `UsageError` or `UnknownId` when there are none."""
        if not self.sessions:
            if _names_a_session(self.command, self.meant.catalog):
                find_session(self.meant.catalog, self.arguments[0])
            raise UsageError(self.meant.why_none)
        return self.sessions

    def one(self, context: ActionContext) -> Session:
        """Return its one session. Raises `UsageError` when the verb is not possible on it now."""
        session = self.some()[0]
        if reason := self.command.verb.why_not(session, context.engine.keys.sign):
            raise UsageError(reason)
        return session


async def run(context: ActionContext, command: VerbLine, meant: Selection) -> Outcome:
    """Run a command; what it names goes before what is selected."""
    name = command.verb.name
    order = ResolvedCommand(command, meant, *_resolved(command, meant))
    flow, options = _FLOWS.get(name, (None, ()))
    context.news.is_holding = name == "hold"
    context.asks_about(order.sessions)
    unknown = command.options.keys() - set(options)
    if unknown and name in _STEERING:  # on the command line they act without a question
        raise UsageError(f"`{name}` takes no {min(unknown)} here")
    if flow is None or unknown:
        _require_on_some(context, order)
        return await run_verb.say_of_marks(
            context, command.verb, _calls(order), order.sessions, hidden=order.meant.hidden
        )
    if context.engine.is_read_only:
        raise Refused("this console is read-only", Reason.READ_ONLY)
    return await flow(context, order)


def needs_sessions(command: VerbLine) -> bool:
    """Return whether a command can only be done once the sessions are read."""
    return command.takes_selected or command.verb.name in _FLOWS


async def run_alone(context: ActionContext, command: VerbLine) -> Outcome:
    """Do what a command asks for that needs no sessions."""
    context.news.is_holding = command.verb.name == "hold"
    words = (command.verb.name, *command.arguments, *command.option_words)
    return await run_verb.say(context, command.verb, [(None, words)])


def _require_on_some(context: ActionContext, order: ResolvedCommand) -> None:
    """Raise `UsageError` with the reason when a verb is possible on none of its sessions."""
    why_not, sign_of = order.command.verb.why_not, context.engine.keys.sign
    reasons = [why_not(one, sign_of) for one in order.sessions]
    if reasons and all(reasons) and "--fork" not in order.command.options:
        raise UsageError(reasons[0])


def _resolved(command: VerbLine, meant: Selection) -> tuple[tuple[Session, ...], tuple[str, ...]]:
    """Return the sessions that are meant, and the arguments that name none of them."""
    arguments = command.arguments
    if not command.takes_selected:
        return (), arguments
    if arguments and command.verb.takes_listing and (name := whole_listing(arguments[0])):
        if not (every := sessions_of(meant.catalog, name)):
            raise UsageError(f"there is no session in {name}")
        return every, arguments[1:]
    most = len(arguments) if command.verb.takes == "ids" else 1
    named: list[Session] = []
    for word in arguments[:most]:
        if (one := _named(meant.catalog, word)) is None:
            break
        named.append(one)
    if named:
        return tuple(named), arguments[len(named) :]
    if _names_a_session(command, meant.catalog):
        return (), arguments
    if command.verb.target == "one":
        return (meant.selected,) if meant.selected else (), arguments
    return tuple(meant.targets), arguments


def _named(catalog: Catalog, word: str) -> Session | None:
    """Return the session a word names, if it looks like an id. Raises `AmbiguousId`."""
    if not (_START_OF_ID.fullmatch(word) or is_address(catalog, word)):
        return None
    try:
        return find_session(catalog, word)
    except UnknownId:
        return None


def _names_a_session(command: VerbLine, catalog: Catalog) -> bool:
    """Whether the first word means a session, even one that is not there.

    It is then no text for those selected. The start of an id may be text where it stands alone.
    """
    arguments = command.arguments
    if not arguments:
        return False
    is_start = len(arguments) >= command.verb.needs and _START_OF_ID.fullmatch(arguments[0])
    return bool(is_start) or is_address(catalog, arguments[0])


def _calls(order: ResolvedCommand) -> list[tuple[Session | None, tuple[str, ...]]]:
    """Return the command lines to run: one for each session where the verb takes only one."""
    command, verb = order.command, order.command.verb
    rest = (*order.arguments, *command.option_words)
    if not command.takes_selected or (not order.sessions and len(order.arguments) >= verb.needs):
        return [(None, (verb.name, *rest))]
    if verb.takes == "ids":
        return [(None, (verb.name, *(one.address for one in order.some()), *rest))]
    return [(one, (verb.name, one.address, *rest)) for one in order.some()]


def _require_no_more(order: ResolvedCommand) -> None:
    """Raise `UnknownId` for an argument that names no session."""
    if order.arguments:
        raise UnknownId(f"no session {order.arguments[0]!r} here")


async def _new(context: ActionContext, order: ResolvedCommand) -> Outcome:
    """`new LISTING STAGE`, or as on the command line `new LISTING PROMPT --stage STAGE`."""
    arguments, options = list(order.arguments), order.command.options
    where = arguments.pop(0) if arguments else order.meant.listing
    stage = options.get("--stage") or (arguments.pop(0) if arguments else "")
    days = options.get("--days", "")
    if days and not days.isdecimal():
        raise UsageError(f"--days {days}: expected a number of days")
    given, stages = " ".join(arguments), {one.stage for one in order.meant.catalog.sessions}
    lasts = int(days) if days else None
    return await session_actions.new(context, where, stage, lasts, given, stages=stages - {""})


async def _resume(context: ActionContext, order: ResolvedCommand) -> Outcome:
    is_fork, at = "--fork" in order.command.options, order.command.options.get("--at", "")
    options = order.command.words_but("--fork", "--at")
    given = " ".join((*options, order.typed)).strip()
    if is_fork or at or len(order.sessions) == 1:
        session = order.some()[0] if is_fork else order.one(context)
        at, marked = order.meant.entry_here() if at == _HERE else at, order.meant.entry
        return await resuming.resume(
            context, session, is_fork=is_fork, at=at, marked=marked, given=given
        )
    return await resuming.resume_many(context, order.some(), given=given)


async def _extend(context: ActionContext, order: ResolvedCommand) -> Outcome:
    return await session_actions.extend(
        context, order.some(), order.typed, hidden=order.meant.hidden
    )


async def _delete(context: ActionContext, order: ResolvedCommand) -> Outcome:
    _require_no_more(order)
    if len(order.some()) == 1:
        order.one(context)
    return await session_actions.delete(context, order.sessions, hidden=order.meant.hidden)


async def _restore(context: ActionContext, order: ResolvedCommand) -> Outcome:
    return await session_actions.restore(context, " ".join(order.command.arguments))


async def _undo(context: ActionContext, order: ResolvedCommand) -> Outcome:
    return await undoing.undo(context)


async def _send(context: ActionContext, order: ResolvedCommand) -> Outcome:
    hidden = order.meant.hidden
    return await steering.send(context, order.some(), order.typed, hidden=hidden)


async def _answer(context: ActionContext, order: ResolvedCommand) -> Outcome:
    reason = order.command.options.get("--reason", "")
    return await answering.answer(
        context, order.one(context), (*order.arguments, *((reason,) if reason else ()))
    )


async def _interrupt(context: ActionContext, order: ResolvedCommand) -> Outcome:
    _require_no_more(order)
    return await steering.interrupt(context, order.some(), hidden=order.meant.hidden)


async def _stop(context: ActionContext, order: ResolvedCommand) -> Outcome:
    _require_no_more(order)
    return await steering.stop(context, order.some(), hidden=order.meant.hidden)


async def _model(context: ActionContext, order: ResolvedCommand) -> Outcome:
    info, hidden = order.command.verb, order.meant.hidden
    return await switching.model(context, info, order.some(), order.arguments, hidden=hidden)


async def _mode(context: ActionContext, order: ResolvedCommand) -> Outcome:
    info, hidden = order.command.verb, order.meant.hidden
    return await switching.mode(context, info, order.some(), order.arguments, hidden=hidden)


async def _rename(context: ActionContext, order: ResolvedCommand) -> Outcome:
    session = order.some()[0]
    return await session_actions.rename(context, session, order.typed)


async def _ack(context: ActionContext, order: ResolvedCommand) -> Outcome:
    gone = {one.listing_id for one in order.meant.catalog.listings if one.is_vanished}
    name = " ".join(order.command.arguments) or order.meant.vanished
    if name in gone:
        return await session_actions.forget(context, name)
    if order.arguments:
        raise UnknownId(f"no session {order.arguments[0]!r} here, and no listing that has vanished")
    hidden = order.meant.hidden
    return await session_actions.acknowledge(context, order.some(), hidden=hidden)


async def _note(context: ActionContext, order: ResolvedCommand) -> Outcome:
    """`note` with its words; without any they are asked for."""
    given = order.typed if order.arguments else None
    return await noting.note(context, order.some(), given, hidden=order.meant.hidden)


async def _cleanup(context: ActionContext, order: ResolvedCommand) -> Outcome:
    """`cleanup` of the listing named; without a name, in Listings, of the selected one."""
    selected = order.meant.listing if order.meant.is_listing else ""
    asked = order.command.options.get("--free", "")
    given = f"{cleaning.FREE} {asked}" if asked else ""
    return await cleaning.clean_up(context, order.meant.catalog, order.typed or selected, given)


_STEERING = frozenset({"send", "interrupt", "stop", "model", "mode"})
_AGENT = ("--model", "--mode", "--tools", "--cwd", "--max-turns", "--max-budget-usd")
_Flow = Callable[[ActionContext, ResolvedCommand], Coroutine[Any, Any, Outcome]]
_FLOWS: dict[str, tuple[_Flow, tuple[str, ...]]] = {
    "new": (_new, ("--stage", "--days")),
    "resume": (_resume, ("--fork", "--at", *_AGENT)),
    "extend": (_extend, ()),
    "delete": (_delete, ()),
    "restore": (_restore, ()),
    "undo": (_undo, ()),
    "send": (_send, ("--json",)),
    "answer": (_answer, ("--reason",)),
    "interrupt": (_interrupt, ("--json", "--yes")),
    "stop": (_stop, ("--json",)),
    "model": (_model, ("--json",)),
    "mode": (_mode, ("--json", "--yes")),
    "rename": (_rename, ()),
    "ack": (_ack, ()),
    "note": (_note, ()),
    "cleanup": (_cleanup, ("--free",)),
}
