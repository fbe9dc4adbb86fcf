"""Says what is checked at a look, so that it stays cheap, and what of it is told as late."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from datetime import datetime, timedelta

from tui.core.values import dataclass
from tui.operations.catalog.change_hints import ChangeHints
from tui.operations.catalog.worker_pool import Late

_ALL_WITHIN, _WATCHED_WITHIN = timedelta(seconds=10), timedelta(minutes=1)
_AT_LEAST = 32
# Of up to so many listings that nobody watches, every other one is checked at each look.
ORDINARY = 1_000
# Of more, as many as cost this share of a core, but each within this time.
SWEEP_SHARE, SWEPT_WITHIN = 0.01, timedelta(minutes=1)
_FIRST_COST_S, _WEIGHT = 0.0001, 0.02  # of one check; how much the next one counts in the mean
_OVERDUE_S = 10.0  # what waits for its turn for longer is told as being read
LATELY, MOST_LATELY = timedelta(minutes=5), 64


class Turns:
    """Gives each of many sorted names its turn within a time, at least so many at once."""

    def __init__(self, at_least: int) -> None:
        self._at_least = at_least
        self._last = ""

    def take(self, names: Sequence[str], passed: timedelta, within: timedelta) -> Sequence[str]:
        """Return whose turn it is, so long after the last call."""
        share = min(passed / within, 1.0) if within > timedelta() else 1.0
        count = min(max(self._at_least, math.ceil(len(names) * share)), len(names))
        if not count:
            return ()
        begin = bisect_right(names, self._last)
        end = begin + count
        taken = (*names[begin:end], *names[: max(0, end - len(names))])
        self._last = taken[-1]
        return taken


class SweepPace:
    """How long a sweep takes so that it costs no more than its share of a core."""

    def __init__(self) -> None:
        self._cost_s = _FIRST_COST_S

    def note(self, cost_s: float) -> None:
        """Take in what it cost to check one listing that had not changed, in CPU seconds."""
        self._cost_s += (cost_s - self._cost_s) * _WEIGHT

    def within(self, count: int) -> timedelta:
        """Return the time in which so many listings are checked."""
        return min(timedelta(seconds=count * self._cost_s / SWEEP_SHARE), SWEPT_WITHIN)


class Lately:
    """The names of what changed in the last minutes, at most so many; usable from any thread."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}

    def add(self, name: str, now: datetime) -> None:
        """Note a change."""
        self._at.pop(name, None)
        self._at[name] = now

    def names(self, now: datetime) -> frozenset[str]:
        """Return the names as of now, and forget the others."""
        for number, (name, at) in enumerate(reversed(list(self._at.items()))):
            if number >= MOST_LATELY or now - at > LATELY:
                self._at.pop(name, None)
        return frozenset(self._at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The listings to check at a look; in `slices` also the paths that take turns.

    Of those that are watched `wholes` are checked whole; `swept` are checked since their turn came.
    What is seen or has just changed is checked `ahead` of the others.
    """

    due: frozenset[str]
    slices: frozenset[str]
    wholes: frozenset[str]
    swept: frozenset[str]
    ahead: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What of one listing is due: its slice, all of it though it is watched, its sweep."""

    is_slice: bool
    is_whole: bool
    is_swept: bool


class OwedTurns:
    """The turns of listings whose check has not begun: one that waits for a slow disk loses none.

    Usable from any thread.
    """

    def __init__(self) -> None:
        self._slices, self._wholes, self._swept = set[str](), set[str](), set[str]()

    @property
    def names(self) -> frozenset[str]:
        """The listings that are owed a turn."""
        return frozenset(self._slices)

    def add(self, checks: Checks) -> None:
        """Owe what was planned."""
        self._slices |= checks.slices
        self._wholes |= checks.wholes
        self._swept |= checks.swept

    def take(self, name: str) -> Turn:
        """Return what is due of this listing, whose check begins."""
        every = (self._slices, self._wholes, self._swept)
        is_slice, is_whole, is_swept = (name in one for one in every)
        for one in every:
            one.discard(name)
        return Turn(is_slice=is_slice, is_whole=is_whole, is_swept=is_swept)

    def keep_only(self, names: frozenset[str]) -> None:
        """Owe no others anything."""
        for one in (self._slices, self._wholes, self._swept):
            one &= names


class LateChecks:
    """The listings whose check goes on in the background after a look has returned.

    One that was read not long ago is shown as it was then, unless somebody has `asked` for it, as
    after an act: a check that was begun before that is no answer.
    """

    def __init__(self) -> None:
        self._why: Mapping[str, Late] = {}
        self._since: Mapping[str, float] = {}
        self._read_at: dict[str, float] = {}
        self._asked: set[str] = set()

    @property
    def asked(self) -> frozenset[str]:
        """What was asked for, and not read since."""
        return frozenset(self._asked)

    @property
    def names(self) -> Set[str]:
        """Those that may not be shown as read."""
        return self._why.keys() | self._asked

    def begin(self, asked: Collection[str]) -> Callable[[str], None]:
        """Begin a look that somebody has asked for as far as these; return what notes a reading.

        That is called in any thread, once a check that began in this look has ended.
        """
        if asked:  # in a new set: what was begun before takes nothing out of it
            self._asked = self._asked.union(asked)
        open_asked = self._asked

        def note_read(name: str) -> None:
            open_asked.discard(name)
            self._read_at[name] = time.monotonic()

        return note_read

    def note(self, why: Mapping[str, Late], names: Collection[str]) -> None:
        """Take in why each is late, after a look at listings of these names."""
        now, since = time.monotonic(), self._since
        others = {name: at for name, at in since.items() if name not in names}
        self._why = why
        self._since = others | {name: since.get(name, now) for name in why}

    def told(self, name: str, *, is_known: bool) -> Late | None:
        """Return why a listing is late, if that is to be told; `is_known`: it has been read."""
        is_asked = name in self._asked
        why = self._why.get(name, Late.SOON if is_asked else None)
        if why is not Late.SOON or is_asked or not is_known:
            return why
        last = max(self._since[name], self._read_at.get(name, 0.0))
        return None if time.monotonic() - last < _OVERDUE_S else why

    def keep_only(self, names: frozenset[str]) -> None:
        """Forget all others."""
        self._asked.intersection_update(names)
        self._read_at = {name: at for name, at in self._read_at.items() if name in names}


class Rota:
    """Plans each look at a root.

    Paths that take turns are checked within 10 s, all of a watched listing each minute. What nobody
    watches is checked at every other look; where there are over `ORDINARY` such listings, they are
    swept at the pace that their checks can cost, each within `SWEPT_WITHIN`. Those in sight and
    those that changed `lately` are checked at every look.
    """

    def __init__(self, hints: ChangeHints) -> None:
        self._hints = hints
        self._soon, self._later = Turns(_AT_LEAST), Turns(1)
        self._sweep = Turns(_AT_LEAST)
        self._looks = 0
        self.pace = SweepPace()
        self.lately = Lately()

    def plan(
        self,
        names: Sequence[str],
        touched: frozenset[str],
        now: datetime,
        last: datetime | None,
        *,
        in_sight: frozenset[str] = frozenset(),
        is_asked: bool = False,
    ) -> Checks:
        """Return what to check now; where somebody has asked, no listing waits for its turn."""
        passed = max(now - last, timedelta()) if last else _ALL_WITHIN
        covered, quiet = self._hints.covered, self._hints.quiet
        closely = in_sight | self.lately.names(now)
        unwatched = len(names) - len(covered)
        wholes = touched | _those_in(covered, self._later.take(names, passed, _WATCHED_WITHIN))
        soon = frozenset(self._soon.take(names, passed, _ALL_WITHIN)) - quiet
        swept = frozenset[str]()
        if last and unwatched > ORDINARY:
            soon &= covered | closely
            within = self.pace.within(unwatched)
            swept = frozenset(self._sweep.take(names, passed, within)) - covered
            often = names if is_asked else closely
        else:
            self._looks += 1
            is_half = len(names) > _AT_LEAST and not is_asked
            often = (*closely, *names[self._looks % 2 :: 2]) if is_half else names
        slices = soon | swept | wholes
        due = slices | (frozenset(often) - covered)
        ahead = closely | touched if len(touched) <= MOST_LATELY else closely
        return Checks(due=due, slices=slices, wholes=wholes, swept=swept, ahead=ahead)


def _those_in(some: Collection[str], names: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name in names if name in some)
