"""The verbs of upkeep: cleanup, hold, trash, purge."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tui.cli.output import iso, put, put_error, put_json, put_table, room, say
from tui.cli.table_fit import put_fitted
from tui.cli.targets import look
from tui.core.errors import ConfirmationRequired, Refused
from tui.core.models.session import Session
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import parse_size
from tui.core.time.expiry import parse_duration
from tui.core.time.zones import LOCAL
from tui.operations.context import Context
from tui.operations.running.hold import hold_words, require_not_held, set_hold
from tui.operations.trash.cleanup import (
    BulkProgress,
    BulkResult,
    CleanupPlan,
    clean_up,
    plan_cleanup,
)
from tui.operations.trash.purge import plan_purge
from tui.operations.trash.purge import purge as purge_session
from tui.operations.trash.trash_list import TrashedSession, TrashPreview, preview, trash_and_unread
from tui.storage.state.hold import read_hold

_MANY = 200
_GIVES = (
    *(("TITLE", 24), ("FILES", 0), ("LISTING", 16), ("WHO", 8), ("HOW", 0)),
    *(("TITLE", 8), ("LISTING", 8), ("WHO", 4), ("TITLE", 0)),
)


def cleanup(context: Context, args: argparse.Namespace) -> int:
    """Move what has expired, is left over, old or too much into the trash.

    Returns 1 when that failed, or not all of the trash could be read.
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
    )
    for words in plan.unread:
        if not (listing and words.startswith(f"{listing}: ")):  # of that one `look` says it
            say(words)
    if args.dry_run:
        _put_plan(context, plan, as_json=args.json)
        return int(bool(plan.unread))
    require_not_held(context.root)
    if not (args.yes or plan.is_empty):
        if not args.json:
            _put_plan(context, plan, as_json=False)
        raise ConfirmationRequired(f"would {plan.words}: add --yes to do it")
    return _put_done(plan, clean_up(context, plan, _teller()), as_json=args.json)


def hold(context: Context, args: argparse.Namespace) -> int:
    """Stop new runs and clean-up in this root, or go on; 1 when nobody can tell who holds it."""
    said = ""
    if args.switch is not None:
        said = set_hold(context, args.switch == "on", args.reason).words
    held = read_hold(context.root)
    if args.json:
        by = {"by": held.by, "at": iso(held.at), "reason": held.reason} if held else {}
        put_json({"held": held is not None} | by | ({"words": said} if said else {}))
    else:
        put(said or (hold_words(held) if held else "nobody holds new runs and clean-up"))
    return int(held is not None and held.is_unread)


def trash(context: Context, args: argparse.Namespace) -> int:
    """List what the trash holds, or look into one session of it; 1 when not all could be read."""
    if args.id:
        shown = preview(context, args.id)
        _put_preview(context, shown, as_json=args.json)
        return int(bool(shown.unread))
    found, unread = trash_and_unread(context)
    for words in unread:
        say(words)
    if args.json:
        put_json([_trash_json(one) for one in found])
    elif found:
        _put_trash(context, found)
    elif not unread:
        say("the trash is empty: what `delete` and `cleanup` take lies here until it is purged")
    return int(bool(unread))


def purge(context: Context, args: argparse.Namespace) -> int:
    """Erase a session for good, trash included."""
    if not args.yes:
        raise ConfirmationRequired(
            f"would erase {plan_purge(context, args.id).words}: add --yes to do it"
        )
    act = purge_session(context, args.id)
    if args.json:
        put_json({"session_id": act.session_id, "listing": act.listing, "words": act.words})
    else:
        put(act.words)
    return 0


def _teller() -> Callable[[BulkProgress], None]:
    """Return what tells how far a clean-up of many is, each tenth of the way."""
    told = 0

    def tell(progress: BulkProgress) -> None:
        nonlocal told
        tenth = progress.done * 10 // progress.total
        if progress.total >= _MANY and tenth > told:
            told = tenth
            say(f"{progress.done} of {progress.total}: {progress.listing}")

    return tell


def _put_plan(context: Context, plan: CleanupPlan, *, as_json: bool) -> None:
    from tui.view.text.formatting import quiet, size

    if as_json:
        put_json(_plan_json(plan))
        return
    now = context.clock()

    def cells(session: Session, why: str) -> tuple[str, ...]:
        last = quiet(session.last_activity_at, now)
        return session.listing, session.session_id, size(session.bytes), last, why

    rows = [cells(session, why) for session, why in plan.taken]
    rows += [cells(session, f"left: {why}") for session, why in plan.skipped]
    if rows:
        put_table(("LISTING", "ID", "SIZE", "QUIET", "WHY"), rows)
    for one in plan.purges:
        put(f"in the trash: {one_line(one.listing)}/{one.session_id}, {_when(one.at)}: for good")
    for one in plan.unfinished:
        put(f"moved only halfway: {one_line(one.listing)}/{one.session_id}, {_when(one.at)}: back")
    say(plan.words)


