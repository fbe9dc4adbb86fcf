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
from tui.core.act_summary import GRAVE, OLDER, action_word, actor, did, is_failure
from tui.core.errors import UnknownId
from tui.core.listing_id import is_listing_id
from tui.core.models.audit import AuditEvent
from tui.core.models.line_target import LineTarget
from tui.core.time.since import parse_since
from tui.core.time.zones import LOCAL
from tui.core.values import replace
from tui.operations.context import Context
from tui.operations.monitor.history import LoggedAct, grouped_acts
from tui.safe_io.folders import is_folder

_Line = tuple[tuple[str, ...], LineTarget | None, str]  # cells, where it leads, its kind


def log(context: Context, args: argparse.Namespace) -> int:
    """Print who did what, newest last."""
    problems = dict[str, None]()  # a dict, so that each is printed once
    listing, session_id, unknown = _named(context, args.id or "", problems.setdefault)
    is_whole = args.all or args.json
    found = grouped_acts(
        context,
        listing=listing,
        session_id=session_id,
        limit=args.n + 1,  # one more tells whether there is any
        since=parse_since(args.since, context.clock(), LOCAL) if args.since else None,
        is_whole=is_whole,
        report=problems.setdefault,
    )
    found, older = found[: args.n], found[args.n :]
    for problem in problems:
        say(problem)
    if not found and unknown is not None:
        raise unknown
    if args.json:
        put_json([event_json(event) for one in found for event in one.events])
    elif found:
        _put_actions(found, is_whole=is_whole)
        if older:
            say(f"these are the last {len(found)} actions{OLDER} {4 * len(found)}")
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
    rows: list[_Line] = []
    for one in reversed(found):
        if is_whole:
            rows += [(_event_line(event), _target(event), "") for event in reversed(one.events)]
        elif one.sessions == 1:
            rows.append((_event_line(one.first), _target(one.first), _kind(one.first)))
        else:
            rows.append((_action_line(one), _target_of(one.events), ""))
    folded = list(_folded(rows))
    put_table(("AT", "WHO", "DID", "LISTING", "ID", "WHAT"), *map(list, zip(*folded, strict=True)))
    zone = f"{found[0].first.at.astimezone(LOCAL):%Z}"
    say(f"AT is in {zone}; what a row says of its expiry is in its pipeline's zone")
    if len(folded) < len(rows):
        say("(x12) is the last of 12 in a row that say the same")
    if not is_whole and (len(folded) < len(rows) or any(one.sessions > 1 for one in found)):
        say("--all lists each session of what was done to many")


def _folded(rows: Iterable[_Line]) -> Iterator[tuple[tuple[str, ...], LineTarget | None]]:
    """Yield the lines, those in a row that say the same as the last and a count."""
    for (_, _, kind), found in groupby(rows, _same):
        many = list(found)
        (at, who, what, where, own, words), target, _ = many[-1]
        if kind and len({(one[0][3], one[0][4]) for one in many}) > 1:
            listings = {one[0][3] for one in many}
            where, own, words = (
                where if len(listings) == 1 else f"{len(listings)} listings",
                "-",
                kind,
            )
            is_one = target is not None and len(listings) == 1
            target = LineTarget(listing=target.listing) if target and is_one else None
        count = f" (x{len(many)})" if len(many) > 1 else ""
        yield (at, who, what, where, own, f"{words}{count}".lstrip()), target


def _same(line: _Line) -> tuple[object, object, str]:
    """Return what lines in a row must share to be one: of some kinds not even the session."""
    cells, target, kind = line
    return (cells[1:3], None, kind) if kind else (cells[1:], target, "")


def _kind(event: AuditEvent) -> str:
    """Return by which words it is folded with those of other sessions; empty if it is named."""
    from tui.view.panes import audit_line as view

    if event.action in GRAVE and not is_failure(event):
        return ""
    return view.act_words(replace(event, cost_usd=None)) or action_word(event.action)


def _target(event: AuditEvent) -> LineTarget | None:
    if not event.listing:
        return None
    return LineTarget(listing=event.listing, session_id=event.session_id)


def _target_of(events: Iterable[AuditEvent]) -> LineTarget | None:
    """Return the listing that an act on many sessions was in, if it was only one."""
    listings = {one.listing for one in events} - {""}
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
