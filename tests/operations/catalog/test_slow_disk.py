"""Listings on a slow disk that gets on: a console shows the others, and a verb reads them all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.processes.runs_site import wait
from tui.core.errors import Inconclusive, Reason
from tui.core.models.catalog import Listing
from tui.core.sessions.attention import LAST_HOUR
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.rota import Checks, LateChecks, Rota
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.catalog.session_lookup import sessions_of
from tui.operations.catalog.worker_pool import Late
from tui.operations.context import Context
from tui.operations.monitor.alerts import needs
from tui.safe_io.folder_watch import FolderWatch
from tui.safe_io.folders import Mount
from tui.settings import Settings
from tui.view.panes import listings, top_line

FAR = [f"far_{one}" for one in range(20)]


class Clock:
    """Advances a little each time it is asked; its CPU time is real."""

    process_time = staticmethod(time.process_time)

    def __init__(self) -> None:
        self.now = 0.0
        self.takes_s = 0.8
        self.has_stopped = False
        self.begun = list[str]()
        self.ended = list[str]()
        self.sliced = set[str]()

    def monotonic(self) -> float:
        self.now += 0.02
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tui.operations.catalog.worker_pool.time", clock)
    return clock


@pytest.fixture
def root(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root whose listings called `far_...` take most of a second each, on a disk of their own."""
    for name in (*FAR, "near"):
        (tmp_path / name).mkdir()
    mounts = tuple(Mount(f"{tmp_path}/{name}", "0:99", "nfs") for name in FAR)
    monkeypatch.setattr("tui.operations.catalog.root_state.mount_table", lambda: mounts)
    refresh = ListingWatcher.refresh

    def slow(watcher: ListingWatcher, *, is_slice: bool, is_covered: bool = False) -> None:
        if (name := watcher.folder.name) in FAR:
            clock.begun.append(name)
            clock.sliced |= {name} if is_slice else set()
            until = clock.now + clock.takes_s
            while clock.now < until or clock.has_stopped:
                time.sleep(0.001)
        refresh(watcher, is_slice=is_slice, is_covered=is_covered)
        if name in FAR:
            clock.ended.append(name)

    monkeypatch.setattr(ListingWatcher, "refresh", slow)
    yield tmp_path
    clock.has_stopped = False
    clock.now += 1000


@pytest.mark.parametrize("is_console", [True, False])
def test_the_first_look_of_a_console_alone_leaves_them_behind(root: Path, is_console: bool) -> None:
    """A verb looks once: what it does not wait for it never reads."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    catalog = CatalogScanner(context, watch=FolderWatch() if is_console else None).look()
    unread = {one.listing_id for one in catalog.listings if not one.is_whole}
    assert bool(unread) == is_console
    assert unread <= set(FAR)


def test_only_what_was_asked_and_is_silent_is_told_as_not_answering(
    root: Path, clock: Clock
) -> None:
    """A disk that gets on is only slow, and nobody is called for that: its turn comes."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    scanner = CatalogScanner(context, watch=FolderWatch())
    catalog = scanner.look()
    unread = [one for one in catalog.listings if not one.is_whole]
    assert {(one.problem, one.trouble) for one in unread} == {("reading...", Reason.READING)}
    assert {(listings.sign(one), listings.is_unread(one)) for one in unread} == {("...", True)}
    facts = top_line.facts(catalog, catalog.at, {}, UTC)
    told = "".join(one.text for one in top_line.line(catalog, facts, 120, selected=unread[0]))
    assert f"{len(unread)} reading..." in told
    assert "down" not in told
    assert "stale" not in told
    assert "unreadable" not in told
    alerts = needs(catalog, catalog.at, LAST_HOUR)
    assert {one.level for one in alerts if one.what == "reading"} == {"note"}
    assert "slow" not in {one.what for one in alerts}
    with pytest.raises(Inconclusive, match=r"reading\.\.\."):
        sessions_of(catalog, unread[0].listing_id)
    clock.has_stopped = True
    silent = list[Listing]()

    def are_silent() -> bool:
        clock.now += 5
        silent[:] = (one for one in scanner.look().listings if not one.is_whole)
        return {one.trouble for one in silent} == {Reason.SLOW}

    wait(are_silent)
    said = {one.problem.partition(":")[0] for one in silent}
    assert "does not answer" in said
    assert said <= {"does not answer", "was not read yet"}


