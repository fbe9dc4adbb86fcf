"""The verbs for the trash: delete, restore, trash, purge."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from datetime import datetime

from tui.cli.declarations.table import BY_NAME
from tui.cli.json_fields import result_json, trashed_json
from tui.cli.lookup import session_named, sessions_named
from tui.cli.output import as_console_error, output_width, put, put_json, say
from tui.cli.results import put_each, put_result, put_results
from tui.cli.tables import put_fitted
from tui.core.errors import ConfirmationRequired, ConsoleError
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key, Session
from tui.core.text.safe_text import one_line
from tui.core.text.sizes import size_text
from tui.core.time.zones import LOCAL
from tui.operations.context import Context
from tui.operations.trash.delete import delete_many
from tui.operations.trash.purge import plan_purge
from tui.operations.trash.purge import purge as purge_session
from tui.operations.trash.restore import restore as restore_session
from tui.operations.trash.trash_list import (
    TrashedSession,
    TrashPreview,
    preview,
    trash_and_problems,
)

_SHRINK_ORDER = (
    *(("TITLE", 24), ("FILES", 0), ("LISTING", 16), ("WHO", 8), ("HOW", 0)),
    *(("TITLE", 8), ("LISTING", 8), ("WHO", 4), ("TITLE", 0)),
)


def delete(context: Context, args: argparse.Namespace) -> int:
    """Move sessions to the trash."""
    named = sessions_named(context, BY_NAME["delete"], args.ids, is_sure=args.yes)
    if not args.yes:
        sessions = [session_named(context, words) for words in named]
        raise ConfirmationRequired(f"would delete {_named(sessions)}", many=len(sessions))
    found: dict[Key, Session] = {}
    errors: list[ConsoleError] = []
    for words, session in named.items():
        try:
            session = session or session_named(context, words)
            found[session.key] = session
        except (ConsoleError, OSError) as error:
            errors.append(as_console_error(error))
    done = delete_many(context, tuple(found.values()))
    errors += (error for _, error in done.refused)
    results = [result_json(act) | {"trash_id": act.trash_id} for act in done.acts]
    return put_results(results, errors, as_json=args.json)


def restore(context: Context, args: argparse.Namespace) -> int:
    """Restore a session from the trash."""
    return put_each(
        [args.id], lambda words: result_json(restore_session(context, words)), as_json=args.json
    )


def trash(context: Context, args: argparse.Namespace) -> int:
    """List the trash, or preview a session in it; 1 when not all could be read."""
    if args.id:
        shown = preview(context, args.id)
        _put_preview(context, shown, as_json=args.json)
        return int(bool(shown.problems))
    found, unread = trash_and_problems(context)
    for words in unread:
        say(words)
    if args.json:
        put_json([trashed_json(one) for one in found])
    elif found:
        _put_trash(context, found)
    elif not unread:
        say("the trash is empty: `delete` and `cleanup` move sessions here")
    return int(bool(unread))


def purge(context: Context, args: argparse.Namespace) -> int:
    """Erase a session permanently, from the trash too."""
    if not args.yes:
        raise ConfirmationRequired(f"would erase {plan_purge(context, args.id).words}")
    return put_result(result_json(purge_session(context, args.id)), as_json=args.json)


def _put_trash(context: Context, found: tuple[TrashedSession, ...]) -> None:
    from tui.view.text.formatting import countdown, short_id

    now, is_narrow = context.clock(), output_width() is not None
    head = ("WHEN", "WHO", "HOW", "LISTING", "ID", "SIZE", "FILES", "KEPT", "TITLE")
    rows = (
        (
            _when(one.trashed.at),
            *_who_and_how(one),
            one_line(one.trashed.listing),
            short_id(one.trashed.session_id) if is_narrow else one.trashed.session_id,
            size_text(one.size.bytes),
            str(one.size.files),
            countdown(one.purge_at, now),
            one_line(one.trashed.title)[:60],
        )
        for one in found
    )
    put_fitted(head, rows, _SHRINK_ORDER, _targets(found))
    total = sum(one.size.bytes for one in found)
    say(f"{len(found)} in the trash, {size_text(total)}; `restore ID` restores one")


def _targets(found: Iterable[TrashedSession]) -> list[LineTarget]:
    """Return the command that restores each; only the newest delete goes by its session's id."""
    named = set[Key]()
    targets = []
    for one in found:
        key = (one_line(one.trashed.listing), one.trashed.session_id)
        words = one.trashed.trash_id if key in named else "/".join(key)
        named.add(key)
        targets.append(LineTarget(listing=key[0], session_id=key[1], command=("restore", words)))
    return targets


def _who_and_how(one: TrashedSession) -> tuple[str, str]:
    return one_line(one.trashed.operator)[:20], one_line(one.trashed.action)[:10]


def _put_preview(context: Context, shown: TrashPreview, *, as_json: bool) -> None:
    if as_json:
        files = [{"path": name, "bytes": length} for name, length in shown.files]
        ends = {"first": shown.first, "last": shown.last}
        unread = [one_line(words) for words in shown.problems]
        put_json(trashed_json(shown.found) | {"files": files} | ends | {"unread": unread})
        return
    _put_trash(context, (shown.found,))
    for name, length in shown.files:
        put(f"{size_text(length):>6}  {one_line(name)}")
    for label, text in (("first", shown.first), ("last", shown.last)):
        if text:
            put(f"{label}: {one_line(text)[:400]}")
    for words in shown.problems:
        say(one_line(words))


def _when(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}"


def _named(sessions: Sequence[Session]) -> str:
    return ", ".join(f"{one.address} ({size_text(one.bytes)})" for one in sessions)
