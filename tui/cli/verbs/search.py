"""The verbs that read what was said: grep, export."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import tui
from tui.cli.output import iso, put, put_json, say
from tui.cli.reader_watch import ending_with_reader
from tui.cli.targets import look, say_unread, session_named
from tui.core.errors import ConsoleError, Refused, UnknownId, UsageError
from tui.core.models.session import Session
from tui.core.text.safe_text import cell_width, fit
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.search.grep import GrepHit, search
from tui.operations.stream.export import markdown, trashed_session

_AGAIN = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from tui.__main__ import main; "
    "sys.exit(main())"
)
_HEAD = 16
_MOST_SHOWN = 4_000_000


def grep(context: Context, args: argparse.Namespace) -> int:
    """Search all that was said; 1 when nothing matches, as grep does, or not all could be read."""
    if _is_in_the_console():
        return _in_another_process(context, args)
    catalog = look(context, args.listing or "")
    listings = [find_listing(catalog, args.listing)] if args.listing else catalog.listings
    sessions = [session for one in listings for session in one.sessions]
    unread: list[str] = []
    hits = search(sessions, args.pattern, limit=args.n, tell=say, unread=unread.append)
    with ending_with_reader():
        count = _put_as_json(hits) if args.json else _put_grouped(hits, sessions)
    is_unread = say_unread(catalog, args.listing or "") or bool(unread)
    if not count:
        part = "what could be read of " if is_unread else ""
        say(f"nothing matches in {part}{len(sessions)} sessions")
    return 0 if count and not is_unread else 1


def _is_in_the_console() -> bool:
    return threading.current_thread() is not threading.main_thread()


def _in_another_process(context: Context, args: argparse.Namespace) -> int:
    """Search beside the console: a pattern that takes for ever would keep it from everything."""
    package = str(Path(tui.__file__).absolute().parent.parent)
    words = [*(("-n", str(args.n)) if args.n else ()), *(("--json",) if args.json else ())]
    named = [args.pattern, *((args.listing,) if args.listing else ())]
    root = ("--root", str(context.root.absolute()))
    done = subprocess.run(  # noqa: S603 (our own program, and words that it takes as words)
        [sys.executable, "-P", "-c", _AGAIN, package, *root, "grep", *words, "--", *named],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "100"},
        check=False,
    )
    for line in done.stdout.splitlines():
        put(line)
    for line in done.stderr.splitlines():
        say(line)
    return done.returncode


def export(context: Context, args: argparse.Namespace) -> int:
    """Write a session as Markdown; 1 when not all of it could be read."""
    if args.json and args.output is None:
        raise UsageError("--json goes with -o FILE; `tail --json -n 1000` prints entries")
    if args.output is not None:
        _require_own_place(context, args.output)
    session = _session_or_trashed(context, args.id)
    if args.output is None and _is_in_the_console() and session.bytes > _MOST_SHOWN:
        raise UsageError("that is too long to be shown here: name a file with -o FILE")
    unread: list[str] = []
    blocks = markdown(context, session, unread.append)
    if args.output is None:
        with ending_with_reader():
            for number, block in enumerate(blocks):
                put(f"\n{block}" if number else block)
        return _say_all(unread)
    size = _write(args.output, blocks)
    facts: dict[str, object] = {"session_id": session.session_id, "file": str(args.output)}
    facts |= {"bytes": size, "unread": unread}
    put_json(facts) if args.json else say(f"{args.output}: {size} bytes")
    return _say_all(unread)


def _say_all(unread: list[str]) -> int:
    """Say what could not be read, and return what a verb then ends with."""
    for words in unread:
        say(words)
    return int(bool(unread))


def _require_own_place(context: Context, path: Path) -> None:
    """Raise `Refused` for a file where this console writes none."""
    context.require_unrestricted("it writes no file; without -o the session is printed")
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(context.root)):
        context.require_writable()


def _session_or_trashed(context: Context, words: str) -> Session:
    """Return the session that `words` name, in the trash if it is nowhere else."""
    try:
        return session_named(context, words)
    except UnknownId as unknown:
        try:
            return trashed_session(context, words)
        except UnknownId:
            raise unknown from None


def _write(path: Path, blocks: Iterable[str]) -> int:
    """Write a new file that only this login may read, whole or not at all; return its size."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(path, flags, 0o600)
    except FileExistsError:
        raise Refused(f"{path} exists: nothing is written over it") from None
    except OSError as error:
        raise ConsoleError(f"{path} cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="replace") as file:
            for number, block in enumerate(blocks):
                file.write(f"\n{block}\n" if number else f"{block}\n")
            return file.tell()
    except BaseException as error:  # an interrupt too must leave no half of a session behind
        with suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise ConsoleError(f"{path} cannot be written: {error.strerror or error}") from error
        raise


def _put_as_json(hits: Iterable[GrepHit]) -> int:
    count = 0
    for hit in hits:
        count += 1
        facts = {"listing": hit.listing, "session_id": hit.session_id, "at": iso(hit.at)}
        said = {"kind": str(hit.kind), "match": hit.match, "text": hit.text}
        put_json(facts | said | {"is_sidechain": hit.is_sidechain})
    return count


def _put_grouped(hits: Iterable[GrepHit], sessions: Iterable[Session]) -> int:
    titles = {one.key: one.title for one in sessions}
    width = max(40, shutil.get_terminal_size((100, 24)).columns - 1)
    count, last = 0, None
    for hit in hits:
        count += 1
        key = (hit.listing, hit.session_id)
        if key != last:
            put(f"{hit.listing}/{hit.session_id}  {titles[key]}".rstrip())
            last = key
        put(f"  {_moment(hit.at):<{_HEAD}} {hit.kind:<8} {_cut(hit, width - _HEAD - 12)}")
    return count


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}" if at else ""


def _cut(hit: GrepHit, width: int) -> str:
    """Return the match in its surroundings in at most `width` cells, the match in sight."""
    before = hit.before
    room = max(width // 3, width - cell_width(f"{hit.match}{hit.after}"))
    if cell_width(before) > room:
        kept = before[-room:]
        while cell_width(kept) > room - 1:
            kept = kept[1:]
        before = f"~{kept}"
    return fit(f"{before}{hit.match}{hit.after}", width).rstrip()