def test_a_later_look_waits_for_none_of_them_and_shows_what_is_known(
    root: Path, clock: Clock
) -> None:
    """Each is read in its turn, those in sight first; nobody is told of a disk that only works."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    scanner = CatalogScanner(context, watch=FolderWatch())
    wait(lambda: all(one.is_whole for one in scanner.look().listings))
    wait(lambda: clock.monotonic() and len(clock.ended) == len(clock.begun))
    clock.begun.clear()
    clock.ended.clear()
    clock.takes_s = 0.3
    for count in range(1, 200):
        catalog = scanner.look(in_sight=frozenset({FAR[-1]}))
        assert all(one.is_whole for one in catalog.listings)
        if count == 1:
            assert len(clock.ended) < len(FAR)
            assert clock.begun.index(FAR[-1]) < 8
        if set(clock.begun) == set(FAR):
            break
    others = set(FAR[:-1])
    assert others < set(clock.begun)
    assert max(map(clock.begun.count, others)) <= 2


def test_a_disk_that_is_read_for_long_is_told_as_being_read(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown of it may be old by then."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    scanner = CatalogScanner(context, watch=FolderWatch())
    wait(lambda: all(one.is_whole for one in scanner.look().listings))
    monkeypatch.setattr("tui.operations.catalog.rota._OVERDUE_S", 0.0)
    assert {one.is_stale for one in scanner.look().listings} == {False, True}


def test_what_waits_for_the_disk_loses_no_turn(
    root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else paths that are checked in turn alone would be checked once the disk is at rest."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    scanner = CatalogScanner(context, watch=FolderWatch())
    wait(lambda: all(one.is_whole for one in scanner.look().listings))
    wait(lambda: clock.monotonic() and len(clock.ended) == len(clock.begun))
    nothing = Checks(
        due=frozenset(),
        slices=frozenset(),
        wholes=frozenset(),
        swept=frozenset(),
        ahead=frozenset(),
    )
    plans = [replace(nothing, due=frozenset(FAR)), replace(nothing, slices=frozenset(FAR))]
    monkeypatch.setattr(Rota, "plan", lambda *_, **__: plans.pop(0) if plans else nothing)
    clock.sliced.clear()
    clock.has_stopped = True
    scanner.look()
    scanner.look()
    clock.has_stopped = False
    wait(lambda: scanner.look() and clock.sliced == set(FAR))


def test_what_somebody_asks_for_is_no_answer_that_was_begun_before(
    root: Path, clock: Clock
) -> None:
    """Else an operator's own act would be missing from a listing that looks whole."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    scanner = CatalogScanner(context, watch=FolderWatch())
    wait(lambda: all(one.is_whole for one in scanner.look().listings))
    wait(lambda: clock.monotonic() and len(clock.ended) == len(clock.begun))
    clock.has_stopped = True
    scanner.look()
    begun = len(clock.begun)
    clock.has_stopped = False
    catalog = scanner.look(is_asked=True)
    whole = {one.listing_id for one in catalog.listings if one.is_whole and one.listing_id in FAR}
    assert whole <= set(clock.begun[begun:])
    wait(lambda: all(one.is_whole for one in scanner.look().listings))
    assert set(clock.begun[begun:]) == set(FAR)


def test_what_is_checked_at_each_look_and_slow_is_not_told_as_being_read_for_that(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it waits at each look, it was read a moment ago."""
    late = LateChecks()
    monkeypatch.setattr("tui.operations.catalog.rota.time", clock)
    for _ in range(100):
        note_read = late.begin(())
        late.note({"far": Late.SOON}, {"far"})
        assert late.told("far", is_known=True) is None
        note_read("far")
        clock.now += 1
    clock.now += 20
    assert late.told("far", is_known=True) is Late.SOON
