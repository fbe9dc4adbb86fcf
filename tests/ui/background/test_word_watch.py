"""The first words of an answer are shown at once, not at the next poll."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.console.fixed_catalog import NOW, run_of, session, stream
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import console
from tui.core.models.run import Phase, Progress
from tui.core.models.session import Session
from tui.core.values import replace
from tui.operations.stream.follow import StreamUpdate
from tui.runs.folder.protocol import PARTIAL, PartialBlock

RUN = run_of(session("hollis_park", "stage_1", "asked"), "busy")


@dataclass
class AwaitedFollow(FixedFollow):
    """A run that is asked, in a folder; counts its polls."""

    folder: Path = Path()
    polls: int = 0

    def poll(self, session: Session) -> StreamUpdate:
        self.polls += 1
        asked = replace(RUN, folder=self.folder, progress=Progress(phase=Phase.API, since=NOW))
        return replace(super().poll(session), run=asked)


async def test_what_an_agent_begins_to_write_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if only the next poll sees it."""
    for name in ("POLL_LIVE", "POLL_STILL", "POLL_QUIET"):
        monkeypatch.setattr(f"tui.ui.background.pollers.{name}", 3600.0)
    follower = AwaitedFollow(stream(), folder=tmp_path)
    async with console(FixedEngine(follower=follower)) as at:
        await at.until(lambda: follower.polls > 1)  # the second is for what it found before a word
        for _ in range(3):
            is_polled = _polled_since(follower)
            (tmp_path / "new").write_text("{}")
            (tmp_path / "new").rename(tmp_path / PARTIAL)
            await at.until(is_polled)
        before = follower.polls
        await at.pause(0.2)
        assert follower.polls == before


def _polled_since(follower: AwaitedFollow) -> Callable[[], bool]:
    before = follower.polls
    return lambda: follower.polls > before


def written(text: str, message_id: str = "msg_1") -> StreamUpdate:
    block = PartialBlock(message_id=message_id, index=0, kind="text", text=text)
    return StreamUpdate(partial=block)


def test_words_are_awaited_until_there_are_some() -> None:
    asked = replace(RUN, progress=Progress(phase=Phase.API, since=NOW))
    at_work = replace(asked, progress=Progress(phase=Phase.WORK))
    assert StreamUpdate(run=asked).awaited == asked.folder / PARTIAL
    assert replace(written(""), run=at_work).awaited == asked.folder / PARTIAL
    assert replace(written("Few"), run=asked).awaited is None
    assert StreamUpdate(run=at_work).awaited is None
    assert StreamUpdate(run=replace(asked, state="done")).awaited is None
    assert StreamUpdate().awaited is None


def test_only_the_first_words_of_a_message_begin_it() -> None:
    assert written("Few").begins_words(StreamUpdate())
    assert written("Few").begins_words(written(""))
    assert not written("Few buyers").begins_words(written("Few"))
    assert written("Many", "msg_2").begins_words(written("Few"))
    assert not written("").begins_words(StreamUpdate())
    assert not StreamUpdate().begins_words(written("Few"))
