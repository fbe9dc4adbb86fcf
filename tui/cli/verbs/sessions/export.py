"""The verb that writes a session as Markdown: export."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tui.cli.hangup import ending_with_reader
from tui.cli.lookup import session_at_hand
from tui.cli.output import is_in_console, put, put_json, say
from tui.cli.written_file import existing, require_may_write
from tui.core.errors import ConsoleError, UnknownId, UsageError
from tui.core.models.session import Session
from tui.operations.catalog.answering import require_answer
from tui.operations.context import Context
from tui.operations.stream.export import markdown, trashed_session

_MOST_SHOWN = 4_000_000


def export(context: Context, args: argparse.Namespace) -> int:
    """Write a session as Markdown; 1 when not all of it could be read."""
    if args.json and args.output is None:
        raise UsageError("--json goes with -o FILE; `tail --json -n 1000` prints entries")
    if args.output is not None:
        require_may_write(context, args.output, "without -o the session is printed")
    session = _session_or_trashed(context, args.id)
    if args.output is None and is_in_console() and session.bytes > _MOST_SHOWN:
        raise UsageError("too long to show here: write it to a file with -o FILE")
    unread: list[str] = []
    blocks = markdown(context, session, unread.append)
    if args.output is None:
        with ending_with_reader():
            for number, block in enumerate(blocks):
                put(f"\n{block}" if number else block)
        return _say_unread(unread)
    size = _write(args.output, blocks)
    facts: dict[str, object] = {"session_id": session.session_id, "file": str(args.output)}
    facts |= {"bytes": size, "unread": unread}
    put_json(facts) if args.json else say(f"{args.output}: {size} bytes")
    return _say_unread(unread)


def _say_unread(unread: list[str]) -> int:
    """Print what could not be read, and return the exit code."""
    for words in unread:
        say(words)
    return int(bool(unread))


def _session_or_trashed(context: Context, words: str) -> Session:
    """Return the session that is named, from the trash if it is nowhere else."""
    try:
        return session_at_hand(context, words)
    except UnknownId as unknown:
        require_answer(context.root, (), needs_all=True)  # each listing has its own trash
        try:
            return trashed_session(context, words)
        except UnknownId:
            raise unknown from None


def _write(path: Path, blocks: Iterable[str]) -> int:
    """Write a new file that only this login may read; remove it on failure; return its size."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(path, flags, 0o600)
    except FileExistsError:
        raise existing(path) from None
    except OSError as error:
        raise ConsoleError(f"{path} cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            for number, block in enumerate(blocks):
                file.write(f"\n{block}\n" if number else f"{block}\n")
            return file.tell()
    except BaseException as error:  # also after Ctrl-C no partial file may remain
        with suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise ConsoleError(f"{path} cannot be written: {error.strerror or error}") from error
        raise
