"""Very large roots: sweeps have a bounded cost, and no change waits for more than a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.operations.catalog.test_change_hints import listings_in, stats
from tests.operations.catalog.test_watch import (
    Moving,
    begin_a_run,
    edit_row,
    settle_it,
    with_listings,
)
from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tests.support.processes.runs_site import wait
from tui.core.models.audit import AuditEvent
from tui.core.models.catalog import Catalog
from tui.operations.catalog import rota
from tui.operations.catalog.change_hints import ChangeHints
from tui.operations.catalog.rota import SWEEP_SHARE, SWEPT_WITHIN, Rota, SweepPace, Turns
from tui.operations.catalog.scanner import CatalogScanner
from tui.storage.index.erasure_marks import mark_erased
from tui.storage.state.logbook import write_event

__all__ = ["stats"]
SECOND_S = timedelta(seconds=1)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
_COUNT, _LAST = 140, "copy_139"


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    with_listings(listing, _COUNT)
    return listing


class Swept:
    """A root of very many listings that nobody watches, each at rest."""

    def __init__(self, listing: SampleListing, stats: list[str]) -> None:
        self.stats = stats
        self.listing = replace(listing, listing_id=_LAST)
        self.clock = Moving()
        self.scanner = CatalogScanner(replace(listing.context(), clock=self.clock))
        self.look(after_s=0)
        assert wait(self.is_at_rest)

    def is_at_rest(self) -> bool:
        """Whether a look checks only a slice, and the listing that will change has had its turn."""
        before, after = self.checked(), self.checked()
        return len(before) <= 4 and _LAST in before and _LAST not in after

    def checked(self) -> set[str]:
        """Return the listings that the next look checks."""
        self.stats.clear()
        self.look()
        return listings_in(self.stats)

    def look(
        self,
        *,
        after_s: float = 1,
        in_sight: frozenset[str] = frozenset(),
        is_asked: bool = False,
    ) -> Catalog:
        self.clock.now += timedelta(seconds=after_s)
        return self.scanner.look(in_sight=in_sight, is_asked=is_asked)

    def sees_it(self, *, in_sight: frozenset[str] = frozenset(), is_asked: bool = False) -> bool:
        """Whether the next look sees that its row says `failed`."""
        session = self.look(in_sight=in_sight, is_asked=is_asked).session((_LAST, FIRST))
        return session is not None and session.status == "failed"


@pytest.fixture
def root(listing: SampleListing, stats: list[str], monkeypatch: pytest.MonkeyPatch) -> Swept:
    """Give such a root, whose checks are so dear that only the bound on lateness paces them."""
    monkeypatch.setattr(rota, "ORDINARY", 70)
    monkeypatch.setattr(rota, "_FIRST_COST_S", 1e9)
    monkeypatch.setattr(rota, "_WEIGHT", 0.0)
    monkeypatch.setattr(rota, "_AT_LEAST", 1)
    return Swept(listing, stats)


CHANGES: dict[str, Callable[[SampleListing], object]] = {
    "row": edit_row,
    "ack": settle_it,
    "run": begin_a_run,
    "new transcript": lambda listing: listing.write_transcript(SECOND),
    "grown transcript": lambda listing: listing.write_transcript(FIRST, prompt="Another"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_is_seen_within_a_minute(
    root: Swept, change: Callable[[SampleListing], object]
) -> None:
    """Without the bound, dear checks would put it off for days."""
    before = root.look(after_s=0).listing(_LAST)
    change(root.listing)
    for _ in range(int(SWEPT_WITHIN.total_seconds())):
        after = root.look().listing(_LAST)
    assert after != before
    assert after == CatalogScanner(root.listing.context()).look().listing(_LAST)


def test_a_look_checks_only_the_slice_whose_turn_it_is(root: Swept) -> None:
    """Without slices half of all are checked at each look."""
    edit_row(root.listing)
    seen = [root.sees_it() for _ in range(10)]
    assert seen == [False] * 10


@pytest.mark.parametrize("of", ["in sight", "asked", "erased", "logged"])
def test_what_concerns_somebody_waits_for_no_turn(root: Swept, of: str) -> None:
    """Without each of these it is seen when its turn comes, up to a minute later."""
    edit_row(root.listing)
    if of == "erased":
        mark_erased(root.listing.root)
    if of == "logged":
        event = AuditEvent(at=root.clock.now, action="rename", listing=_LAST, operator="ben")
        assert write_event(root.listing.root, event) == ""
    sight = frozenset({_LAST, "no_such_listing"}) if of == "in sight" else frozenset()
    assert root.sees_it(in_sight=sight, is_asked=of == "asked")


def test_what_changed_lately_is_looked_at_each_time(root: Swept) -> None:
    edit_row(root.listing)
    assert root.sees_it(is_asked=True)
    time.sleep(0.06)  # until no file is so new that it is read again anyway
    root.look(is_asked=True)
    root.listing.db_path.unlink()
    found = root.look().listing(_LAST)
    assert found is not None
    assert found.problem


def test_a_run_that_was_seen_to_start_is_looked_at_each_time(
    root: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only while its listing has changed lately."""
    monkeypatch.setattr(rota, "LATELY", timedelta(seconds=-1))
    begin_a_run(root.listing)
    root.look(is_asked=True)
    edit_row(root.listing)
    assert root.sees_it()


