"""The top line: the root and its most important facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from tui.core.errors import Reason, UsageError
from tui.core.limits import LOW_BYTES
from tui.core.models.catalog import Catalog, Hold, Listing
from tui.core.models.session import Key, Session
from tui.core.models.work_counts import WorkCounts
from tui.core.sessions.attention import Need
from tui.core.sessions.listing_join import ends_within
from tui.core.text.safe_text import cell_width, cut, cut_middle, one_line
from tui.core.text.sizes import size_text
from tui.core.time.zones import zone_named
from tui.core.values import dataclass, replace
from tui.view.panes.listings import is_unreadable
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell, Line, clipped
from tui.view.text.signs import Sign

_DAY = timedelta(days=1)
_NAME = 20
_HOLDER = 24
_WIDE = 120
_UNREADABLE, _ROOM = 7, 8  # their indices among the facts


@dataclass(frozen=True, slots=True)
class TopLineFact:
    """A part of the top line; `short` replaces `text` where that does not fit.

    One that `may_go` is left out first, to keep others in sight.
    """

    text: str
    style: str
    short: str = ""
    may_go: bool = False

    @property
    def is_need(self) -> bool:
        """Whether it says that somebody or something needs help."""
        return bool(self.text) and self.style in ("attention", "bad")

    def cell(self, *, is_short: bool) -> Cell:
        """Return the full or the short form."""
        return Cell(self.short if is_short and self.short else self.text, self.style)


Facts = tuple[TopLineFact, ...]
_NONE = TopLineFact("", "muted")
_LOOKS = signs.READ_ONLY.sign


def line(
    catalog: Catalog | None,
    known: Facts,
    width: int,
    *,
    trouble: str = "",
    selected: Listing | None = None,
    is_read_only: bool = False,
) -> Line:
    """Return the top line; what needs somebody stays longest, and the zone and warnings always.

    `known` are the `facts` of the catalog, the zone last. Without `trouble` it says why the
    `selected` listing cannot be read now, if that is so.
    """
    read_only = [TopLineFact(_LOOKS, "noticed", _LOOKS)] if is_read_only else []
    if catalog is None:
        looks = TopLineFact(signs.LOOKING.sign, "muted")
        return _joined((looks,), (), [*read_only, *_trouble(trouble, width)], width)
    if not catalog.is_read:
        known = (*known[:1], *known[-1:])  # the root and the zone: nothing was counted
    room = _room(catalog)
    is_short = room.style != "muted"  # nearly full or unknown: shown at any width
    shown, zone = list(known[:-1]), known[-1:]
    if is_short and len(shown) > _ROOM:
        shown[_ROOM] = _NONE
    named = _unreadable_selected(catalog, selected, width) if not trouble else _NONE
    if named.text and len(_unreadable(catalog)) == 1 and len(shown) > _UNREADABLE:
        shown[_UNREADABLE] = _NONE
    warnings = [
        *([_hold(catalog.hold)] if catalog.hold is not None else []),
        *read_only,
        *([named] if named.text else []),
        *_troubles((trouble, catalog.problem), width),
        *_of_fleet(catalog, width),
        *([replace(room, short=room.text)] if is_short else []),
    ]
    for at in reversed(range(len(warnings))):
        if _loses_needs(shown, zone, warnings, width):
            warnings[at] = replace(warnings[at], text=warnings[at].short)
    return _joined(tuple(shown), zone, [one for one in warnings if one.text], width)


def _trouble(words: str, width: int) -> list[TopLineFact]:
    text = one_line(words)
    return [TopLineFact(text, "bad", cut(text, max(_NAME, width // 3)))] if text else []


def _troubles(words: Sequence[str], width: int) -> list[TopLineFact]:
    return [fact for one in words for fact in _trouble(one, width)]


def _of_fleet(catalog: Catalog, width: int) -> list[TopLineFact]:
    """Return why no other host is heard, else which is silent, or how many are."""
    if catalog.unheard:
        return _trouble(cut(one_line(catalog.unheard), max(_NAME, width // 2)), width)
    found = sorted(catalog.silent & catalog.hosts.keys())
    if not found:
        return []
    short = f"{len(found)} {signs.SILENT}"
    name = cut_middle(one_line(found[0]), _NAME)
    return [TopLineFact(f"{name} {signs.SILENT}" if len(found) == 1 else short, "bad", short)]


def _hold(hold: Hold) -> TopLineFact:
    by = cut(one_line(hold.by), _HOLDER)
    return TopLineFact(f"{signs.HELD} {by}", "attention", str(signs.HELD).partition(" ")[0])


def facts(catalog: Catalog, now: datetime, needs: Mapping[Key, Need], zone: tzinfo) -> Facts:
    """Return the most important facts of a catalog, and last the zone; `needs` are the alerts.

    `zone` is the panes' time zone; the tables' own is added where it differs.
    """
    sessions = catalog.sessions
    counts = Counter(needs.values())
    root = one_line(catalog.root.name) or str(catalog.root)
    return (
        TopLineFact(root, "title", cut_middle(root, _NAME)),
        TopLineFact(f"{len(needs)}{signs.ATTENTION}" if needs else "", "attention"),
        _live(sessions),
        _count(counts[Need.ANSWER], signs.WAITING, "attention"),
        _count(sum(ends_within(one, now, _DAY) for one in sessions), signs.TODAY, "noticed"),
        _some(counts[Need.CUT_OFF], signs.CUT_OFF, "bad"),
        _count(counts[Need.FAILED], signs.FAILED, "bad"),
        _unreadable_fact(catalog),
        _room(catalog),
        _some(counts[Need.QUIET], signs.QUIET, "noticed"),
        _some(counts[Need.EXPIRED], signs.EXPIRED, "noticed"),
        _some(sum(map(_is_being_read, catalog.listings)), signs.READING, "muted"),
        TopLineFact(_spent(catalog), "muted"),
        _zone(catalog, now, zone),
    )


def with_room(known: Facts, catalog: Catalog) -> Facts:
    """Return the facts with only the free disk space updated."""
    return (*known[:_ROOM], _room(catalog), *known[_ROOM + 1 :])


def _room(catalog: Catalog) -> TopLineFact:
    if catalog.problem:
        return TopLineFact("", "muted")
    if catalog.free_bytes is None:
        return TopLineFact(f"? {signs.FREE}", "noticed")
    is_full = catalog.free_bytes < LOW_BYTES
    return TopLineFact(
        f"{size_text(catalog.free_bytes)} {signs.FREE}", "bad" if is_full else "muted"
    )


def _live(sessions: Sequence[Session]) -> TopLineFact:
    """Return how many sessions are at work and, if any, how many start or wait for a place."""
    counts = WorkCounts.of(sessions)
    fact = _count(counts.live, signs.LIVE, "good")
    others = (counts.starting, signs.STARTING), (counts.queued, signs.QUEUED)
    more = "".join(f" {number} {sign}" for number, sign in others if number)
    return replace(fact, text=fact.text + more, may_go=fact.may_go and not more)


def _count(number: int, word: Sign, style: str) -> TopLineFact:
    return TopLineFact(f"{number} {word}", style if number else "muted", may_go=not number)


def _some(number: int, word: Sign, style: str) -> TopLineFact:
    """Return how many there are; nothing where there is none."""
    return TopLineFact(f"{number} {word}" if number else "", style)


def _unreadable(catalog: Catalog) -> list[Listing]:
    return [one for one in catalog.listings if is_unreadable(one) and not _is_being_read(one)]


def _is_being_read(listing: Listing) -> bool:
    return listing.trouble is Reason.READING


def _unreadable_fact(catalog: Catalog) -> TopLineFact:
    """Return how many listings cannot be read now, or the name if it is only one."""
    found = _unreadable(catalog)
    if not found:
        return TopLineFact("", "bad")
    count = f"{len(found)} {signs.UNREADABLE}"
    short = f"{len(found)} {signs.DOWN}"  # in 80 columns the free disk space must stay in sight
    return TopLineFact(_unreadable_words(found[0]) if len(found) == 1 else count, "bad", short)


def _unreadable_selected(catalog: Catalog, selected: Listing | None, width: int) -> TopLineFact:
    """Return that the selected listing cannot be read now, if so.

    In short that one is; of several the number stands among the facts.
    """
    if selected is None or not is_unreadable(selected) or _is_being_read(selected):
        return _NONE
    down = f"1 {signs.DOWN}" if len(_unreadable(catalog)) == 1 else ""
    return TopLineFact(_unreadable_words(selected, width), "bad", down)


def _unreadable_words(listing: Listing, width: int = 0) -> str:
    """Return that a listing cannot be read now, with the reason where there is room."""
    name = cut_middle(one_line(listing.listing_id), _NAME)
    said = f"{name} {signs.STALE if listing.is_stale else signs.UNREADABLE}"
    return f"{said}: {one_line(listing.problem)}" if width >= _WIDE else said


def _zone(catalog: Catalog, now: datetime, zone: tzinfo) -> TopLineFact:
    shown = now.astimezone(zone)
    names = {one.zone for one in catalog.listings if one.sessions}
    others = {_zone_word(name, now, shown) for name in names} - {""}
    name = shown.tzname() or ""
    if not others:
        return TopLineFact(name, "muted")
    return TopLineFact(f"{name} ({signs.TABLES} {'/'.join(sorted(others))})", "muted", f"{name}*")


def _zone_word(name: str, now: datetime, shown: datetime) -> str:
    """Return the name of a table's zone; empty when its clocks show the same time."""
    try:
        theirs = now.astimezone(zone_named(name))
    except UsageError:
        return one_line(name)
    return "" if theirs.utcoffset() == shown.utcoffset() else theirs.tzname() or name


