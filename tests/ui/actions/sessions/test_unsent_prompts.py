"""A prompt that was taken is never offered as unsent; one that was not comes back, and is told."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from tests.support.console.catalog_edits import each_session
from tests.support.console.fixed_catalog import NOW, run_of
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.console.saved_view import Draft
from tui.core.models.audit import AuditEvent
from tui.core.models.run import SentCommand
from tui.core.models.session import Key, Liveness, Session

KEPT = "not sent, draft kept: {} brings it back"


async def marked(at: Console, count: int, *, is_busy: bool = False) -> list[Key]:
    """Mark so many rows, where a run may be resumed, or is at work; return their keys."""
    await at.press("s")
    there = {one.key: one for one in at.engine.catalog.sessions}
    idle = [key for key in at.listed if key in there and not there[key].is_live]
    chosen = [key for key in idle if there[key].transcript is not None][:count]

    def busy(one: Session) -> Session:
        is_chosen = is_busy and one.key in chosen
        return replace(one, liveness=Liveness.BUSY, run=run_of(one, "busy")) if is_chosen else one

    await at.look(each_session(at.engine.catalog, busy))
    for key in chosen:
        await at.choose_session(key[1])
        await at.press("space")
    return chosen


async def asked(at: Console, deed: str, words: str = "go on") -> None:
    """Ask for a prompt with a key or a verb, and type it."""
    await (at.press(deed) if len(deed) == 1 else at.enter(deed))
    await at.until(lambda: at.is_asking and at.typed == "")
    await at.press(*words)


def drafts(at: Console) -> tuple[Draft, ...]:
    at.save_view()
    return at.engine.view.drafts


def assert_kept(at: Console, question: str, keys: list[Key]) -> None:
    (draft,) = drafts(at)
    assert draft == Draft(question, "", "", "go on", draft.sessions)
    assert set(draft.sessions) == set(keys)


async def left(at: Console) -> None:
    """Send what is typed, and leave it with Esc while it is being sent."""
    await at.press("enter")
    await at.until(lambda: at.view.is_question_open and not at.is_asking)
    assert drafts(at) == ()
    await at.press("escape")
    await at.answered()
    assert "continues in background" in at.message
    assert drafts(at) == ()


@pytest.mark.parametrize(
    ("title", "deed", "verb"),
    [("First screen", "r", "start"), ("PE platforms, DACH", "send", "send")],
)
async def test_a_prompt_that_is_sent_after_esc_stays_in_sight_and_is_no_draft(
    title: str, deed: str, verb: str
) -> None:
    async with console(FixedEngine(slow={verb})) as at:
        await at.choose(title)
        await asked(at, deed)
        await left(at)
        assert "not taken yet" in at.text("live")
        at.engine.goes_on.set()
        await at.until(lambda: bool(at.engine.asked))
        await at.until(lambda: "continues" not in at.message)
        assert drafts(at) == ()


@pytest.mark.parametrize("words", ["", "and more"])
async def test_one_that_is_refused_after_esc_comes_back_but_not_over_newer_words(
    words: str,
) -> None:
    engine = FixedEngine(slow={"start"})
    async with console(engine) as at:
        session = await at.choose("First screen")
        engine.refusing.add(session.session_id)
        await asked(at, "r")
        await left(at)
        if words:
            await asked(at, "r", words)
            await at.press("escape")
            await at.answered()
        at.say("")
        engine.goes_on.set()
        await at.until(lambda: "is locked" in at.message)
        assert "sent by" not in at.text("live")
        if not words:
            await at.until(lambda: at.message == KEPT.format("r"))
        assert drafts(at) == (Draft("resume", *session.key, words or "go on"),)


async def test_of_many_that_are_left_only_those_that_were_not_sent_are_taken_from_sight() -> None:
    async with console(FixedEngine(slow={"start"})) as at:
        keys = await marked(at, 3)
        at.engine.refusing.add(keys[0][1])
        await asked(at, "r")
        await left(at)
        at.engine.goes_on.set()
        await at.until(lambda: "2 resumed; 1 not, marks as before" in at.message)
        assert drafts(at) == ()
        for key, is_sent in zip(keys, (False, True, True), strict=True):
            await at.choose_session(key[1])
            at.tick()
            assert ("not taken yet" in at.text("live")) is is_sent


@pytest.mark.parametrize("is_left", [False, True])
async def test_of_many_that_all_refuse_it_the_prompt_is_kept(is_left: bool) -> None:
    async with console(FixedEngine(slow={"start"} if is_left else set())) as at:
        keys = await marked(at, 3)
        at.engine.refusing.update(key[1] for key in keys)
        await asked(at, "r")
        if is_left:
            await left(at)
            at.engine.goes_on.set()
            await at.until(lambda: at.message == KEPT.format("r"))
        else:
            await at.press("enter")
            await at.until(
                lambda: "refused: 0 resumed; 3 not, marks as before: " in at.text("bottom")
            )
            assert at.typed == "go on"
            await at.press("escape")
            await at.answered()
        assert_kept(at, "resume", keys)


@pytest.mark.parametrize("answer", [("escape",), ("enter",), ("7", "escape")])
async def test_a_prompt_for_many_that_is_not_confirmed_comes_back(answer: tuple[str, ...]) -> None:
    async with console() as at:
        keys = await marked(at, 6, is_busy=True)
        await asked(at, "send", "go on")
        await at.press("enter")
        await at.until(lambda: "Type 6 to send it to them" in at.text("bottom"))
        await at.press("6")
        assert [one.text for one in drafts(at)] == ["go on"]
        await at.press("backspace", *answer)
        await at.answered()
        assert at.message == KEPT.format(":send")
        assert_kept(at, "send", keys)
        await at.enter("send")
        await at.until(lambda: at.is_asking and at.typed == "go on")
        assert at.engine.asked == []


async def test_a_draft_for_many_goes_with_the_first_of_them_that_is_erased() -> None:
    async with console() as at:
        keys = await marked(at, 3)
        await asked(at, "r")
        await at.press("escape")
        await at.answered()
        other = AuditEvent(at=NOW, action="purge", listing="none", session_id="other")
        await at.look(replace(at.engine.catalog, log=(other,)))
        assert len(drafts(at)) == 1
        catalog = each_session(
            at.engine.catalog,
            lambda one: replace(one, transcript=None) if one.key == keys[1] else one,
        )
        purged = replace(other, listing=keys[1][0], session_id=keys[1][1])
        await at.look(replace(catalog, log=(purged,)))
        await at.until(lambda: drafts(at) == ())


def is_in_memory(text: str) -> bool:
    """Whether anything still holds a prompt of that text."""
    return any(isinstance(one, SentCommand) and one.text == text for one in gc.get_objects())


async def test_a_prompt_nobody_looks_at_is_not_kept() -> None:
    async with console() as at:
        keys = await marked(at, 3)
        await asked(at, "r", "canary")
        await at.press("enter")
        await at.answered()
        assert is_in_memory("canary")
        key = next(key for key in at.listed if key not in keys)
        await at.choose_session(key[1])
        at.tick(seconds=31)
        assert not is_in_memory("canary")
