"""Listings on a slow disk that gets on: a console shows the others, and a verb reads them all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.core.errors import Reason
from tui.operations.catalog.listing_watcher import ListingWatcher
from tui.operations.catalog.scanner import CatalogScanner
from tui.operations.context import Context
from tui.safe_io.folder_watch import FolderWatch
from tui.safe_io.folders import Mount
from tui.settings import Settings

FAR = [f"far_{one}" for one in range(20)]


class Clock:
    """Advances a little each time it is asked; its CPU time is real."""

    process_time = staticmethod(time.process_time)

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.02
        return self.now


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root whose listings called `far_...` take a second each, on a disk of their own."""
    for name in (*FAR, "near"):
        (tmp_path / name).mkdir()
    mounts = tuple(Mount(f"{tmp_path}/{name}", "0:99", "nfs") for name in FAR)
    monkeypatch.setattr("tui.operations.catalog.root_state.mount_table", lambda: mounts)
    clock, refresh = Clock(), ListingWatcher.refresh
    monkeypatch.setattr("tui.operations.catalog.worker_pool.time", clock)

    def slow(watcher: ListingWatcher, *, is_slice: bool, is_covered: bool = False) -> None:
        until = clock.now + 1.0
        while watcher.folder.name in FAR and clock.now < until:
            time.sleep(0.001)
        refresh(watcher, is_slice=is_slice, is_covered=is_covered)

    monkeypatch.setattr(ListingWatcher, "refresh", slow)
    yield tmp_path
    clock.now += 1000


@pytest.mark.parametrize("is_console", [True, False])
def test_the_first_look_of_a_console_alone_leaves_them_behind(root: Path, is_console: bool) -> None:
    """A verb looks once: what it does not wait for it never reads."""
    context = Context(Settings(root=root), lambda: datetime.now(UTC))
    catalog = CatalogScanner(context, watch=FolderWatch() if is_console else None).look()
    unread = {one.listing_id for one in catalog.listings if one.trouble is Reason.SLOW}
    assert bool(unread) == is_console
    assert unread <= set(FAR)
