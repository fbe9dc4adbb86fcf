"""One action on many sessions: run in a thread, summed up, and undone as one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from tui.core.errors import ConsoleError, Refused
from tui.core.models.session import Key, Session
from tui.core.text.sizes import size_text
from tui.core.values import dataclass, field
from tui.operations.context import ActionResult
from tui.operations.trash.bulk import BulkProgress, BulkResult, OnProgress, Stop
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Outcome
from tui.ui.leaving import StoppedWaiting
from tui.ui.threads import in_background
from tui.view.text.not_done import AS_BEFORE, MARKED, not_done

_NONE: Mapping[Key, str] = MappingProxyType({})
_UNDOABLE = ("delete", "clean-up", "extend")


@dataclass(slots=True)
class BatchTally:
    """The results so far; a thread writes it, the screen reads it.

    `sum_of_done` says more about those that are done than their number and a word, if not empty;
    `already` says what those were that needed nothing. `left` are those that were not tried, and
    why.
    """

    count: int
    already: str
    sum_of_done: str = ""
    left: Mapping[Key, str] = field(default_factory=dict)
    done: list[ActionResult] = field(default_factory=list)
    errors: dict[Key, ConsoleError] = field(default_factory=dict)

    def progress(self, word: str) -> str:
        """Return how many have been tried."""
        return f"{len(self.done) + len(self.errors)} of {self.count} {word}"

    @property
    def why_not(self) -> dict[Key, str]:
        """Why it was not done, by session."""
        return {**words_of(self.errors), **self.left}

    def words(self, word: str, marks: str) -> str:
        """Return the sum: done, already so, which were not and why, and what their marks are."""
        needless = sum(act.is_needless for act in self.done)
        same = [f"{needless} {self.already}"] if needless else []
        done = ", ".join([self.sum_of_done or f"{len(self.done) - needless} {word}", *same])
        return f"{done}; {not_done(self.why_not, marks)}" if self.why_not else done

    def outcome(self, word: str) -> Outcome:
        """Return what came of it: those that were not done stay marked."""
        is_lone = self.count == 1 and not self.left
        return Outcome(
            self.done[0].words if is_lone else self.words(word, MARKED),
            "bad" if self.errors else "" if self.left else "good",
            failed=frozenset(self.why_not),
            done=undoable(self.done),
        )

    def require_any(self, word: str) -> None:
        """Raise why, if all failed; the marks are then as before."""
        if self.errors and not self.done:
            errors = [*self.errors.values()]
            is_lone = len(errors) == 1 and not self.left
            raise errors[0] if is_lone else ConsoleError(self.words(word, AS_BEFORE))


def words_of(errors: Mapping[Key, ConsoleError]) -> dict[Key, str]:
    """Return why each failed, without what fixes it."""
    return {key: error.message or str(error) for key, error in errors.items()}


def with_failed(words: str, errors: Mapping[Key, ConsoleError], marks: str) -> str:
    """Return a message with those that failed, why, and what their marks are."""
    return f"{words}; {not_done(words_of(errors), marks)}" if errors else words


async def each(
    context: ActionContext,
    sessions: Sequence[Session],
    act: Callable[[Session], ActionResult],
    word: str,
    *,
    already: str = "needed nothing",
    sum_of: Callable[[Sequence[ActionResult]], str] = lambda _: "",
    failed: Callable[[Iterable[Key]], None] = lambda _: None,
    left: Mapping[Key, str] = _NONE,
) -> Outcome:
    """Do it to each; those that failed or were `left` stay marked, and the message says so.

    `already` is said of those that needed nothing, `sum_of`, called in the thread, of those done;
    `failed` is told which failed, also when nobody waits any more. Raises why, if all failed.
    """
    tally = BatchTally(len(sessions), already, left=left)

    def work() -> None:
        with context.engine.recorded(word, [one.key for one in sessions]) as record:
            for session in sessions:
                record.begins()
                try:
                    tally.done.append(act(session))
                except ConsoleError as error:
                    tally.errors[session.key] = error
                record.ends(is_done=session.key not in tally.errors)
        tally.require_any(word)
        tally.sum_of_done = sum_of(tally.done)

    def later(task: asyncio.Future[None]) -> None:
        failed(tally.errors)
        context.remember(undoable(tally.done))
        context.news.tell(str(task.exception() or tally.words(word, AS_BEFORE)))

    await context.question.wait_for(in_background(work), partial(tally.progress, word), later)
    failed(tally.errors)
    return tally.outcome(word)


async def in_one_go(
    context: ActionContext,
    work: Callable[[OnProgress, Stop], BulkResult],
    word: str,
    keys: Sequence[Key],
) -> Outcome:
    """Call an operation that acts on many by itself, and return its sum; Esc stops it."""
    so_far: list[BulkProgress] = []
    is_over = threading.Event()

    says = partial(_progress, word, so_far)

    def later(task: asyncio.Future[BulkResult]) -> None:
        if (error := task.exception()) is not None:
            context.news.tell(str(error), "bad")
            return
        done = task.result()
        context.remember(undoable(done.acts))
        context.news.tell(with_failed(done.sum, dict(done.refused), AS_BEFORE))

    def recorded() -> BulkResult:
        with context.engine.recorded(word, keys):
            return work(so_far.append, is_over.is_set)

    try:
        cleaned = await context.question.wait_for(
            in_background(recorded),
            says,
            later,
            "stop (what is done stays done)",
        )
    except StoppedWaiting:
        is_over.set()
        raise StoppedWaiting(f"{says()}: stopping") from None
    return Outcome(
        with_failed(cleaned.sum, dict(cleaned.refused), MARKED),
        "bad" if cleaned.refused else "good",
        failed=frozenset(key for key, _ in cleaned.refused),
        done=undoable(cleaned.acts),
    )


def _progress(word: str, so_far: Sequence[BulkProgress]) -> str:
    if not so_far:
        return word
    last = so_far[-1]
    size = f", {size_text(last.bytes)}" if last.bytes else ""
    return f"{word} {last.done} of {last.total}{size}"


def undoable(acts: Sequence[ActionResult]) -> tuple[ActionResult, ...]:
    """Return the acts of a batch that changed something."""
    return tuple(
        act
        for act in acts
        if act.kind in _UNDOABLE
        and not act.is_needless
        and (act.kind != "extend" or act.host or act.before != act.after)
    )


async def undo_batch(context: ActionContext, acts: Sequence[ActionResult]) -> Outcome:
    """Undo a batch; acts that could not be undone just now stay undoable."""
    if len(acts) > 1:
        keys = [(act.listing, act.session_id) for act in acts]
        return await in_one_go(context, partial(context.engine.undo_many, acts), "undone", keys)
    try:
        act = await context.do(partial(context.engine.undo, acts[0]), "undoing")
    except Refused:
        raise
    except ConsoleError:
        context.remember(undoable(acts))
        raise
    return Outcome(act.words, "good")
