"""What cannot be recorded is said once by each manager, whatever others have said before."""

from __future__ import annotations

import logging

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.support.listings.sample_listing import SampleListing
from tui import RunFailed, SessionManager
from tui.pipeline.running import _MOST_TOLD
from tui.storage.session_locks import held


async def told(
    manager: SessionManager, caplog: pytest.LogCaptureFixture, variable: str = "TZ"
) -> list[str]:
    """Return what a query logs that cannot be recorded; its CLI is not there."""
    caplog.clear()
    options = ClaudeAgentOptions(cli_path="/nowhere/claude", env={variable: "1"})
    with pytest.raises(RunFailed):
        _ = [one async for one in manager.query("go", stage="stage_3", options=options)]
    return [one for one in caplog.messages if one.startswith("No resume by others")]


async def test_each_manager_says_it_once(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    words = "No resume by others will have what cannot be recorded: cli_path.claude, env.TZ"
    for _ in range(2):
        manager = SessionManager(listing.folder)
        assert await told(manager, caplog) == [words]
        assert await told(manager, caplog) == []
        assert len(await told(manager, caplog, "LANG")) == 1


async def test_it_remembers_only_so_many(
    listing: SampleListing, caplog: pytest.LogCaptureFixture
) -> None:
    manager = SessionManager(listing.folder)
    for number in range(_MOST_TOLD + 1):
        assert len(await told(manager, caplog, f"LC_{number}")) == 1
    assert await told(manager, caplog, f"LC_{_MOST_TOLD}") == []
    assert len(await told(manager, caplog, "LC_0")) == 1


async def test_a_filter_of_the_pipelines_logging_that_raises_keeps_no_session(
    listing: SampleListing,
) -> None:
    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise LookupError("no such level")

    broken, logger = Broken(), logging.getLogger("tui.pipeline.running")
    options = ClaudeAgentOptions(cli_path="/nowhere/claude")
    logger.addFilter(broken)
    try:
        with pytest.raises(LookupError):
            await anext(SessionManager(listing.folder).query("go", stage="a", options=options))
    finally:
        logger.removeFilter(broken)
    assert held(listing.folder) == frozenset()
