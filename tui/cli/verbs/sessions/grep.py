"""The verb that searches transcripts: grep."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

import tui
from tui.cli.hangup import ending_with_reader
from tui.cli.json_fields import hit_json
from tui.cli.lookup import look, say_unreadable
from tui.cli.output import is_in_console, output_width, put, put_json, say
from tui.core.errors import UsageError
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key, Session
from tui.core.sessions.session_filter import parse_filter
from tui.core.text.safe_text import cell_width, cut, fit, one_line
from tui.core.time.since import parse_since
from tui.core.time.zones import LOCAL
from tui.operations.catalog.session_lookup import find_listing
from tui.operations.context import Context, parted
from tui.operations.formatting import count
from tui.operations.search.grep import GrepHit, search
from tui.operations.search.pattern import Pattern

Facts = Mapping[str, Any]

_AGAIN = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from tui.__main__ import main; "
    "sys.exit(main())"
)
_HEAD = 16
_COUNTED = 1000  # hits of a session: those above it are printed, and not counted first
_MOST_ON_PAGE = 2000


def grep(context: Context, args: argparse.Namespace) -> int:
    """Search all transcripts; 1 when nothing matches, or when not all could be read."""
    patterns, listing = _named(args)
    if is_in_console():
        return _in_another_process(context, args, patterns, listing)
    pattern = Pattern(*patterns, is_case_sensitive=args.case_sensitive)
    since = parse_since(args.since, context.clock(), LOCAL) if args.since else None
    catalog = look(context, listing)
    listings = [find_listing(catalog, listing)] if listing else catalog.listings
    every = _of_stage([one for found in listings for one in found.sessions], args, context)
    sessions, elsewhere = parted(every)
    unread: list[str] = []
    found = search(sessions, pattern, limit=args.n, since=since, tell=say, unread=unread.append)
    with ending_with_reader():
        facts = _numbered(found, sessions)
        count = sum(map(_put_fact, facts)) if args.json else _put_grouped(facts)
    is_unread = say_unreadable(catalog, listing) or bool(unread)
    if not count:
        part = "what could be read of " if is_unread else ""
        say(f"nothing matches in {part}{len(sessions)} sessions{' here' if elsewhere else ''}")
    if words := _not_searched(elsewhere):
        say(words)
    return 0 if count and not is_unread else 1


def _named(args: argparse.Namespace) -> tuple[tuple[str, ...], str]:
    """Return the patterns, and the listing: with `-e` the only argument is that."""
    if not args.e:
        if args.pattern is None:
            raise UsageError("what to search for is missing: give a PATTERN")
        return (args.pattern,), args.listing or ""
    if args.listing is not None:
        raise UsageError("give each PATTERN with -e, and at most one LISTING")
    return tuple(args.e), args.pattern or ""


def _of_stage(sessions: list[Session], args: argparse.Namespace, context: Context) -> list[Session]:
    if not args.stage:
        return sessions
    is_of_stage, now = parse_filter(f"stage:{args.stage.strip()}"), context.clock()
    return [one for one in sessions if is_of_stage(one, now)]


def _not_searched(elsewhere: Iterable[Session]) -> str:
    """Say how many sessions live on other hosts, whose files are not here; empty for none."""
    found = Counter(one.host for one in elsewhere if one.transcript or one.remains)
    if not found:
        return ""
    where = ", ".join(f"{number} on {one_line(host)}" for host, number in sorted(found.items()))
    return f"{count(found.total(), 'session')} of other hosts not searched, {where}: `grep` there"


def _numbered(hits: Iterable[GrepHit], sessions: Iterable[Session]) -> Iterator[Facts]:
    """Yield what `--json` prints of each hit, numbered within its session."""
    by_key, counts = {one.key: one for one in sessions}, Counter[Key]()
    for hit in hits:
        key = (hit.listing, hit.session_id)
        counts[key] += 1
        yield hit_json(hit, by_key[key], counts[key])


def _put_fact(facts: Facts) -> int:
    put_json(facts)
    return 1


# In the console ------------------------------------------------------------------------------


def _in_another_process(
    context: Context, args: argparse.Namespace, patterns: Sequence[str], listing: str
) -> int:
    """Search in another process: a slow regular expression would block the whole console."""
    most = args.n or _MOST_ON_PAGE
    done = _searched(context, _words(args, patterns, listing, most))
    lines = done.stdout.splitlines()
    if args.json:
        for line in lines[:most]:
            put(line)
    else:
        _put_grouped(_read(lines[:most]))
    if len(lines) > most and not args.n:
        say(f"only the first {most:,} lines: name a listing, --stage, --since or -n")
    for line in done.stderr.splitlines():
        say(_said(line))
    return done.returncode


def _words(
    args: argparse.Namespace, patterns: Sequence[str], listing: str, most: int
) -> tuple[str, ...]:
    """Return the arguments again, for one more line than is shown unless that many are wanted."""
    each = [(f"-e{one}",) if one.startswith("-") else ("-e", one) for one in patterns]
    return (
        "--json",
        *("-n", str(most if args.n else most + 1)),
        *(("--case-sensitive",) if args.case_sensitive else ()),
        *((f"--stage={args.stage}",) if args.stage else ()),
        *((f"--since={args.since}",) if args.since else ()),
        *chain.from_iterable(each),
        *("--", *((listing,) if listing else ())),
    )


def _searched(context: Context, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    package = str(Path(tui.__file__).absolute().parent.parent)
    root = ("--root", str(context.root.absolute()))
    return subprocess.run(  # noqa: S603 (our own program, and words that it takes as words)
        [sys.executable, "-P", "-c", _AGAIN, package, *root, "grep", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        check=False,
    )


def _read(lines: Iterable[str]) -> Iterator[Facts]:
    """Yield the facts in lines of JSON; the last one is torn if the process was ended."""
    for line in lines:
        with suppress(ValueError):
            yield json.loads(line)


def _said(line: str) -> str:
    """Return a line of stderr; of an error, which comes as JSON, its message."""
    try:
        return str(json.loads(line)["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return line


# As text -------------------------------------------------------------------------------------


def _put_grouped(hits: Iterable[Facts]) -> int:
    """Print hits below their sessions; return how many there are."""
    width = max(40, output_width() or shutil.get_terminal_size((100, 24)).columns - 1)
    count = 0
    for _, grouped in groupby(hits, key=lambda one: (one["listing"], one["session_id"])):
        of_session = iter(grouped)
        counted = list(islice(of_session, _COUNTED))
        more = next(of_session, None)
        _put_heading(counted[0], len(counted), width, is_more=more is not None)
        for hit in chain(counted, () if more is None else (more,), of_session):
            count += 1
            _put_hit(hit, width)
    return count


def _put_heading(hit: Facts, count: int, width: int, *, is_more: bool) -> None:
    from tui.view.text.formatting import short_id

    is_on_screen = output_width() is not None
    session_id = short_id(hit["session_id"]) if is_on_screen else hit["session_id"]
    hits = f"{count:,}{'+' if is_more else ''} hit{'' if count == 1 else 's'}"
    stage, title = one_line(hit["stage"] or "-"), one_line(hit["title"] or "")
    words = (f"{hit['listing']}/{session_id}", stage, hits, title)
    target = LineTarget(listing=hit["listing"], session_id=hit["session_id"])
    line = "  ".join(words).rstrip()
    put(cut(line, width) if is_on_screen else line, target)


def _put_hit(hit: Facts, width: int) -> None:
    place = hit["place"]
    target = LineTarget(
        listing=hit["listing"],
        session_id=hit["session_id"],
        place=-1 if place is None else place,
        sought=hit["match"],
    )
    at = datetime.fromisoformat(hit["at"]).astimezone(LOCAL) if hit["at"] else None
    moment = f"{at:%Y-%m-%d %H:%M}" if at else ""
    put(f"  {moment:<{_HEAD}} {hit['kind']:<8} {_cut(hit, width - _HEAD - 12)}", target)


def _cut(hit: Facts, width: int) -> str:
    """Return the match with the text around it, cut to `width` cells so that the match shows."""
    before, rest = hit["text"][: hit["match_at"]], hit["text"][hit["match_at"] :]
    room = max(width // 3, width - cell_width(rest))
    if cell_width(before) > room:
        kept = before[-room:]
        while cell_width(kept) > room - 1:
            kept = kept[1:]
        before = f"~{kept}"
    return fit(f"{before}{rest}", width).rstrip()
