"""Runs a verb of the command line from the `:` line: asks for confirmation, shows the output."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType

from tui.core.errors import ConfirmationRequired, ConsoleError, UsageError
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key, Session
from tui.core.text.late_pattern import late_pattern
from tui.core.values import dataclass, field, replace
from tui.operations.context import VerbInfo, VerbOutput
from tui.ui.actions.action_context import ActionContext, is_sure, is_sure_of_list, named
from tui.ui.actions.outcome import Outcome, asked_by, done_by
from tui.ui.actions.sessions.batch_action import words_of
from tui.ui.threads import in_background
from tui.view.text.not_done import AS_BEFORE, MARKED, not_done

Calls = Sequence[tuple[Session | None, tuple[str, ...]]]
_NONE: Mapping[Key, str] = MappingProxyType({})
_AT_ITS_END = ("log",)
_FULL_ID = late_pattern(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


@dataclass(slots=True)
class _Saying:
    """A verb and its sessions; without any, it runs once for all."""

    info: VerbInfo
    calls: Calls
    left: Mapping[Key, str] = field(default_factory=dict)
    outputs: list[VerbOutput] = field(default_factory=list)
    errors: dict[Key, ConsoleError] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        return self.info.name

    @property
    def sessions(self) -> tuple[Session, ...]:
        return tuple(session for session, _ in self.calls if session is not None)

    def says(self) -> str:
        count = len(self.outputs) + len(self.errors)
        return f"{self.verb} {count} of {len(self.calls)}" if len(self.calls) > 1 else self.verb

    def title(self) -> str:
        """Return the verb with a short id, or with how many sessions it ran on."""
        argv = self.calls[0][1]
        ids = [word for _, argv in self.calls for word in argv if _FULL_ID.search(word)]
        if len(ids) < 2:
            return ":" + " ".join(_FULL_ID.sub(r"\1", word) for word in argv)
        others = (word for word in argv[1:] if word not in ids)
        return " ".join((f":{self.verb} of {len(ids)} sessions", *others))

    def targets(self) -> dict[int, LineTarget]:
        """Return where lines of the output lead, by their index."""
        found, first = dict[int, LineTarget](), 0
        for output in self.outputs:
            found |= {first + at: target for at, target in output.targets.items()}
            first += len(output.lines)
        return found

    def lines(self) -> list[str]:
        """Return all output, without blank lines at the end."""
        lines = [line for output in self.outputs for line in output.lines]
        while lines and not lines[-1].strip():
            lines.pop()
        return lines

    def markdown(self) -> range:
        """Return which lines of the output are Markdown; no verb that has any runs on sessions."""
        return self.outputs[0].markdown if self.outputs else range(0)

    @property
    def why_not(self) -> dict[Key, str]:
        """Why it was not done, by session."""
        return {**words_of(self.errors), **self.left}

    @property
    def keeps_marks(self) -> bool:
        """Whether only those that it did nothing to stay marked."""
        return bool(self.sessions and self.outputs and self.info.acts)

    def sum(self, marks: str = AS_BEFORE) -> str:
        """Return the result in one line; `marks` says what becomes of those that were left."""
        lines = self.lines()
        if len(self.calls) > 1 or self.left:
            done, marks = f"{self.verb}: {len(self.outputs)} done", marks if self.info.acts else ""
            return f"{done}; {not_done(self.why_not, marks)}" if self.why_not else done
        return lines[0] if len(lines) == 1 else f"{self.verb}: {len(lines) or 'done, no'} lines"


async def say(
    context: ActionContext, info: VerbInfo, calls: Calls, left: Mapping[Key, str] = _NONE
) -> Outcome:
    """Run a verb once for each of `calls`, and show its output; raises what it raises.

    What the command line confirms is asked here, and run with `--yes`. `left` are the sessions that
    are not among those of the calls, and why; they stay marked, as those that failed.
    """
    if any("-" in argv for _, argv in calls):
        raise UsageError("`-` reads stdin, and there is none here")
    return await done_by(tuple(argv for _, argv in calls), _say(context, info, calls, left))


async def say_of_marks(
    context: ActionContext,
    info: VerbInfo,
    calls: Calls,
    sessions: Sequence[Session],
    *,
    hidden: int = 0,
) -> Outcome:
    """Do as `say`; where it acts on many, and the command line asks nothing, ask for them first."""
    if len(sessions) > 1 and info.acts and "--yes" not in info.flags:
        asks = f"{info.name} {named(sessions, hidden)}?"
        with asked_by(tuple(argv for _, argv in calls)):
            if not await is_sure(context, asks, len(sessions), info.name):
                return Outcome("nothing done", commands=())
    return await say(context, info, calls)


async def _say(
    context: ActionContext, info: VerbInfo, calls: Calls, left: Mapping[Key, str]
) -> Outcome:
    try:
        return _shown(context, await _done(context, info, calls, left), calls)
    except ConfirmationRequired as error:
        sessions = [one for one, _ in calls if one is not None]
        if not await _confirmed(context, info.name, error, sessions):
            return Outcome("nothing done")
    sure = [(one, (*argv, "--yes")) for one, argv in calls]
    with asked_by(commands := tuple(argv for _, argv in sure)):
        saying = await _done(context, info, sure, left)
    return replace(_shown(context, saying, sure), commands=commands)


async def _done(
    context: ActionContext, info: VerbInfo, calls: Calls, left: Mapping[Key, str] = _NONE
) -> _Saying:
    saying = _Saying(info, calls, left)
    width = max(20, context.question.size.width - 2)  # of a line of a page

    def run(session: Session | None, argv: tuple[str, ...]) -> None:
        try:
            saying.outputs.append(context.engine.say_verb(argv, width))
        except ConfirmationRequired:
            raise
        except ConsoleError as error:
            if session is None or len(calls) == 1:
                raise
            saying.errors[session.key] = error

    def work() -> None:
        keys = [one.key for one, _ in calls if one is not None and info.acts]
        with context.engine.recorded(f"done by :{info.name}", keys) as record:
            for session, argv in calls:
                record.begins()
                run(session, argv)
                record.ends(is_done=session is None or session.key not in saying.errors)

    def later(task: asyncio.Future[None]) -> None:
        context.news.tell(str(task.exception() or saying.sum()))

    await context.question.wait_for(in_background(work), saying.says, later)
    return saying


async def _confirmed(
    context: ActionContext, verb: str, error: ConfirmationRequired, sessions: Sequence[Session]
) -> bool:
    """Ask with the verb's own text; a key shows what it listed."""
    listed = [line for note in getattr(error, "__notes__", ()) for line in note.splitlines()]
    asks = _FULL_ID.sub(r"\1", error.message)
    if len(sessions) > 1:
        return await is_sure(context, f"{verb} {named(sessions)}?", len(sessions), verb)
    if len(listed) < 2 and not error.must_type:
        return await is_sure(context, f"{asks}?", error.many, verb)
    show = partial(context.pages.show, f":{verb}", listed or [asks])
    must_type = error.must_type
    return await is_sure_of_list(context, asks, error.many, verb, show, must_type=must_type)


