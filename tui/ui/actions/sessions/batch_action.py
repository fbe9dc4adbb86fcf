"""One action on many sessions: run in a thread, summed up, and undone as one."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial

from tui.core.errors import ConsoleError, Refused
from tui.core.models.session import Key, Session
from tui.core.text.sizes import size_text
from tui.operations.context import ActionResult
from tui.operations.trash.bulk import BulkProgress, BulkResult, OnProgress, Stop
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Outcome
from tui.ui.leaving import StoppedWaiting
from tui.ui.threads import in_background

_UNDOABLE = ("delete", "clean-up", "extend")


@dataclass(slots=True)
class BatchTally:
    """The results so far; a thread writes it, the screen reads it.

    `sum_of_done` says more about those that are done than their number and a word, if not empty;
    `already` says what those were that needed nothing.
    """

    count: int
    already: str
    sum_of_done: str = ""
    done: list[ActionResult] = field(default_factory=list)
    errors: dict[Key, ConsoleError] = field(default_factory=dict)

    def progress(self, word: str) -> str:
        """Return how many have been tried."""
        return f"{len(self.done) + len(self.errors)} of {self.count} {word}"

    def words(self, word: str) -> str:
        """Return the sum: done, already so, failed and why."""
        needless = sum(act.is_needless for act in self.done)
        same = [f"{needless} {self.already}"] if needless else []
        return ", ".join(
            [
                self.sum_of_done or f"{len(self.done) - needless} {word}",
                *same,
                *reasons(self.errors.values()),
            ]
        )

    def require_any(self, word: str) -> None:
        """Raise why, if all failed."""
        if self.errors and not self.done:
            errors = [*self.errors.values()]
            raise errors[0] if len(errors) == 1 else ConsoleError(self.words(word))


def reasons(errors: Iterable[ConsoleError]) -> list[str]:
    """Return how many failed for each reason."""
    failed = list(errors)
    counts = [f"{count} {code}" for code, count in Counter(one.code for one in failed).items()]
    words = {str(one) for one in failed}
    return [f"{counts[0]}: {words.pop()}"] if len(counts) == len(words) == 1 else counts


async def each(
    context: ActionContext,
    sessions: Sequence[Session],
    act: Callable[[Session], ActionResult],
    word: str,
    *,
    already: str = "needed nothing",
    sum_of: Callable[[Sequence[ActionResult]], str] = lambda _: "",
    failed: Callable[[Iterable[Key]], None] = lambda _: None,
) -> Outcome:
    """Do it to each; those that failed stay marked, and the message is the sum.

    `already` is said of those that needed nothing, `sum_of`, called in the thread, of those done;
    `failed` is told which failed, also when nobody waits any more. Raises why, if all failed.
    """
    tally = BatchTally(len(sessions), already)

    def work() -> None:
        for session in sessions:
            try:
                tally.done.append(act(session))
            except ConsoleError as error:
                tally.errors[session.key] = error
        tally.require_any(word)
        tally.sum_of_done = sum_of(tally.done)

    def later(task: asyncio.Future[None]) -> None:
        failed(tally.errors)
        context.remember(undoable(tally.done))
        context.news.tell(str(task.exception() or tally.words(word)))

    await context.question.wait_for(in_background(work), partial(tally.progress, word), later)
    failed(tally.errors)
    return Outcome(
        tally.words(word) if tally.count > 1 else tally.done[0].words,
        "bad" if tally.errors else "good",
        failed=frozenset(tally.errors),
        done=undoable(tally.done),
    )


def with_marked(outcome: Outcome, keys: AbstractSet[Key]) -> Outcome:
    """Return an outcome that leaves these marked as well, and says so."""
    if not keys or outcome.failed is None:
        return outcome
    said = f"{outcome.message}; {len(keys)} stay{'s' if len(keys) == 1 else ''} marked"
    return replace(outcome, message=said, style="", failed=outcome.failed | keys)


async def in_one_go(
    context: ActionContext, work: Callable[[OnProgress, Stop], BulkResult], word: str
) -> Outcome:
    """Call an operation that acts on many by itself, and return its sum; Esc stops it."""
    so_far: list[BulkProgress] = []
    is_over = threading.Event()

    def says() -> str:
        if not so_far:
            return word
        last = so_far[-1]
        size = f", {size_text(last.bytes)}" if last.bytes else ""
        return f"{word} {last.done} of {last.total}{size}"

    def later(task: asyncio.Future[BulkResult]) -> None:
        if (error := task.exception()) is not None:
            context.news.tell(str(error), "bad")
        else:
            context.remember(undoable(task.result().acts))
            context.news.tell(task.result().words)

    try:
        cleaned = await context.question.wait_for(
            in_background(lambda: work(so_far.append, is_over.is_set)),
            says,
            later,
            "stop (what is done stays done)",
        )
    except StoppedWaiting:
        is_over.set()
        raise StoppedWaiting(f"{says()}: stopping") from None
    return Outcome(
        cleaned.words,
        "bad" if cleaned.refused else "good",
        failed=frozenset(key for key, _ in cleaned.refused),
        done=undoable(cleaned.acts),
    )


def undoable(acts: Sequence[ActionResult]) -> tuple[ActionResult, ...]:
    """Return the acts of a batch that changed something."""
    return tuple(
        act
        for act in acts
        if act.kind in _UNDOABLE
        and not act.is_needless
        and (act.kind != "extend" or act.before != act.after)
    )


async def undo_batch(context: ActionContext, acts: Sequence[ActionResult]) -> Outcome:
    """Undo a batch; acts that could not be undone just now stay undoable."""
    if len(acts) > 1:
        return await in_one_go(context, partial(context.engine.undo_many, acts), "undone")
    try:
        act = await context.do(partial(context.engine.undo, acts[0]), "undoing")
    except Refused:
        raise
    except ConsoleError:
        context.remember(undoable(acts))
        raise
    return Outcome(act.words, "good")
