"""One deed on many sessions: in a thread, with a sum at the end, and undone as one."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tui.core.errors import ConsoleError, Refused
from tui.core.models.session import Key, Session
from tui.operations.context import ActionResult
from tui.operations.trash.bulk import BulkProgress, BulkResult, OnProgress, Stop
from tui.ui.actions.action_context import ActionContext
from tui.ui.threads import in_background
from tui.ui.widgets.prompt import StoppedWaiting
from tui.view.text import formatting

_UNDOABLE = ("delete", "clean-up", "extend")


@dataclass(slots=True)
class BatchTally:
    """What came of a deed so far; a thread writes it, the screen reads it."""

    count: int
    done: list[ActionResult] = field(default_factory=list)
    errors: dict[Key, ConsoleError] = field(default_factory=dict)

    @property
    def so_far(self) -> int:
        """How many have been tried."""
        return len(self.done) + len(self.errors)

    def words(self, word: str) -> str:
        """Return the sum: what was done, what was so already, what failed and why."""
        needless = sum(act.is_needless for act in self.done)
        same = [f"{needless} already"] if needless else []
        return ", ".join(
            [f"{len(self.done) - needless} {word}", *same, *reasons(self.errors.values())]
        )


def reasons(errors: Iterable[ConsoleError]) -> list[str]:
    """Return how many failed for which reason, in its own words when all have the same."""
    failed = list(errors)
    counts = [f"{count} {code}" for code, count in Counter(one.code for one in failed).items()]
    words = {str(one) for one in failed}
    return [f"{counts[0]}: {words.pop()}"] if len(counts) == len(words) == 1 else counts


async def each(
    desk: ActionContext,
    sessions: Sequence[Session],
    act: Callable[[Session], ActionResult],
    word: str,
) -> None:
    """Do it to each; those that failed stay marked, and the line says the sum."""
    tally = BatchTally(len(sessions))

    def work() -> None:
        for session in sessions:
            try:
                tally.done.append(act(session))
            except ConsoleError as error:
                tally.errors[session.key] = error

    def later(task: asyncio.Future[None]) -> None:
        remember(desk, tally.done)
        desk.news.tell(str(task.exception() or tally.words(word)))

    await desk.question.wait_for(
        in_background(work), lambda: f"{tally.so_far} of {tally.count} {word}", later
    )
    remember(desk, tally.done)
    _say(desk, tally, word)


def _say(desk: ActionContext, tally: BatchTally, word: str) -> None:
    if tally.done:
        desk.failed = frozenset(tally.errors)
    if tally.count > 1:
        desk.question.say(tally.words(word), "bad" if tally.errors else "good")
    elif tally.errors:
        raise next(iter(tally.errors.values()))
    else:
        desk.question.say(tally.done[0].words, "good")


async def in_one_go(
    desk: ActionContext, work: Callable[[OnProgress, Stop], BulkResult], word: str
) -> None:
    """Do what acts on many by itself, and say its sum; Esc stops it between two batches."""
    so_far: list[BulkProgress] = []
    is_over = threading.Event()

    def says() -> str:
        if not so_far:
            return word
        last = so_far[-1]
        size = f", {formatting.size(last.bytes)}" if last.bytes else ""
        return f"{word} {last.done} of {last.total}{size}"

    def later(task: asyncio.Future[BulkResult]) -> None:
        if (error := task.exception()) is not None:
            desk.news.tell(str(error), "bad")
        else:
            remember(desk, task.result().acts)
            desk.news.tell(task.result().words)

    try:
        cleaned = await desk.question.wait_for(
            in_background(lambda: work(so_far.append, is_over.is_set)),
            says,
            later,
            "stops it; what is done stays done",
        )
    except StoppedWaiting:
        is_over.set()
        raise StoppedWaiting(f"{says()}: stopping") from None
    remember(desk, cleaned.acts)
    desk.failed = frozenset(key for key, _ in cleaned.refused)
    desk.question.say(cleaned.words, "bad" if cleaned.refused else "good")


def remember(desk: ActionContext, acts: Sequence[ActionResult]) -> None:
    """Keep what can be undone of a batch; what changed nothing cannot."""
    undoable = tuple(
        act
        for act in acts
        if act.kind in _UNDOABLE
        and not act.is_needless
        and (act.kind != "extend" or act.before != act.after)
    )
    if undoable:
        desk.done.append(undoable)


async def undo_batch(desk: ActionContext, acts: Sequence[ActionResult]) -> None:
    """Undo a batch; what only cannot be undone now can be tried again."""
    if len(acts) > 1:
        await in_one_go(desk, partial(desk.engine.undo_many, acts), "undone")
        return
    try:
        act = await desk.do(partial(desk.engine.undo, acts[0]), "undoing")
    except Refused:
        raise
    except ConsoleError:
        remember(desk, acts)
        raise
    desk.question.say(act.words, "good")