def _shown(context: ActionContext, saying: _Saying, calls: Calls) -> Outcome:
    """Show a verb's output: on a page if the message line has no room for it."""
    failed = frozenset(saying.why_not) if saying.keeps_marks else None
    marks = MARKED if saying.keeps_marks else AS_BEFORE
    lines = saying.lines()
    targets = saying.targets()
    if len(lines) <= max(1, len(saying.outputs)) and not targets:
        is_bad = bool(saying.errors) or any(output.code for output in saying.outputs)
        said = saying.sum(marks) if lines or saying.why_not else f"{saying.verb}: done"
        return Outcome(said, "bad" if is_bad else "good", failed=failed)
    is_at_end = saying.verb in _AT_ITS_END
    renew = (
        partial(_renew, context, saying.info, calls) if _only_reads(saying.info, calls) else None
    )
    context.pages.open(
        saying.title(),
        lines,
        targets,
        markdown=saying.markdown(),
        is_at_end=is_at_end,
        renew=renew,
    )
    is_many = len(saying.calls) > 1 or saying.left
    return Outcome(saying.sum(marks) if is_many else "", failed=failed)


def _only_reads(info: VerbInfo, calls: Calls) -> bool:
    """Whether calls surely change nothing: an option, such as `--fix`, may make a verb act."""
    return not info.acts and not any(word[:1] == "-" for _, argv in calls for word in argv)


async def _renew(context: ActionContext, info: VerbInfo, calls: Calls) -> None:
    """Show what a verb says now on its page; where it says nothing, leave the page."""
    with suppress(ConsoleError):
        saying = await _done(context, info, calls)
        lines, markdown = saying.lines(), saying.markdown()
        context.pages.show_again(saying.title(), lines, saying.targets(), markdown=markdown)
