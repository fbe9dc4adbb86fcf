"""`u` names what it undoes, also an act of another console, and undoes only that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.console.fixed_catalog import NOW
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.models.row import Row
from tui.operations.context import ActionResult
from tui.ui.actions.sessions.batch_action import undoable
from tui.ui.actions.sessions.undoing import batch_words

BEFORE = Row("00030000", "hollis", "s", "", "2026-11-22T12:00:00", "active")
AFTER = replace(BEFORE, expires_at="2026-11-29T11:30:00")
AT = NOW - timedelta(seconds=40)
EXTENDED = ActionResult(
    kind="extend",
    listing="hollis",
    session_id="00030000-1111",
    at=AT,
    words="",
    before=BEFORE,
    after=AFTER,
)
DELETED = ActionResult(
    kind="delete",
    listing="hollis",
    session_id="9f2c0000-1111",
    at=NOW - timedelta(hours=3),
    words="",
    trash_id="x",
)
ELSEWHERE = replace(EXTENDED, before=None, after=None, host="b", act_id="x")


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ((EXTENDED,), "extended hollis/00030000 by 6d 23h, 40s ago"),
        ((replace(EXTENDED, before=replace(BEFORE, expires_at="soon")),),
         "extended hollis/00030000, 40s ago"),
        ((replace(EXTENDED, at=NOW),) * 3, "extended 3 sessions of hollis, just now"),
        ((replace(EXTENDED, at=NOW), replace(EXTENDED, at=NOW, listing="alder")),
         "extended 2 sessions in 2 listings, just now"),
        ((DELETED,), "deleted hollis/9f2c0000, 3h ago"),
        ((ELSEWHERE,), "extended hollis/00030000 on b, 40s ago"),
        ((replace(DELETED, kind="clean-up"),) * 2, "cleaned up 2 sessions of hollis, 3h ago"),
    ],
)  # fmt: skip
def test_a_batch_is_named(batch: tuple[ActionResult, ...], said: str) -> None:
    assert batch_words(batch, NOW) == said


@pytest.mark.parametrize(("answer", "is_done"), [("y", True), ("n", False), ("escape", False)])
async def test_what_was_done_elsewhere_is_named_and_asked_for(answer: str, is_done: bool) -> None:
    async with console(FixedEngine(batch=(EXTENDED,))) as at:
        await at.press("u")
        await at.asked()
        assert at.message == "undo: extended hollis/00030000 by 6d 23h, 40s ago?"
        await at.press(answer)
        await at.answered()
        assert at.engine.asked == ([("undo_last", EXTENDED.session_id)] if is_done else [])
        assert at.message == {"y": "took it back", "n": "nothing was undone"}.get(answer, "")


def test_an_extension_on_another_host_can_be_undone_unless_it_changed_nothing() -> None:
    needless = replace(ELSEWHERE, is_needless=True)
    assert undoable([ELSEWHERE, needless]) == (ELSEWHERE,)


async def test_what_stays_as_it_is_says_why() -> None:
    left = replace(EXTENDED, words="bert extended it since", is_needless=True)
    async with console(FixedEngine(batch=(left,))) as at:
        await at.press("u")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.message == "took it back; bert extended it since"


async def test_when_nothing_is_left_it_says_so_at_once() -> None:
    async with console() as at:
        await at.press("u")
        await at.answered()
        assert at.message == "nothing can be undone"
