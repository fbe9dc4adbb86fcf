"""The verb that searches transcripts: grep."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import tui
from tui.cli.hangup import ending_with_reader
from tui.cli.json_fields import hit_json
from tui.cli.lookup import look, say_unreadable
from tui.cli.output import is_in_console, put, put_json, say
from tui.core.models.session import Session
from tui.core.text.safe_text import cell_width, fit
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context
from tui.operations.search.grep import GrepHit, search

_AGAIN = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from tui.__main__ import main; "
    "sys.exit(main())"
)
_HEAD = 16


def grep(context: Context, args: argparse.Namespace) -> int:
    """Search all transcripts; 1 when nothing matches, or when not all could be read."""
    if is_in_console():
        return _in_another_process(context, args)
    catalog = look(context, args.listing or "")
    listings = [find_listing(catalog, args.listing)] if args.listing else catalog.listings
    sessions = [session for one in listings for session in one.sessions]
    unread: list[str] = []
    hits = search(sessions, args.pattern, limit=args.n, tell=say, unread=unread.append)
    with ending_with_reader():
        count = _put_as_json(hits) if args.json else _put_grouped(hits, sessions)
    is_unread = say_unreadable(catalog, args.listing or "") or bool(unread)
    if not count:
        part = "what could be read of " if is_unread else ""
        say(f"nothing matches in {part}{len(sessions)} sessions")
    return 0 if count and not is_unread else 1


def _in_another_process(context: Context, args: argparse.Namespace) -> int:
    """Search in another process: a slow regular expression would block the whole console."""
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


def _put_as_json(hits: Iterable[GrepHit]) -> int:
    count = 0
    for hit in hits:
        count += 1
        put_json(hit_json(hit))
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
    """Return the match with the text around it, cut to `width` cells so that the match shows."""
    before = hit.before
    room = max(width // 3, width - cell_width(f"{hit.match}{hit.after}"))
    if cell_width(before) > room:
        kept = before[-room:]
        while cell_width(kept) > room - 1:
            kept = kept[1:]
        before = f"~{kept}"
    return fit(f"{before}{hit.match}{hit.after}", width).rstrip()
