"""A verb of the command line, said at the `:` line: asked when it must be sure, and shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tui.core.errors import ConfirmationRequired, ConsoleError, UsageError
from tui.core.models.session import Key, Session
from tui.operations.context import VerbInfo, VerbOutput
from tui.ui.actions.action_context import ActionContext, is_sure, named
from tui.ui.actions.batch_action import reasons
from tui.ui.threads import in_background

_ADD_YES = "add --yes"
_PREFIX = "session-console: "
_AT_ITS_END = ("log",)
_FULL_ID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


@dataclass(slots=True)
class _Saying:
    """A verb on its way through its sessions; without any, it is said once for all."""

    info: VerbInfo
    calls: Sequence[tuple[Session | None, tuple[str, ...]]]
    said: list[VerbOutput] = field(default_factory=list)
    errors: dict[Key, ConsoleError] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        return self.info.name

    @property
    def sessions(self) -> tuple[Session, ...]:
        return tuple(session for session, _ in self.calls if session is not None)

    def says(self) -> str:
        count = len(self.said) + len(self.errors)
        return f"{self.verb} {count} of {len(self.calls)}" if len(self.calls) > 1 else self.verb

    def title(self) -> str:
        """Return what was said, with a short id, or how many sessions it is about."""
        words = self.calls[0][1]
        ids = [word for _, said in self.calls for word in said if _FULL_ID.search(word)]
        if len(ids) < 2:
            return ":" + " ".join(_FULL_ID.sub(r"\1", word) for word in words)
        others = (word for word in words[1:] if word not in ids)
        return " ".join((f":{self.verb} of {len(ids)} sessions", *others))

    def lines(self) -> list[str]:
        """Return everything that was said, without blank lines at the end."""
        lines = [line.removeprefix(_PREFIX) for said in self.said for line in said.lines]
        while lines and not lines[-1].strip():
            lines.pop()
        return lines

    def sum(self) -> str:
        """Return in one line what came of it."""
        lines = self.lines()
        if len(self.calls) > 1:
            return ", ".join(
                [f"{self.verb}: {len(self.said)} done", *reasons(self.errors.values())]
            )
        return lines[0] if len(lines) == 1 else f"{self.verb}: {len(lines) or 'done, no'} lines"


async def say(
    desk: ActionContext, info: VerbInfo, calls: Sequence[tuple[Session | None, tuple[str, ...]]]
) -> None:
    """Do a verb once for each of `calls`, and show what it says; raises what it raises.

    When it must be sure it is asked here, and done with `--yes`.
    """
    if any("-" in words for _, words in calls):
        raise UsageError("`-` reads stdin, and there is none here")
    desk.commands = tuple(words for _, words in calls)
    try:
        saying = await _done(desk, info, calls)
    except ConfirmationRequired as error:
        sessions = [one for one, _ in calls if one is not None]
        if not await _confirmed(desk, info.name, error, sessions):
            desk.question.say("nothing done")
            return
        sure = [(one, (*words, "--yes")) for one, words in calls]
        desk.commands = tuple(words for _, words in sure)
        saying = await _done(desk, info, sure)
    _show(desk, saying)


async def _done(
    desk: ActionContext, info: VerbInfo, calls: Sequence[tuple[Session | None, tuple[str, ...]]]
) -> _Saying:
    saying = _Saying(info, calls)
    width = max(20, desk.question.size.width - 2)  # of a line of a page

    def work() -> None:
        for session, words in calls:
            try:
                saying.said.append(desk.engine.say_verb(words, width))
            except ConfirmationRequired:
                raise
            except ConsoleError as error:
                if session is None or len(calls) == 1:
                    raise
                saying.errors[session.key] = error

    def later(task: asyncio.Future[None]) -> None:
        desk.news.tell(str(task.exception() or saying.sum()))

    await desk.question.wait_for(in_background(work), saying.says, later)
    return saying


async def _confirmed(
    desk: ActionContext, verb: str, error: ConfirmationRequired, sessions: Sequence[Session]
) -> bool:
    """Ask with the verb's own words; what it listed is a key away."""
    listed = [line for note in getattr(error, "__notes__", ()) for line in note.split("\n")]
    asks = _FULL_ID.sub(r"\1", str(error).split(_ADD_YES)[0].rstrip(" :;,."))
    if len(sessions) > 1:
        return await is_sure(desk, f"{verb} {named(sessions)}?", len(sessions), verb)
    if len(listed) < 2:
        return await desk.question.confirm(f"{asks}?")
    while True:
        choices = {"y": "yes", "n": "no", "l": "list"}
        key = await desk.question.choose(f"{asks}?", choices, default="n")
        if key != "l":
            return key == "y"
        await desk.show_page(f":{verb}", listed)


def _show(desk: ActionContext, saying: _Saying) -> None:
    if saying.sessions and saying.said and saying.info.acts:
        desk.failed = frozenset(saying.errors)
    lines = saying.lines()
    is_bad = bool(saying.errors) or any(said.code for said in saying.said)
    if len(lines) <= max(1, len(saying.said)):
        desk.question.say(
            saying.sum() if lines else f"{saying.verb}: done", "bad" if is_bad else "good"
        )
    else:
        desk.question.say(saying.sum() if len(saying.calls) > 1 else "")
        desk.open_page(saying.title(), lines, is_at_end=saying.verb in _AT_ITS_END)
