"""The verb that prints the audit: log."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import groupby

from tui.claude.session_id import is_session_id
from tui.cli.json_fields import event_json
from tui.cli.lookup import Tell, session_named
from tui.cli.output import put_json, say
from tui.cli.tables import put_table
from tui.core.act_summary import action_word, actor, did
from tui.core.errors import UnknownId
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.line_target import LineTarget
from tui.core.time.since import parse_since
from tui.core.time.zones import LOCAL
from tui.operations.context import Context
from tui.operations.monitor.history import LoggedAct, grouped_acts
from tui.safe_io.folders import is_folder

_Line = tuple[tuple[str, ...], LineTarget | None]


def log(context: Context, args: argparse.Namespace) -> int:
    """Print who did what, newest last."""
    problems = dict[str, None]()  # a dict, so that each is printed once
    listing, session_id, unknown = _named(context, args.id or "", problems.setdefault)
    is_whole = args.all or args.json
    found = grouped_acts(
        context,
        listing=listing,
        session_id=session_id,
        limit=args.n,
        since=parse_since(args.since, context.clock(), LOCAL) if args.since else None,
        is_whole=is_whole,
        report=problems.setdefault,
    )
    for problem in problems:
        say(problem)
    if not found and unknown is not None:
        raise unknown
    if args.json:
        put_json([event_json(event) for one in found for event in one.events])
    elif found:
        _put_actions(found, is_whole=is_whole)
    elif not problems:
        say(
            "nothing has been done here since then"
            if args.since
            else "nothing has been done here yet"
        )
    return int(bool(problems))


def _named(context: Context, address: str, tell: Tell) -> tuple[str, str, UnknownId | None]:
    """Return the listing and session that are named, empty for all.

    A session may be left only in the audit: then also the error that it is unknown.
    """
    if not address or (is_listing_id(address) and is_folder(context.root / address, unknown=True)):
        return address, "", None
    try:
        session = session_named(context, address, tell)
    except UnknownId as unknown:
        listing, slash, session_id = address.rpartition("/")
        if not is_session_id(session_id) or (slash and not is_listing_id(listing)):
            raise
        return listing, session_id, unknown
    return session.folder.name, session.session_id, None


def _put_actions(found: tuple[LoggedAct, ...], *, is_whole: bool) -> None:
    rows: list[tuple[str, ...]] = []
    targets: list[LineTarget | None] = []
    for one in reversed(found):
        if is_whole or one.sessions == 1:
            events = list(reversed(one.events)) if is_whole else [one.first]
            rows += map(_event_line, events)
            targets += map(_target, events)
        else:
            rows.append(_action_line(one))
            targets.append(_target_of_many(one))
    folded = list(_folded(zip(rows, targets, strict=True)))
    put_table(("AT", "WHO", "DID", "LISTING", "ID", "WHAT"), *map(list, zip(*folded, strict=True)))
    zone = f"{found[0].first.at.astimezone(LOCAL):%Z}"
    say(f"AT is in {zone}; what a row says of its expiry is in its pipeline's zone")
    if len(folded) < len(rows):
        say("(x12) is the last of 12 equal ones in a row")
    if not is_whole and any(one.sessions > 1 for one in found):
        say("--all lists each session of what was done to many")


def _folded(rows: Iterable[_Line]) -> Iterator[_Line]:
    """Yield the lines, those in a row that differ only in their time as the last and a count."""
    for _, many in groupby(rows, lambda one: (one[0][1:], one[1])):
        *earlier, (last, target) = many
        count = f" (x{len(earlier) + 1})" if earlier else ""
        yield (*last[:-1], f"{last[-1]}{count}".lstrip()), target


def _target(event: AuditEvent) -> LineTarget | None:
    if not event.listing:
        return None
    return LineTarget(listing=event.listing, session_id=event.session_id)


def _target_of_many(act: LoggedAct) -> LineTarget | None:
    """Return the listing that an act on many sessions was in, if it was only one."""
    listings = {one.listing for one in act.events} - {""}
    return LineTarget(listing=listings.pop()) if len(listings) == 1 else None


def _event_line(event: AuditEvent) -> tuple[str, ...]:
    from tui.view.panes import audit_line as view
    from tui.view.text.formatting import short_id

    return (
        view.act_time(event, LOCAL),
        actor(event) or "-",
        action_word(event.action),
        event.listing or "-",
        short_id(event.session_id) or "-",
        view.act_words(event),
    )


def _action_line(deed: LoggedAct) -> tuple[str, ...]:
    from tui.view.panes import audit_line as view

    event, listings = deed.first, {one.listing for one in deed.events}
    where = event.listing or "-" if len(listings) == 1 else f"{len(listings)} listings"
    many = f"{deed.sessions} sessions"
    return (
        view.act_time(event, LOCAL),
        actor(event) or "-",
        action_word(event.action),
        where,
        "-",
        did(event, many),
    )
