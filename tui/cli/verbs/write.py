"""The verbs that change what is stored: extend, delete, restore."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from tui.cli.output import iso, problem_of, put, put_error, put_json, say
from tui.cli.targets import session_named
from tui.core.errors import ConfirmationRequired, ConsoleError
from tui.core.models.session import Key, Session
from tui.operations.context import ActionResult, Context
from tui.operations.sessions.extend import Extension, plan_extension
from tui.operations.sessions.extend import extend as extend_session
from tui.operations.trash.delete import delete_many
from tui.operations.trash.restore import restore as restore_session


def extend(context: Context, args: argparse.Namespace) -> int:
    """Let sessions last longer."""
    context = context.at_one_moment()

    def one(words: str) -> dict[str, Any]:
        planned = plan_extension(session_named(context, words), args.until, context.clock())
        act = extend_session(context, planned)
        return _facts(act, f"{act.words}  {_span(context, planned)}") | {
            "was": iso(planned.was),
            "expires_at": iso(planned.was if planned.is_needless else planned.until),
        }

    return _each(args, args.ids, one)


def delete(context: Context, args: argparse.Namespace) -> int:
    """Move sessions into the trash."""
    if not args.yes:
        sessions = [session_named(context, words) for words in args.ids]
        raise ConfirmationRequired(f"would delete {_named(sessions)}: add --yes to do it")
    found: dict[Key, Session] = {}
    errors: list[ConsoleError] = []
    for words in args.ids:
        try:
            session = session_named(context, words)
            found[session.key] = session
        except (ConsoleError, OSError) as error:
            errors.append(problem_of(error))
    done = delete_many(context, tuple(found.values()))
    errors += (error for _, error in done.refused)
    facts = [_facts(act, act.words) | {"trash_id": act.trash_id} for act in done.acts]
    return _tell(args, facts, errors)


def restore(context: Context, args: argparse.Namespace) -> int:
    """Get a session back from the trash."""

    def one(words: str) -> dict[str, Any]:
        act = restore_session(context, words)
        return _facts(act, act.words)

    return _each(args, [args.id], one)


def _each(
    args: argparse.Namespace, ids: Sequence[str], one: Callable[[str], dict[str, Any]]
) -> int:
    """Do it to each; one that fails does not keep the others from it."""
    done, errors = [], []
    for words in ids:
        try:
            done.append(one(words))
        except (ConsoleError, OSError) as error:
            errors.append(problem_of(error))
    return _tell(args, done, errors)


def _tell(
    args: argparse.Namespace, done: list[dict[str, Any]], errors: Sequence[ConsoleError]
) -> int:
    """Print what was done and what was not; returns the exit code of the last failure, or 0."""
    for error in errors:
        put_error(error, as_json=args.json)
    if args.json:
        put_json(done)
    else:
        for facts in done:
            put(facts["words"])
        if len(done) + len(errors) > 1:
            say(f"{len(done)} of {len(done) + len(errors)} done")
    return errors[-1].exit_code if errors else 0


def _facts(act: ActionResult, words: str) -> dict[str, Any]:
    return {"session_id": act.session_id, "listing": act.listing, "words": words}


def _span(context: Context, planned: Extension) -> str:
    from tui.view.text.formatting import countdown

    now = context.clock()
    after = planned.was if planned.is_needless else planned.until
    swept = " (the CLI's sweep)" if planned.session.is_swept_first else ""
    return f"{countdown(planned.ends_at, now)}{swept} -> {countdown(after, now)}"


def _named(sessions: Sequence[Session]) -> str:
    from tui.view.text.formatting import size

    return ", ".join(f"{one.address} ({size(one.bytes)})" for one in sessions)
