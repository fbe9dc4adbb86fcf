"""The CLI's own sweep, with the real CLI: what we extend survives it, and what we do not goes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from claude_agent_sdk import ClaudeAgentOptions

from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.processes.runs_site import wait
from tui import SessionManager
from tui.demo.api import LoopbackApi
from tui.demo.api_request import ApiRequest
from tui.demo.turns import Turn, say

OLD = timedelta(days=60)


async def _take_a_turn(api: LoopbackApi, listing: SampleListing) -> None:
    options = ClaudeAgentOptions(env=api.env())
    manager = SessionManager(listing.folder)
    async for _ in manager.query("go", stage="s", listing_id=listing.listing_id, options=options):
        pass


def test_the_cli_sweeps_what_is_old_unless_it_was_extended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other listing shows that a sweep took place: else this could not fail."""
    monkeypatch.setenv("SESSION_CONSOLE_CONFIG", "/dev/null")
    extended, left_alone = (SampleListing(tmp_path, name) for name in ("extended", "left_alone"))
    transcripts, swept = [], []
    for listing in (extended, left_alone):
        listing.track(FIRST, age=OLD, days=61)
        transcripts.append(listing.write_transcript(FIRST, "Let me look.", age=OLD))
        swept.append(listing.config_dir / ".last-cleanup")

    async def play(api: LoopbackApi) -> None:
        await SessionManager(extended.folder).extend_session(FIRST, 30)
        await asyncio.gather(_take_a_turn(api, extended), _take_a_turn(api, left_alone))

    def answer_after_the_sweeps(asked: ApiRequest) -> Turn:
        """A CLI sweeps some seconds after its start, if it is still at work then."""
        wait(lambda: all(path.exists() for path in swept) and not transcripts[1].exists())
        return say("Done.")

    with LoopbackApi(answer_after_the_sweeps) as api:
        asyncio.run(play(api))
    assert [path.exists() for path in transcripts] == [True, False]
