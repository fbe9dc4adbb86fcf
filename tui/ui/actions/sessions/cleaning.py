"""The clean-up: what to take, a preview, then into the trash with progress shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tui.core.errors import Reason, Refused, UsageError
from tui.core.models.catalog import Catalog
from tui.core.sessions.cleanup_selection import CleanupCriteria
from tui.core.sessions.listing_join import is_pending
from tui.core.text.sizes import parse_size, size_text
from tui.core.time.expiry import parse_duration
from tui.operations.trash.cleanup import CleanupPlan
from tui.ui.actions.action_context import ActionContext
from tui.ui.actions.outcome import Commands, Outcome, asked_by, done_by
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions.batch_action import in_one_go
from tui.view.panes import cleanup_preview

DEFAULT = "expired"


async def clean_up(
    context: ActionContext, catalog: Catalog, listing: str, given: str = ""
) -> Outcome:
    """Ask what to take, show what that is, and take it; default No."""

    def commands(typed: str, *sure: str) -> Commands:
        where, flags = (listing,) if listing else (), _flags(typed.strip() or DEFAULT)
        return (("cleanup", *where, *flags, *sure),)

    async def take(typed: str) -> tuple[str, CleanupPlan]:
        wish = typed.strip() or DEFAULT
        measure = partial(context.engine.plan_cleanup, catalog, wanted(wish), listing)
        return wish, await _measured(context, measure)

    asks, where = _asks(context, catalog, listing), _where(catalog, listing)
    asked = partial(until_taken, context.question, asks, take, placeholder=DEFAULT)
    with asked_by(commands(given)):
        if not catalog.listings:
            raise UsageError(catalog.problem or "there are no listings to clean up")
        if catalog.hold is not None:
            raise Refused(f"{catalog.hold.by} paused clean-up here", Reason.HELD, remedy="hold off")
        wish, plan = await (take(given) if given else asked(commands=commands))
    if plan.is_empty:
        return Outcome(f"{where}: {plan.words}", commands=commands(wish))
    with asked_by(commands(wish)):
        if not await _is_sure(context, plan, f"clean up {wish}", where):
            return Outcome("nothing moved", commands=())
    work = partial(context.engine.clean_up, plan)
    return await done_by(commands(wish, "--yes"), in_one_go(context, work, "cleaned up"))


def _where(catalog: Catalog, listing: str) -> str:
    return listing or f"all {len(catalog.listings)} listings"


async def _measured(context: ActionContext, measure: Callable[[], CleanupPlan]) -> CleanupPlan:
    return await context.learn(measure, "measuring")


def wanted(words: str) -> CleanupCriteria:
    """Return the criteria that words like `expired`, `30d` or `5G` mean; any of them suffices.

    `200m` are minutes, `200M` a size.

    Raises `UsageError`.
    """
    found = CleanupCriteria()
    for word in words.split():
        match _flag(word):
            case "--expired":
                found = replace(found, is_expired=True)
            case "--max-size":
                found = replace(found, max_bytes=parse_size(word))
            case _:
                found = replace(found, older_than=parse_duration(word))
    return found


def _flag(word: str) -> str:
    if word.lower() in ("expired", "leftovers"):
        return "--expired"
    is_size = word.lower().endswith(("b", "k", "g", "t")) or word.endswith("M")
    return "--max-size" if is_size else "--older-than"


def _flags(words: str) -> tuple[str, ...]:
    """Return the same as command-line options."""
    flags: tuple[str, ...] = ()
    for word in words.split():
        flag = _flag(word)
        flags += (flag,) if flag == "--expired" else (flag, word)
    return flags


def _asks(context: ActionContext, catalog: Catalog, listing: str) -> str:
    now = context.engine.now()
    waiting = [
        one for one in catalog.sessions if listing in ("", one.listing) and is_pending(one, now)
    ]
    total = size_text(sum(one.bytes for one in waiting))
    what = f"expired ({len(waiting)}, {total}), 30d (unused), or 5G (to keep)"
    return f"clean up {_where(catalog, listing)}: {what}"


async def _is_sure(context: ActionContext, plan: CleanupPlan, title: str, where: str) -> bool:
    """Ask until the answer is yes or no; a key shows the list."""
    while True:
        key = await context.question.choose(
            f"{where}: {plan.does}?" + (f" ({'; '.join(plan.leaves)})" if plan.leaves else ""),
            {"y": "yes", "n": "no", "l": "list"},
            default="n",
        )
        if key != "l":
            return key == "y"
        erased = [(f"{one.listing}/{one.session_id[:8]}", one.at) for one in plan.purges]
        lines = cleanup_preview.listed(plan.taken, plan.skipped, erased, context.engine.now())
        await context.pages.show(title, lines)