def _plan_json(plan: CleanupPlan) -> dict[str, Any]:
    return {
        "sessions": [_session_json(*one) for one in plan.taken],
        "bytes": plan.bytes,
        "skipped": [_session_json(*one) for one in plan.skipped],
        "purges": [{"trash_id": one.trash_id, "session_id": one.session_id} for one in plan.purges],
        "purge_bytes": plan.purge_bytes,
        "unfinished": [
            {"trash_id": one.trash_id, "session_id": one.session_id} for one in plan.unfinished
        ],
        "unread": list(plan.unread),
    }


def _session_json(session: Session, why: str) -> dict[str, Any]:
    facts = {"session_id": session.session_id, "listing": session.listing}
    return facts | {"bytes": session.bytes, "why": why}


def _put_done(plan: CleanupPlan, done: BulkResult, *, as_json: bool) -> int:
    """Print what was done; 1 when something kept it from being done that is no protection."""
    failed = {str(error): error for _, error in done.refused if not isinstance(error, Refused)}
    for error in failed.values():
        put_error(error, as_json=as_json)
    words = plan.words if plan.is_empty else done.words
    put_json(_done_json(plan, done) | {"words": words}) if as_json else put(words)
    return int(bool(failed or plan.unread))


def _done_json(plan: CleanupPlan, done: BulkResult) -> dict[str, Any]:
    left = [(one.listing, one.session_id, why) for one, why in plan.skipped]
    left += [(*key, str(error)) for key, error in done.refused]
    return {
        "sessions": [
            {"session_id": act.session_id, "listing": act.listing, "trash_id": act.trash_id}
            for act in done.acts
        ],
        "put_back": [{"session_id": act.session_id, "listing": act.listing} for act in done.mended],
        "moved_bytes": done.moved,
        "freed_bytes": done.freed,
        "left": [
            {"session_id": session_id, "listing": listing, "why": why}
            for listing, session_id, why in left
        ],
        "unread": list(plan.unread),
    }


def _put_trash(context: Context, found: tuple[TrashedSession, ...]) -> None:
    from tui.view.text.formatting import countdown, short_id, size

    now, is_narrow = context.clock(), room() is not None
    head = ("WHEN", "WHO", "HOW", "LISTING", "ID", "SIZE", "FILES", "KEPT", "TITLE")
    rows = (
        (
            _when(one.trashed.at),
            *_words_of(one),
            one_line(one.trashed.listing),
            short_id(one.trashed.session_id) if is_narrow else one.trashed.session_id,
            size(one.size.bytes),
            str(one.size.files),
            countdown(one.purge_at, now),
            one_line(one.trashed.title)[:60],
        )
        for one in found
    )
    put_fitted(head, rows, _GIVES)
    total = sum(one.size.bytes for one in found)
    say(f"{len(found)} in the trash, {size(total)}; `restore ID` gets one back")


def _words_of(one: TrashedSession) -> tuple[str, str]:
    return one_line(one.trashed.operator)[:20], one_line(one.trashed.action)[:10]


def _put_preview(context: Context, shown: TrashPreview, *, as_json: bool) -> None:
    from tui.view.text.formatting import size

    if as_json:
        files = [{"path": name, "bytes": length} for name, length in shown.files]
        ends = {"first": shown.first, "last": shown.last}
        unread = [one_line(words) for words in shown.unread]
        put_json(_trash_json(shown.found) | {"files": files} | ends | {"unread": unread})
        return
    _put_trash(context, (shown.found,))
    for name, length in shown.files:
        put(f"{size(length):>6}  {one_line(name)}")
    for label, text in (("first", shown.first), ("last", shown.last)):
        if text:
            put(f"{label}: {one_line(text)[:400]}")
    for words in shown.unread:
        say(one_line(words))


def _trash_json(one: TrashedSession) -> dict[str, Any]:
    trashed = one.trashed
    return {
        "trash_id": trashed.trash_id,
        "session_id": trashed.session_id,
        "listing": trashed.listing,
        "at": iso(trashed.at),
        "operator": trashed.operator,
        "action": trashed.action,
        "title": trashed.title or None,
        "bytes": one.size.bytes,
        "files": one.size.files,
        "purge_at": iso(one.purge_at),
    }


def _when(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}"
