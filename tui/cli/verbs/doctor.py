"""The verbs that explain and reconcile: doctor, check, adopt."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby

from tui.cli.output import problem_of, put, put_error, put_json, put_table, say
from tui.cli.targets import look, say_unread
from tui.core.errors import ConsoleError, UsageError
from tui.core.models.catalog import Catalog
from tui.core.time.expiry import parse_duration
from tui.operations.catalog.session_lookup import find_listing, find_session
from tui.operations.context import Context
from tui.operations.doctor.doctor import examine, fix, verdict
from tui.operations.finding import Finding
from tui.operations.monitor.check import Alert, LastingAlerts, needs, notify
from tui.operations.monitor.needs import needs_of_trash
from tui.operations.sessions.adopt import adopt as adopt_session
from tui.operations.sessions.adopt import adoptable

_ALIKE = 3
_PAUSE_S = 3.0


def doctor(context: Context, args: argparse.Namespace) -> int:
    """Explain everything odd, and what to do."""
    findings, catalog = _examined(context, args.listing or "")
    if args.fix:
        for words in fix(context, catalog, findings):
            say(words) if args.json else put(words)
        findings, _ = _examined(context, args.listing or "")
    if args.json:
        put_json([asdict(one) for one in findings])
    else:
        for line in report(findings):
            put(line)
        say(verdict(findings))
    return int(any(one.level == "error" for one in findings))


def check(context: Context, args: argparse.Namespace) -> int:
    """Say what needs somebody, for monitoring."""
    catalog, found = _needed(context, parse_duration(args.ends))
    if args.notify:
        _notify(context, catalog, found)
    if args.json:
        put_json([_need_json(one) for one in found])
    elif found:
        put_table(("LEVEL", "WHAT", "SESSION", "WORDS"), (_need_row(one) for one in found))
    else:
        say("nobody is needed")
    return int(any(one.level == "error" for one in found))


def _needed(context: Context, within: timedelta) -> tuple[Catalog, tuple[Alert, ...]]:
    """Return what needs somebody; what may be momentary is looked at again before it counts."""
    lasting = LastingAlerts()

    def listed() -> tuple[Catalog, tuple[Alert, ...]]:
        catalog = look(context)
        found = needs(catalog, context.clock(), context.settings.quiet_after, within)
        return catalog, (*needs_of_trash(catalog), *found)

    catalog, found = listed()
    if len(lasting.of(found)) < len(found):
        time.sleep(_PAUSE_S)
        catalog, found = listed()
        found = lasting.of(found)
    return catalog, found


def adopt(context: Context, args: argparse.Namespace) -> int:
    """Move strays into their listing, and track what no row tracks."""
    if bool(args.ids) == args.all:
        raise UsageError("name the sessions to adopt, or --all for every stray: see `doctor`")
    catalog = look(context)
    done, code = [], 0
    for words in args.ids or _strays(catalog):
        try:
            session = find_session(catalog, words)
            act = adopt_session(
                context, session, listing=args.listing or "", stage=args.stage or ""
            )
        except (ConsoleError, OSError) as error:
            problem = problem_of(error)
            put_error(problem, as_json=args.json)
            code = problem.exit_code
        else:
            facts = {"session_id": act.session_id, "listing": act.listing, "words": act.words}
            done.append(facts)
    _put_acts(done, as_json=args.json)
    if args.all:
        is_unread = say_unread(catalog)
        none = "there is no stray to adopt" + (" in what could be read" if is_unread else "")
        say(f"{len(done)} adopted" if done or code else none)
        code = code or int(is_unread)
    return code


def _put_acts(done: Sequence[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        put_json(list(done))
        return
    for facts in done:
        put(facts["words"])


def _strays(catalog: Catalog) -> tuple[str, ...]:
    """Return the strays by id alone: one that two listings claim is left to a person."""
    return tuple(dict.fromkeys(one.session_id for one in adoptable(catalog.sessions)))


def _examined(context: Context, listing: str) -> tuple[tuple[Finding, ...], Catalog]:
    catalog = look(context, listing)
    findings = examine(context, catalog)
    if listing:
        name = find_listing(catalog, listing).listing_id
        findings = tuple(one for one in findings if one.listing == name)
    return findings, catalog


def report(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the doctor's lines: by listing, the one with the most serious first."""
    for listing in dict.fromkeys(one.listing for one in findings):
        yield f"{listing or 'the root and this machine'}:"
        here = [one for one in findings if one.listing == listing]
        for _, alike in groupby(here, key=lambda one: (one.level, one.code)):
            yield from _told_alike(list(alike))


def _told_alike(alike: Sequence[Finding]) -> Iterator[str]:
    for one in alike[:_ALIKE]:
        named = f"{one.session_id[:8]}: " if one.session_id else ""
        yield f"  {one.level:<8} {named}{one.words}"
        yield f"           -> {one.remedy}"
    if len(alike) > _ALIKE:
        yield f"  {alike[0].level:<8} ... and {len(alike) - _ALIKE} more of the same"


def _notify(context: Context, catalog: Catalog, found: Sequence[Alert]) -> None:
    if not context.settings.notify_command:
        raise UsageError("--notify needs notify_command in the settings")
    context.require_unrestricted("it runs no notify_command")
    if trouble := notify(context, catalog, found):
        say(f"warning: {trouble}")


def _need_json(need: Alert) -> dict[str, str | None]:
    return {
        "level": need.level,
        "what": need.what,
        "listing": need.listing,
        "session_id": need.session_id or None,
        "words": need.words,
    }


def _need_row(need: Alert) -> tuple[str, ...]:
    session = f"/{need.session_id[:8]}" if need.session_id else ""
    return need.level, need.what, f"{need.listing}{session}", need.words
