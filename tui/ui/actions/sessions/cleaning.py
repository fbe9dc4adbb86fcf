"""The clean-up: what to take, a preview, then into the trash with progress shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from tui.core.errors import Reason, Refused, UsageError
from tui.core.models.catalog import Catalog
from tui.core.sessions.cleanup_selection import CleanupCriteria, select
from tui.core.text.sizes import parse_size, size_text
from tui.core.time.expiry import parse_duration
from tui.core.values import replace
from tui.operations.trash.cleanup import CleanupPlan
from tui.ui.actions.action_context import ActionContext, is_sure_of_list
from tui.ui.actions.outcome import Commands, Outcome, asked_by, done_by
from tui.ui.actions.prompting import until_taken
from tui.ui.actions.sessions.batch_action import in_one_go
from tui.view.panes import cleanup_preview

DEFAULT, FREE = "expired", "free"


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
            return Outcome(f"nothing {'moved' if plan.asked is None else 'erased'}", commands=())
    work, done = partial(context.engine.clean_up, plan), "cleaned up"
    if plan.asked is not None:
        done = "erased"
    keys = [(one.listing, one.session_id) for one in plan.purges]
    keys += [one.key for one, _ in plan.taken]
    return await done_by(commands(wish, "--yes"), in_one_go(context, work, done, keys))


def _where(catalog: Catalog, listing: str) -> str:
    many = len(catalog.listings)
    return listing or ("the one listing" if many == 1 else f"all {many} listings")


async def _measured(context: ActionContext, measure: Callable[[], CleanupPlan]) -> CleanupPlan:
    return await context.learn(measure, "measuring")


def wanted(words: str) -> CleanupCriteria:
    """Return the criteria that words like `expired`, `30d` or `5G` mean; any of them suffices.

    `free 200M` stands alone.

    `200m` are minutes, `200M` a size.

    Raises `UsageError`.
    """
    if (asked := _to_free(words)) is not None:
        return CleanupCriteria(free_bytes=parse_size(asked))
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


def _to_free(typed: str) -> str | None:
    """Return the size that `free 200M` asks for; `None` for other words."""
    first, *rest = typed.split() or [""]
    return " ".join(rest) if first.lower() == FREE else None


def _flag(word: str) -> str:
    if word.lower() in ("expired", "leftovers"):
        return "--expired"
    is_size = word.lower().endswith(("b", "k", "g", "t")) or word.endswith("M")
    return "--max-size" if is_size else "--older-than"


def _flags(words: str) -> tuple[str, ...]:
    """Return the same as command-line options."""
    if (asked := _to_free(words)) is not None:
        return (f"--{FREE}", asked)
    flags: tuple[str, ...] = ()
    for word in words.split():
        flag = _flag(word)
        flags += (flag,) if flag == "--expired" else (flag, word)
    return flags


def _asks(context: ActionContext, catalog: Catalog, listing: str) -> str:
    now = context.engine.now()
    there = [
        one for one in catalog.sessions if listing in ("", one.listing) and not one.is_vanished
    ]
    found = select(there, CleanupCriteria(is_expired=True), now)
    total = size_text(sum(one.bytes for one, _ in found.taken))
    reasons = Counter(why for _, why in found.skipped).most_common(1)
    left = f"; {len(found.skipped)} left: {reasons[0][0]}" if reasons else ""
    what = f"expired ({len(found.taken)}, {total}{left}), 30d (unused), 5G (to keep) or free 200M"
    return f"clean up {_where(catalog, listing)}: {what}"


def _more(plan: CleanupPlan) -> str:
    more = [plan.frees] if plan.asked is not None else []
    if plan.taken and plan.asked is None and plan.emptied_at is not None:
        more = ["frees nothing before the trash is emptied"]
    more += plan.leaves
    return f" ({'; '.join(more)})" if more else ""


async def _is_sure(context: ActionContext, plan: CleanupPlan, title: str, where: str) -> bool:
    """Ask; a key shows the list."""

    async def show() -> None:
        erased = [(f"{one.listing}/{one.session_id[:8]}", one.at) for one in plan.purges]
        lines = cleanup_preview.listed(plan.taken, plan.skipped, erased, context.engine.now())
        await context.pages.show(title, lines)

    return await is_sure_of_list(
        context,
        f"{where}: {plan.does}",
        plan.count,
        plan.verb,
        show,
        must_type=plan.is_final,
        more=_more(plan),
    )
