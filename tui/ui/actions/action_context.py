"""What the flows share: the engine, the question line, and the acts of this console."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from tui.core.errors import UsageError
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Key, Session
from tui.core.sessions.listing_join import is_gone
from tui.core.text.safe_text import cut_middle, one_line
from tui.core.values import dataclass, field
from tui.operations.context import ActionResult
from tui.ui.actions.pages import Pages
from tui.ui.background.answer_search import AnswerSearch
from tui.ui.engine.engine import Engine
from tui.ui.leaving import StoppedWaiting
from tui.ui.state.drafts import Drafts
from tui.ui.state.notifications import Notifications
from tui.ui.state.sent_prompts import SentPrompts
from tui.ui.threads import in_background
from tui.ui.widgets.page import Draw
from tui.ui.widgets.prompt import PromptBar
from tui.view.text import formatting
from tui.view.text.sent_commands import (
    BY_NOBODY_KNOWN,
    answered_words,
    deadline_words,
)

T = TypeVar("T")
MANY = 5
_TAKING = ("delete", "clean-up")
_MOST_NAME = 20


@dataclass(slots=True, kw_only=True)
class ActionContext:
    """The engine and the prompt, and what the flows remember.

    `done` are the batches that `u` undoes, the latest last, `message_of_done` the message of the
    latest. `running` are the operator's own commands that run without a question. `about` are the
    sessions of the open question, `request` its permission request; `sent` are the prompts that
    were just sent from here, `answers` looks for who answered the request.
    """

    engine: Engine
    question: PromptBar
    news: Notifications
    pages: Pages
    sent: SentPrompts
    done: list[tuple[ActionResult, ...]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    drafts: Drafts = field(init=False)
    about: tuple[Session, ...] = ()
    message_of_done: int = 0
    request: PermissionRequest | None = None
    answers: AnswerSearch = field(init=False)

    def __post_init__(self) -> None:
        self.drafts = Drafts(self.question, self.news)
        self.answers = AnswerSearch(self.engine, self.question)

    def forget(self, keys: Collection[Key]) -> None:
        """Drop drafts of erased sessions, and undo batches that contain them."""
        if keys:
            self.drafts.forget(keys)
            left = (
                tuple(one for one in acts if (one.listing, one.session_id) not in keys)
                for acts in self.done
            )
            self.done[:] = [acts for acts in left if acts]

    def remember(self, acts: tuple[ActionResult, ...]) -> None:
        """Keep a batch that can be undone, unless it is empty."""
        if acts:
            self.done.append(acts)

    def has_taken(self, key: Key) -> bool:
        """Whether a session was deleted or cleaned up from here, which can still be undone."""
        taken = (act for acts in self.done for act in acts if act.kind in _TAKING)
        return any((act.listing, act.session_id) == key for act in taken)

    async def do(self, work: Callable[[], T], says: str) -> T:
        """Return the result of `work`, run in a thread; Esc leaves it running; its end is shown.

        Use it for whatever a flow waits for: a disk may never answer.
        """

        def later(task: asyncio.Future[T]) -> None:
            error = task.exception()
            done = task.result() if error is None else error
            told = done.words if isinstance(done, ActionResult) else f"{says}: {error or 'done'}"
            self.news.tell(told, "bad" if error else "noticed")

        return await self.question.wait_for(in_background(work), lambda: says, later)

    async def learn(self, work: Callable[[], T], says: str) -> T:
        """Return the result of a read, run in a thread; Esc cancels the flow."""

        def later(task: asyncio.Future[T]) -> None:
            task.exception()  # nobody waits for it

        waits, leaves = self.question.wait_for, "cancel"
        try:
            return await waits(in_background(work), lambda: says, later, leaves)
        except StoppedWaiting:
            raise StoppedWaiting(f"{says}: cancelled, nothing was done") from None

    def open_pages(self, title: str, draw: Draw) -> None:
        """Show lines over the panes, page by page, beside a question about them."""
        self.pages.open_paged(title, draw, self._deadline)

    def _deadline(self) -> str:
        """Return when the request of the open question is denied for lack of an answer."""
        return deadline_words(self.request, self.engine.now()) if self.request else ""

    def asks_about(self, sessions: Sequence[Session]) -> None:
        """Record which sessions the next questions are about, while they are there."""
        self.about = tuple(one for one in sessions if not is_gone(one))
        self.question.gone, self.request = "", None
        self.answers.end()

    def take_note_of(self, there: Mapping[Key, Session]) -> None:
        """Say at the open question that its sessions are gone, when all of them are.

        Also that its request was answered meanwhile, or that its deadline has moved.
        """
        gone = [one for one in self.about if one.key not in there]
        if gone and len(gone) == len(self.about):
            verb = "is" if len(gone) == 1 else "are"
            self.question.gone = f"{named(gone)} {verb} gone in the meantime"
            self.question.redraw()
        elif self.request is not None and self.about:
            self._look_at_request(self.request, there[self.about[0].key])

    def _look_at_request(self, request: PermissionRequest, session: Session) -> None:
        now = session.run.request if session.run else None
        if now is not None and now.request_id == request.request_id:
            self.request = now
        why = answered_words(request, session, self.engine.zone)
        if why is None:
            self.answers.begin(request, session)
            why = self.question.gone or BY_NOBODY_KNOWN
        if why:
            self.question.gone = why
            self.question.redraw()


def named(sessions: Sequence[Session], hidden: int = 0) -> str:
    """Return how a question names its sessions, and how many marked ones it leaves out."""
    unseen = f" ({hidden} marked but hidden: left out)" if hidden else ""
    listings = sorted({one.listing for one in sessions})
    if len(sessions) == 1:
        one = sessions[0]
        where = f"{_short(one.listing)}/{formatting.stage(one.stage)}"
        return f"{where} {formatting.short_id(one.session_id)}{unseen}"
    return f"{count_words(len(sessions), listings)}{unseen}"


def count_words(count: int, listings: Sequence[str]) -> str:
    """Return how many sessions there are, and in which listing or in how many."""
    where = f"of {_short(listings[0])}" if len(listings) == 1 else f"in {len(listings)} listings"
    return f"{count} sessions {where}"


def _short(listing: str) -> str:
    return cut_middle(one_line(listing), _MOST_NAME)


def after_dashes(text: str) -> tuple[str, ...]:
    """Return text as the last argument of a command, never taken for an option."""
    return ("--", text) if text.startswith("-") else (text,)


def require_some(sessions: Sequence[Session]) -> None:
    """Raise `UsageError` where there is nothing to ask about."""
    if not sessions:
        raise UsageError("no session is selected")


async def is_sure(
    context: ActionContext, asks: str, count: int, verb: str, *, most_untyped: int = MANY
) -> bool:
    """Ask for confirmation, default No; for more than `most_untyped` the count must be typed."""
    if count <= most_untyped:
        return await context.question.confirm(asks)
    return await _is_typed(context, asks, count, verb)


async def is_sure_of_list(
    context: ActionContext,
    asks: str,
    count: int,
    verb: str,
    show: Callable[[], Awaitable[None]],
    *,
    must_type: bool = False,
    more: str = "",
) -> bool:
    """Ask as `is_sure`, where a key shows the list of what it is about; default No.

    Where it `must_type`, also one is typed; `more` then stands behind what is asked.
    """
    while True:
        choices = {"y": "yes", "n": "no", "l": "list"}
        key = await context.question.choose(f"{asks}?{more}", choices, default="n")
        if key == "y" and count > (0 if must_type else MANY):
            final = ", and no undo of what is erased" if must_type else ""
            return await _is_typed(context, f"{asks}{final}{more}", count, verb)
        if key != "l":
            return key == "y"
        await show()


async def _is_typed(context: ActionContext, asks: str, count: int, verb: str) -> bool:
    """Ask until the count is typed, or nothing is."""
    typed, refused = "", ""
    while True:
        line = f"{asks}. Type {count} to {verb} {'it' if count == 1 else 'them'}"
        typed = await context.question.ask(line, text=typed, refused=refused, must_be_shown=True)
        typed = typed.strip()
        if typed in ("", str(count)):
            return bool(typed)
        refused = f"{typed} is not {count}: nothing was done; Esc: cancel"
