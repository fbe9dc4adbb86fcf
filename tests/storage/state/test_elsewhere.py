"""Where sessions went is known without the fleet's database, and when in doubt none is touched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing
from tui.core.errors import ConsoleError, Reason, Refused
from tui.operations.running.resume import plan_resume
from tui.operations.target import Target, hold_lock
from tui.operations.trash.delete import delete
from tui.storage.state.elsewhere import ELSEWHERE, Elsewhere, note_elsewhere, read_elsewhere

WENT = Elsewhere(host="b", at=datetime(2026, 11, 20, tzinfo=UTC), fence=2)


@pytest.fixture
def sample(tmp_path: Path) -> SampleListing:
    made = SampleListing(tmp_path / "outputs")
    made.add(FIRST)
    return made


def test_what_went_is_left_alone_until_it_is_back(sample: SampleListing) -> None:
    sample.add(SECOND)
    note_elsewhere(sample.folder, FIRST, WENT)
    assert read_elsewhere(sample.folder) == {FIRST: WENT}
    session = sample.session(FIRST)
    with pytest.raises(Refused, match="lives on b now"):
        plan_resume(sample.context(), session)
    with pytest.raises(ConsoleError, match="lives on b now"):
        delete(sample.context(), session)
    assert sample.transcript_path(FIRST).exists()
    delete(sample.context(), sample.session(SECOND))
    note_elsewhere(sample.folder, FIRST, None)
    assert read_elsewhere(sample.folder) == {}
    delete(sample.context(), sample.session(FIRST))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}x'])
def test_when_nobody_can_tell_nothing_is_done(sample: SampleListing, content: str) -> None:
    note_elsewhere(sample.folder, FIRST, WENT)
    (sample.folder / ".session_console" / ELSEWHERE).write_text(content)
    with pytest.raises(Refused) as caught, hold_lock(Target(FIRST, sample.folder)):
        pass
    assert caught.value.reason is Reason.UNREAD


def test_an_odd_entry_is_elsewhere_all_the_same(sample: SampleListing) -> None:
    note_elsewhere(sample.folder, FIRST, WENT)
    (sample.folder / ".session_console" / ELSEWHERE).write_text(f'{{"{FIRST}": 7}}')
    with pytest.raises(Refused, match="lives on another host now"):
        plan_resume(sample.context(), sample.session(FIRST))
