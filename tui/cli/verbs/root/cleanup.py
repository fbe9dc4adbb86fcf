"""The verb that moves many sessions to the trash: cleanup."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime

from tui.cli.json_fields import cleanup_json, plan_json
from tui.cli.lookup import look
from tui.cli.output import put, put_error, put_json, say
from tui.cli.results import put_result
from tui.cli.tables import put_table
from tui.core.errors import ConfirmationRequired, Refused
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import parse_size, size_text
from tui.core.time.expiry import parse_duration
from tui.core.time.zones import LOCAL
from tui.operations.context import Context
from tui.operations.running.hold import require_not_held
from tui.operations.trash.cleanup import (
    BulkProgress,
    BulkResult,
    CleanupPlan,
    clean_up,
    plan_cleanup,
)

_MANY = 200


def cleanup(context: Context, args: argparse.Namespace) -> int:
    """Move sessions that are expired, old or over the size limit to the trash.

    1 when that failed, or when something could not be read.
    """
    listing = args.listing or ""
    plan = plan_cleanup(
        context,
        look(context, listing),
        listing=listing,
        is_expired=args.expired,
        older_than=parse_duration(args.older_than) if args.older_than else None,
        max_bytes=parse_size(args.max_size) if args.max_size else None,
        purges_trash=args.purge_trash,
        free_bytes=parse_size(args.free) if args.free else None,
    )
    for words in (
        plan.unreadable_trash if listing else plan.unreadable
    ):  # of a listing `look` says it
        say(words)
    if args.dry_run:
        _put_plan(context, plan, as_json=args.json)
        return int(bool(plan.unreadable))
    require_not_held(context.root)
    if not (args.yes or plan.is_empty):
        if not args.json:
            _put_plan(context, plan, as_json=False)
        raise ConfirmationRequired(f"would {plan.words}", many=plan.count, must_type=plan.is_final)
    return _put_done(plan, clean_up(context, plan, _progress_printer()), as_json=args.json)


def _progress_printer() -> Callable[[BulkProgress], None]:
    """Return a callback that prints the progress of a large clean-up, every 10 %."""
    told = 0

    def tell(progress: BulkProgress) -> None:
        nonlocal told
        tenth = progress.done * 10 // progress.total
        if progress.total >= _MANY and tenth > told:
            told = tenth
            say(f"{progress.done} of {progress.total}: {progress.listing}")

    return tell


def _put_plan(context: Context, plan: CleanupPlan, *, as_json: bool) -> None:
    from tui.view.text.formatting import elapsed

    if as_json:
        put_json(plan_json(plan))
        return
    now = context.clock()

    def cells(session: Session, why: str) -> tuple[str, ...]:
        last = elapsed(session.last_activity_at, now)
        return session.listing, session.session_id, size_text(session.bytes), last, why

    sizes = zip(plan.purges, plan.purge_sizes, strict=True)
    trashed = [
        (
            one_line(one.listing),
            one.session_id,
            size_text(size),
            "-",
            f"for good, in the trash since {_when(one.at)}",
        )
        for one, size in sizes
    ]
    rows = [cells(session, why) for session, why in plan.taken]
    rows = [*trashed, *rows] if plan.asked is not None else [*rows, *trashed]
    rows += [cells(session, f"left: {why}") for session, why in plan.skipped]
    if rows:
        put_table(("LISTING", "ID", "SIZE", "QUIET", "WHY"), rows)
    for one in plan.unfinished:
        put(f"moved only halfway: {one_line(one.listing)}/{one.session_id}, {_when(one.at)}: back")
    say(plan.words)


def _put_done(plan: CleanupPlan, done: BulkResult, *, as_json: bool) -> int:
    """Print what was done; 1 on any failure other than a refusal that protects a session."""
    failed = {str(error): error for _, error in done.refused if not isinstance(error, Refused)}
    for error in failed.values():
        put_error(error, as_json=as_json)
    put_result(cleanup_json(plan, done), as_json=as_json)
    return int(bool(failed or plan.unreadable))


def _when(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