def _spent(catalog: Catalog) -> str:
    known = [one.cost_usd for one in catalog.sessions if one.cost_usd is not None]
    more = "+" if any(one.inherited_usd is None for one in catalog.sessions) else ""
    return f"{formatting.cost(sum(known))}{more} {signs.TOTAL}" if known else ""


def _joined(facts: Facts, always: Facts, warnings: Sequence[TopLineFact], width: int) -> Line:
    room = _room_beside(always, warnings, width)
    kept = _kept(facts, room)
    room -= sum(_used(one, is_short=True) for one in kept)
    whole = set[TopLineFact]()
    for one in (*always, *kept):
        more = _used(one, is_short=False) - _used(one, is_short=True)
        if more <= room:
            room -= more
            whole.add(one)
    line = [Cell(" ")]
    for one in (*kept, *always):
        line += [one.cell(is_short=one not in whole), Cell("  ")]
    for one in warnings:
        line += [one.cell(is_short=False), Cell("  ")]
    return clipped(tuple(line), width)


def _room_beside(always: Facts, warnings: Sequence[TopLineFact], width: int) -> int:
    room = width + 1 - sum(_used(one, is_short=False) for one in warnings if one.text)
    return room - sum(_used(one, is_short=True) for one in always)


def _loses_needs(
    facts: Sequence[TopLineFact], always: Facts, warnings: Sequence[TopLineFact], width: int
) -> bool:
    """Whether beside the whole warnings something that needs somebody has no room."""
    kept = _kept(facts, _room_beside(always, warnings, width))
    return any(one.is_need and one not in kept for one in facts)


def _kept(facts: Sequence[TopLineFact], room: int) -> list[TopLineFact]:
    """Return the facts to show, in their order: those that need somebody are left out last."""
    there = [one for one in facts if one.text]
    kept = _fitting(there, room)
    if len(kept) < len(there) - 1:  # more than the last one, the costs, is out of sight
        there = [one for one in there if not one.may_go]
        first = [one for one in there if one.is_need]
        fitting = _fitting((*there[:1], *first, *there[1:]), room)
        kept = [one for one in there if one in fitting]
    return kept


def _fitting(facts: Iterable[TopLineFact], room: int) -> list[TopLineFact]:
    """Return the first of the facts that fit in their short forms."""
    kept = list[TopLineFact]()
    for one in facts:
        if one in kept:
            continue
        room -= _used(one, is_short=True)
        if room < 0:
            break
        kept.append(one)
    return kept


def _used(fact: TopLineFact, *, is_short: bool) -> int:
    return cell_width(fact.cell(is_short=is_short).text) + 2
