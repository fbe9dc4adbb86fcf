"""The permission requests of a run: recorded in its events, answered through its inbox."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta
from itertools import count, islice

from tui.core.agent_questions import QUESTION, AgentQuestion, answers, asked_in
from tui.core.errors import UsageError
from tui.core.limits import LONGEST_WAIT_S
from tui.core.text.safe_text import one_line
from tui.core.values import asdict, dataclass, replace
from tui.runs.agent.tool_policy import ALWAYS_HARMLESS, is_harmless
from tui.runs.folder.agent_events import PermissionAnswer, PermissionAsk
from tui.runs.folder.command import Command
from tui.runs.folder.permission_requests import RequestFile, file_name, request_file
from tui.runs.journal.run_journal import Journal

_WITHDRAWN = "withdrawn"
_UNSEEN = "it names an outdated request: read the request again"
_NEVER = "the request is incomplete: it can only be denied"
_TRY_EACH_S = 5.0
_GRANTS = ("allow", "always")
_MOST_ANSWERS = 10
_LONGEST_LABEL = 80  # characters


@dataclass(slots=True)
class _Open:
    """An open request; `since` and `until` are on the event loop's clock.

    `unkept` is the text of its file while it could not be written yet.
    """

    ask: PermissionAsk
    since: float
    until: float
    unkept: str
    settled: asyncio.Future[PermissionAnswer]


class Permissions:
    """The open requests, and the tools that are always allowed in this run.

    An answer that grants must carry the SHA-256 of the input: see
    `tui.runs.folder.permission_requests`. A request that is not answered within `timeout_s` is
    denied, so that no turn waits forever; with 0 at once. In a turn that a restricted console
    prompted, tools that act on the machine are asked for each time.
    """

    def __init__(self, journal: Journal, timeout_s: float) -> None:
        self._journal, self._timeout_s = journal, timeout_s
        self._numbers = count(1)
        self._open: dict[str, _Open] = {}
        self._always: dict[str, PermissionAnswer] = {}
        self._is_restricted = False

    def begin_turn(self, *, is_restricted: bool) -> None:
        """Drop what was always allowed, if a restricted console prompted the turn.

        Permanently: the agent may follow such a prompt in a later turn.
        """
        self._is_restricted = is_restricted
        if is_restricted:
            kept_on = self._always.keys() & ALWAYS_HARMLESS
            self._always = {tool: self._always[tool] for tool in kept_on}

    async def ask(self, ask: PermissionAsk) -> PermissionAnswer:
        """Return an operator's answer to `ask`, or that of an earlier `always`."""
        # Unguessable: an answer posted before the request would block the operator's.
        request_id = f"p{next(self._numbers)}-{secrets.token_hex(4)}"
        file = await asyncio.to_thread(request_file, request_id, ask)
        is_harmless_one = is_harmless(ask.tool, ask.input)
        ruled = self._always.get(ask.tool)
        # An `always` does not cover a request that cannot be shown completely.
        if ruled is not None and file.is_whole and (is_harmless_one or not self._is_restricted):
            return ruled
        answer = PermissionAnswer("")
        try:
            await self._show(request_id, ask, file)
            answer = replace(await self._wait(request_id), request_id=request_id)
        finally:
            self._open.pop(request_id, None)
            decision = answer.decision or _WITHDRAWN
            chosen = _chosen(asked_in(ask.tool, ask.input), answer)
            facts = {"answers": chosen} if chosen else {}
            self._journal.event(
                "answered", request_id=request_id, decision=decision, by=answer.by, **facts
            )
            self._journal.drop_request(file_name(request_id))
        is_kept = is_harmless_one or not self._is_restricted
        if answer.decision == "always" and ask.tool != QUESTION and is_kept:
            ruling = PermissionAnswer("allow", by=answer.by, request_id=request_id, source="always")
            self._always[ask.tool] = ruling
        return answer

    @property
    def is_waiting(self) -> bool:
        """Whether a request is open."""
        return bool(self._open)

    def answer(self, command: Command) -> str | None:
        """Settle the request that `command` answers.

        Returns `None` on success, the reason if the request stays open, and an empty text if there
        is no such request.
        """
        waiting = self._open.get(command.request_id)
        if waiting is None or waiting.settled.done():
            return ""
        try:
            answer = _answer(command, waiting.ask)
        except UsageError as error:
            return str(error)
        waiting.settled.set_result(answer)
        return None

    def put_off(self, command: Command) -> str | None:
        """Postpone a request's timeout to as many seconds from now as `command` says.

        Returns as `answer` does. The time is by this process's clock, not the sender's.
        """
        waiting = self._open.get(command.request_id)
        if waiting is None or waiting.settled.done():
            return ""
        now, seconds = asyncio.get_running_loop().time(), min(float(command.text), LONGEST_WAIT_S)
        if now + seconds <= waiting.until:
            return f"it waits {_span(waiting.until - now)} more anyway"
        waiting.until = now + seconds
        until = self._moment(waiting.until)
        name = command.request_id
        self._journal.event("put_off", request_id=name, until=until, by=command.by)
        return None

    async def _show(self, request_id: str, ask: PermissionAsk, file: RequestFile) -> None:
        """Record a request: first its file, then the event."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting = _Open(ask, now, now + self._timeout_s, file.text, loop.create_future())
        await self._keep(request_id, waiting)
        self._open[request_id] = waiting
        self._tell(request_id, ask, file, self._moment(waiting.until))

    def _tell(self, request_id: str, ask: PermissionAsk, file: RequestFile, until: str) -> None:
        self._journal.event(
            "permission",
            request_id=request_id,
            tool=ask.tool,
            digest=file.digest,
            size=file.size,
            is_whole=file.is_whole,
            until=until,
            asker=asdict(ask.asker),
        )

    async def _wait(self, request_id: str) -> PermissionAnswer:
        """Wait for an answer until the timeout, which may be postponed meanwhile."""
        waiting, loop = self._open[request_id], asyncio.get_running_loop()
        while (left := waiting.until - loop.time()) > 0:
            patience = min(left, _TRY_EACH_S) if waiting.unkept else left
            await asyncio.wait({waiting.settled}, timeout=patience)
            if waiting.settled.done():
                return waiting.settled.result()
            if waiting.unkept:
                await self._keep(request_id, waiting)
        return PermissionAnswer("deny", self._unanswered(waiting), by="the clock", source="clock")

    def _unanswered(self, waiting: _Open) -> str:
        if not self._timeout_s:
            return "It was not allowed beforehand, and this run waits for nobody's answer."
        return f"Nobody answered within {_span(waiting.until - waiting.since)}."

    async def _keep(self, request_id: str, waiting: _Open) -> None:
        name, text = file_name(request_id), waiting.unkept
        is_kept = await asyncio.to_thread(self._journal.keep_request, name, text)
        waiting.unkept = "" if is_kept else text

    def _moment(self, until: float) -> str:
        left = until - asyncio.get_running_loop().time()
        return (self._journal.now() + timedelta(seconds=left)).isoformat()


def _span(seconds: float) -> str:
    """Return a time in words, to the minute from two minutes on."""
    return f"{seconds:.0f} s" if seconds < 119.5 else f"{seconds / 60:.0f} min"


def _chosen(asked: Sequence[AgentQuestion], answer: PermissionAnswer) -> list[str]:
    """Return the labels chosen, for the run's events; an operator's own words stay out of them."""
    given = ((one.options, answer.answers[one.asks]) for one in asked if one.asks in answer.answers)
    return [
        one_line(chosen)[:_LONGEST_LABEL] if chosen in options else "own words"
        for options, chosen in islice(given, _MOST_ANSWERS)
    ]


def _answer(command: Command, ask: PermissionAsk) -> PermissionAnswer:
    """Return the answer in a command; raises `UsageError` when it is not allowed."""
    if command.decision not in _GRANTS:
        return PermissionAnswer(command.decision, command.text, by=command.by)
    file = request_file(command.request_id, ask)
    if not file.is_whole:
        raise UsageError(_NEVER)
    if not secrets.compare_digest(command.digest.encode(), file.digest.encode()):
        raise UsageError(_UNSEEN)
    asked = asked_in(ask.tool, ask.input)
    replies = answers(asked, command.answers) if command.answers else {}
    return PermissionAnswer(command.decision, command.text, replies, command.by)