def test_up_to_an_ordinary_number_every_other_listing_is_checked(root: Swept) -> None:
    """On a network mount nothing is watched, and thousands of sessions are usual."""
    rota.ORDINARY = _COUNT + 1  # undone with the fixture
    edit_row(root.listing)
    assert [root.sees_it() for _ in range(2)][-1]


def test_a_sweep_costs_no_more_than_its_share_while_that_keeps_the_bound() -> None:
    """Without measuring, listings of many transcripts would cost many times the share."""
    pace, count, cost_s = SweepPace(), 5_000, 0.00008
    for _ in range(1_000):
        pace.note(cost_s)
    taken = pace.within(count)
    assert count * cost_s / taken.total_seconds() == pytest.approx(SWEEP_SHARE, rel=0.01)
    assert pace.within(1_000_000) == SWEPT_WITHIN


def test_the_share_decides_how_many_are_checked() -> None:
    names = tuple(f"{number:05}" for number in range(5_000))
    plan, swept = Rota(ChangeHints(None)), 0
    for _ in range(1_000):
        plan.pace.note(0.0001)
    plan.plan(names, frozenset(), NOW, None)
    for second in range(100):
        last = NOW + second * SECOND_S
        found = plan.plan(names, frozenset(), last + SECOND_S, last)
        assert found.due == found.swept
        swept += len(found.swept)
    assert swept * 0.0001 / 100 == pytest.approx(SWEEP_SHARE, rel=0.05)


def test_each_has_its_turn_within_the_time() -> None:
    names = [f"{number:02}" for number in range(25)]
    turns, within = Turns(1), 10 * SECOND_S
    taken = [turns.take(names, SECOND_S, within) for _ in range(10)]
    assert {one for some in taken for one in some} == set(names)
    assert max(map(len, taken)) == 3
    assert turns.take(names, timedelta(), within)
    assert not turns.take((), SECOND_S, within)


def test_nobody_s_turn_is_passed_over_when_others_come_and_go() -> None:
    """By number instead of by name, whoever follows one that is gone would wait a whole round."""
    turns, names = Turns(1), [f"{number:02}" for number in range(10)]
    within = 11 * SECOND_S
    first = turns.take(names, SECOND_S, within)
    assert (*first, *turns.take(names[1:], SECOND_S, within)) == ("00", "01")
    assert turns.take(["", *names], SECOND_S, within) == ("02",)


def test_what_is_in_sight_is_checked_at_each_look_of_a_root_of_hundreds_too() -> None:
    """Otherwise only every other look sees what happens to what the operator looks at."""
    names = [f"listing_{number:03}" for number in range(200)]
    plans = Rota(ChangeHints(None))
    for number in range(4):
        now = NOW + number * SECOND_S
        checks = plans.plan(names, frozenset(), now, now - SECOND_S, in_sight=frozenset(names[:5]))
        assert set(names[:5]) <= checks.due & checks.ahead
        assert len(checks.due) < 150
