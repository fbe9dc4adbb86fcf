"""Whatever a pipeline awaits says so where no asyncio runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sniffio

from tests.support.listings.sample_listing import FIRST, SampleListing
from tui import SessionManager, UsageError


@pytest.mark.parametrize(
    "act",
    [
        lambda manager: manager.init_table(),
        lambda manager: manager.track_session(FIRST, "s", "x"),
        lambda manager: manager.extend_session(FIRST),
        lambda manager: manager.mark_session_failed(FIRST),
        lambda manager: manager.list_active_sessions(),
        lambda manager: manager.get_session_stats(),
        lambda manager: manager.cleanup_expired(),
        lambda manager: manager.__aenter__(),
        lambda manager: manager.session("go", stage="s", listing_id="x").__aenter__(),
        lambda manager: manager.query("go", stage="s", listing_id="x").__anext__(),
    ],
)
def test_what_is_awaited_outside_asyncio_says_so(
    listing: SampleListing, act: Callable[[SessionManager], Any]
) -> None:
    """Trio steps a coroutine as this does: with no event loop of asyncio about."""
    with pytest.raises(UsageError, match="asyncio only"):
        act(SessionManager(listing.folder)).send(None)


def test_run_within_an_event_loop_of_another_says_so_at_once(listing: SampleListing) -> None:
    """Trio names itself to sniffio as this does."""
    found: list[BaseException] = []

    def within_trio() -> None:
        sniffio.thread_local.name = "trio"
        try:
            SessionManager(listing.folder).run("go", stage="s", listing_id="x")
        except UsageError as error:
            found.append(error)

    thread = threading.Thread(target=within_trio)
    thread.start()
    thread.join()
    assert "asyncio only" in str(found[0])
