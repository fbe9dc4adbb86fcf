"""The whole hand-over: what needs somebody first, on one screen, then everything by urgency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tui.cli.hand_over.rows import EMPTY, CommandLines, Row, section, shown, since_words
from tui.cli.hand_over.still_open import StillOpen, duration
from tui.cli.hand_over.what_was_done import WhatWasDone, grave_words
from tui.core.models.session import Liveness
from tui.core.models.work_counts import WorkCounts
from tui.core.sessions.attention import Need, is_settled
from tui.core.sessions.cleanup_selection import is_expired, why_left
from tui.core.time.zones import LOCAL
from tui.operations.formatting import count, moment, span
from tui.operations.monitor.hand_over import HandOver
from tui.view.text.formatting import cost
from tui.view.text.formatting import moment as short_moment

_MOST_UNREAD, _MOST_KINDS = 5, 6


def hand_over_rows(
    found: HandOver, root: str, line: CommandLines, *, has_all: bool
) -> Iterator[Row]:
    """Yield the lines of the hand-over of a root; `has_all` lists what is else counted."""
    of = f" of {shown(found.listing, 64)}" if found.listing else ""
    yield Row(f"# Hand-over{of}: {shown(root, 64)}")
    yield EMPTY
    length = span(found.at - found.since)
    yield Row(f"From {moment(found.since)} to {moment(found.at)} ({length}).")
    yield from _unread(found, line, has_all=has_all)
    yield from section("In short", (Row(f"- {words}") for words in _summary(found)))
    yield from StillOpen(found, line, has_all).rows()
    yield from WhatWasDone(found, line, has_all).rows()
    if not has_all:
        yield EMPTY
        yield line.row("All of it", ("report", *since_words(found), "--all"))


def _unread(found: HandOver, line: CommandLines, *, has_all: bool) -> Iterator[Row]:
    if not found.unread:
        return
    most = len(found.unread) if has_all else _MOST_UNREAD
    yield EMPTY
    yield Row("**Not everything could be read: there may be more of everything.**")
    yield EMPTY
    yield from (Row(f"- {shown(words, 200)}") for words in found.unread[:most])
    if len(found.unread) > most:
        yield line.row(f"- and {len(found.unread) - most} more", ("doctor",))


def _summary(found: HandOver) -> list[str]:
    """Return what somebody must do or know, the most urgent first."""
    urgent = [words for words in _urgent(found) if words]
    return [*(urgent or ["Nothing needs anybody now."]), *filter(None, _besides(found))]


def _urgent(found: HandOver) -> Iterator[str]:
    waiting = [one for one in found.waits if one.what == "waiting"]
    yield f"**{count(len(waiting), 'agent')} waiting for an answer**" if waiting else ""
    yield from (f"**{shown(one.words, 200)}**" for one in found.waits if one.what == "hold")
    failed, settled, causes = _failed(found)
    more = f", {settled} acknowledged" if settled else ""
    yield f"**{failed} failed{more}**, for {causes}" if failed else ""
    if found.ends:
        alert = found.ends[0]
        key = (alert.listing, alert.session_id)
        at = next(short_moment(one.ends_at, LOCAL) for one in found.sessions if one.key == key)
        yield f"**{len(found.ends)} ending within {duration(found.within)}**, the first at {at}"
    kinds = Counter(one.what.replace("_", " ") for one in found.attention if one.level != "note")
    told = ", ".join(f"{many} {kind}" for kind, many in kinds.most_common(_MOST_KINDS))
    more = f" and {len(kinds) - _MOST_KINDS} other kinds" if len(kinds) > _MOST_KINDS else ""
    yield f"**{kinds.total()} more to look at**: {told}{more}" if kinds else ""


def _failed(found: HandOver) -> tuple[int, int, str]:
    """Return how many failed and need somebody, how many are settled, and for how many causes."""
    every = [one for group in found.failures for one in group.sessions]
    settled = sum(is_settled(one, Need.FAILED, found.at) for one in every)
    return len(every) - settled, settled, count(len(found.failures), "cause")


def _expired(found: HandOver) -> str:
    """Return how many are past their end, and why a clean-up would leave some of them."""
    there = [one for one in found.sessions if not one.is_vanished and is_expired(one, found.at)]
    left = Counter(why for one in there if (why := why_left(one, found.at)))
    words = f"{len(there)} expired in all, {len(there) - left.total()} to clean up"
    why = ", ".join(
        f"{many} left ({shown(reason, 100)})" for reason, many in left.most_common(_MOST_KINDS)
    )
    return ", ".join(filter(None, (words, why))) if there else ""


def _besides(found: HandOver) -> Iterator[str]:
    yield WorkCounts.of(found.sessions).words
    waiting = sum(one.liveness is Liveness.WAITING for one in found.sessions)
    settled = waiting - sum(one.what == "waiting" for one in found.waits)
    yield f"{settled} waiting that somebody acknowledged or snoozed" if settled else ""
    failed, acknowledged, causes = _failed(found)
    if acknowledged and not failed:
        yield f"{acknowledged} failed, all acknowledged, for {causes}"
    yield f"{len(found.expired)} ended since then, and still here" if found.expired else ""
    yield _expired(found)
    yield f"{len(found.snoozed)} snoozed" if found.snoozed else ""
    yield f"{count(len(found.noted), 'session')} with notes or tags" if found.noted else ""
    operators, whole = {one.first.operator for one in found.deeds}, found.spending[-1]
    done = f"{count(len(found.deeds), 'action')} by {count(len(operators), 'operator')}"
    named = ", ".join(grave_words(found.deeds))
    done += f" ({named})" if named else ""
    covered = len(found.covered)
    yield f"{count(covered, 'request')} covered by an earlier answer" if covered else ""
    spent = f"{cost(whole.cost_usd)}{' or more' if whole.unknown else ''}"
    begun = short_moment(found.since, LOCAL)
    yield f"{done}; {count(whole.turns, 'turn')} for {spent} (US dollars) since {begun}"
