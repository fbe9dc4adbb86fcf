"""The keys and verbs that act do what the help says."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.explanation import Explanation
from tui.operations.context import ActionResult
from tui.view.text import formatting


async def test_resume_sends_the_prompt() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r")
        await at.asked()
        assert "sonnet-4-5" in at.rows("bottom")[1]
        await at.press(*"go on", "enter")
        await at.answered()
        start = ("start", "resume", "beacon_packaging", "stage_5", "go on")
        assert at.engine.asked == [start]


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_the_prompt_says_first_what_it_uses_and_last_what_to_beware_of(
    size: tuple[int, int],
) -> None:
    remedy = "set env_file in the settings, or ANTHROPIC_API_KEY"
    warnings = (Explanation("no sign-in was found", remedy),)
    async with console(FixedEngine(warnings=warnings), size) as at:
        await at.choose("Final list for the partner call")
        await at.press("r")
        await at.asked()
        for typed in ("", "go on", "and on " * 12):
            await at.paste(typed)
            asks, *told, answer = (row.strip() for row in at.rows("bottom"))
            assert asks.startswith("resume ")
            assert asks.endswith("/5 " + at.session.session_id[:8])
            said = " ".join(told)
            assert "claude-sonnet-4-5 · mode default · 40 turns · tools WebSearch, " in said
            assert said.endswith(f"! no sign-in was found; {remedy}")
            assert "sign-in" not in answer
        assert at.misfits == []


async def test_all_that_a_resume_will_use_is_in_sight_while_a_model_is_typed() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r")
        await at.asked()
        await at.paste("--model one-with-a-very-long-name --tools Read,Grep,Glob,WebSearch ")
        said = " ".join(row.strip() for row in at.rows("bottom")[:-1])
        told = " one-with-a-very-long-name · mode default · tools Read, Grep, Glob, WebSearch"
        assert said.endswith(told)
        await at.press("enter")
        await at.answered()
        assert at.engine.asked[0][0] == "start"
        assert len(at.rows("bottom")) == 2


async def test_an_empty_prompt_continues() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r", "enter")
        await at.answered()
        assert at.engine.asked[0][-1] == "Continue where we left off."


async def test_what_is_typed_ahead_of_the_question_goes_into_it() -> None:
    """Without `hold`, the keys `d`, `u` and `q` would act as commands."""
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r", "d", "u", "q", "enter")
        await at.answered()
        assert [asked[-1] for asked in at.engine.asked] == ["duq"]


async def test_a_running_session_is_not_resumed_and_it_says_what_to_do() -> None:
    async with console() as at:
        await at.choose("Strategic buyers, pumps")
        await at.press("r")
        assert not at.view.is_question_open
        assert ":send" in at.message
        assert at.engine.asked == []


@pytest.mark.parametrize(("typed", "days"), [("", 9.125), ("30", 30), ("+7d", 16.125)])
async def test_extend_shows_old_and_new_and_does_it(typed: str, days: float) -> None:
    async with console() as at:
        await at.choose("Tier-1 suppliers")
        await at.press("e", *typed)
        await at.asked()
        preview = at.rows("bottom")[0]
        assert ("9d →" in preview) or "already lasts longer: 9d" in preview
        await at.press("enter")
        await at.answered()
        until = (fixed_catalog.NOW + timedelta(days=days)).isoformat()
        assert at.engine.asked == [("extend", at.session.session_id, until)]


async def test_words_that_are_no_duration_are_named_before_enter() -> None:
    async with console() as at:
        await at.press("e", *"soon")
        await at.asked()
        assert "? 7, 12h, +7d" in at.rows("bottom")[0]
        await at.press("enter")
        await at.asked()
        assert at.engine.asked == []
        await at.press(*["backspace"] * 4, *"30", "enter")
        await at.answered()
        assert [kind for kind, *_ in at.engine.asked] == ["extend"]


async def test_what_the_cli_would_sweep_first_does_not_last_longer_already() -> None:
    async with console() as at:
        swept = next(one for one in at.engine.catalog.sessions if one.is_swept_first and one.row)
        await at.choose_session(swept.session_id)
        await at.press("e")
        await at.asked()
        line = at.rows("bottom")[0]
        assert "(sweep) → " in line
        assert "already" not in line


@pytest.mark.parametrize(
    ("size", "typed", "said"),
    [
        ((80, 24), "1", r"  to (23h 59m|1d 00h), 1 already lasts longer"),
        ((60, 16), "1", r"  to (23h 59m|1d 00h), 1 longer"),
        ((80, 24), "+7d", r"  each by 7d: to FIRST \.\.\. LAST"),
        ((60, 16), "+7", r"  each by 7d: to FIRST \.\.\. LAST"),
    ],
)
async def test_the_preview_of_many_says_when_they_end_in_words_that_fit(
    size: tuple[int, int], typed: str, said: str
) -> None:
    async with console(size=size) as at:
        near = await at.choose("First screen")
        await at.press("space")
        far = max(
            (one for one in at.engine.catalog.sessions if one.row and not one.sweep_at),
            key=lambda one: one.expires_at or at.engine.moment,
        )
        await at.choose_session(far.session_id)
        await at.press("space", "e", *typed)
        await at.asked()
        now, ends = at.engine.moment, []
        for one in (near, far):
            begins = max(one.expires_at or now, now)
            ends.append(formatting.countdown(begins + timedelta(days=7), now))
        assert ends[0] != ends[1]
        said = said.replace("FIRST", ends[0]).replace("LAST", ends[1])
        assert re.search(said + r"\s*$", at.rows("bottom")[0])


@pytest.mark.parametrize(
    ("answer", "is_deleted"),
    [("y", True), ("n", False), ("enter", False), ("escape", False), ("ctrl+c", False)],
)
async def test_delete_asks_and_its_default_is_no(answer: str, is_deleted: bool) -> None:
    async with console() as at:
        one = await at.choose("First screen")
        await at.press("d")
        await at.asked()
        assert "3.0M" in at.message
        assert "can be undone for 7d" in at.message
        await at.press("x", answer)
        await at.answered()
        assert at.engine.asked == ([("delete", one.session_id)] if is_deleted else [])


async def test_a_running_session_is_not_deleted() -> None:
    async with console() as at:
        await at.choose("PE platforms, DACH")
        await at.press("d")
        assert not at.view.is_question_open
        assert "it is running" in at.message


async def test_undo_takes_back_the_last_and_asks_when_it_is_old() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        await at.press("d", "y")
        await at.answered()
        await at.press("e", "enter")
        await at.answered()
        await at.press("u")
        await at.answered()
        assert at.engine.asked[-1] == ("undo", "extend", one.session_id)
        at.engine.moment += timedelta(minutes=2)
        await at.press("u")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.engine.asked[-1] == ("undo", "delete", one.session_id)


async def test_marks_are_taken_by_extend_and_those_that_failed_stay_marked() -> None:
    async with console() as at:
        await at.press("s")
        first, second, third = at.listed[:3]
        at.engine.refusing = {second[1]}
        await at.press("space", "space", "space")
        assert at.view.marks == {first, second, third}
        await at.press("e", *"30", "enter")
        await at.answered()
        assert at.message == f"2 extended; 1 not, left marked: {second[1][:8]}: is locked"
        assert at.view.marks == {second}
        await at.press("escape")
        assert at.view.marks == frozenset()


async def test_many_are_deleted_only_by_typing_their_number() -> None:
    async with console() as at:
        await at.press("asterisk")
        count = len(at.view.marks)
        assert count > 5
        assert count == len(at.view.shown)
        await at.press("d")
        await at.asked()
        assert f"delete {count} sessions in 12 listings" in at.message
        await at.press("y", "enter")
        await at.until(lambda: f"y is not {count}" in at.text("bottom"))
        assert at.engine.asked == []
        await at.press("ctrl+u", *str(count), "enter")
        await at.answered()
        assert [asked[0] for asked in at.engine.asked] == ["delete"] * count


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("y",), ("allow", "")),
        (("A", *"always", "enter"), ("always", "")),
        (("n", *"no", "enter"), ("deny", "no")),
    ],
)
async def test_answer(keys: tuple[str, ...], answer: tuple[str, str]) -> None:
    async with console() as at:
        one = await at.choose("Strategic buyers, pumps")
        await at.press("a")
        await at.asked()
        await at.until(lambda: "shortlist.csv" in at.page)
        await at.press(*keys)
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, *answer)]


async def test_interrupt_asks() -> None:
    async with console() as at:
        one = await at.choose("PE platforms, DACH")
        await at.press("i", "y")
        await at.answered()
        assert at.engine.asked == [("interrupt", one.session_id)]


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("new hollis_park --stage stage_4", ("start", "new", "hollis_park", "stage_4", "hi")),
        ("new hollis_park stage_4", ("start", "new", "hollis_park", "stage_4", "hi")),
        ("resume --fork", ("start", "fork", "alder_precision", "stage_3", "hi")),
        ("send", ("send", "ID", "hi")),
        ("restore", ("restore", "hi")),
    ],
)
@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_verbs_that_ask_for_words(key: str, typed: str, asked: tuple[str, ...]) -> None:
    async with console() as at:
        one = await at.choose("Tier-1 suppliers")
        await at.press(key)
        await at.asked()
        await at.paste(typed)
        await at.press("enter", *"hi", "enter")
        await at.answered()
        assert at.engine.asked == [tuple(one.session_id if a == "ID" else a for a in asked)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nonsense", "no verb is called 'nonsense'"),
        ("extend '", "No closing quotation"),
        ("info", "said info"),
        ("delete abcd", "no session 'abcd'"),
        ("ack nowhere", "no session 'nowhere'"),
    ],
)
async def test_verbs_that_answer_in_the_message_line(typed: str, said: str) -> None:
    async with console() as at:
        await at.press("colon", *typed, "enter")
        await at.until(lambda: said in at.text("bottom"))
        await at.press("escape")
        await at.answered()
        assert not at.engine.asked or typed == "info"


async def test_what_asks_for_one_session_takes_the_selected_and_not_a_marked_one() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("space")
        waiting = await at.choose("Strategic buyers, pumps")
        await at.press("a")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("answer", waiting.session_id, "allow", "")]


async def test_an_extension_that_changes_nothing_is_not_there_to_undo() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        await at.press("d", "y")
        await at.answered()
        await at.choose("Strategic buyers, pumps")
        await at.press("e", *"1m", "enter")
        await at.answered()
        await at.press("u")
        await at.asked()
        assert f"undo: delete {one.session_id[:8]}?" in at.message
        await at.press("y")
        await at.answered()
        assert at.engine.asked[-1] == ("undo", "delete", one.session_id)


async def test_of_many_that_are_deleted_those_that_were_not_are_named_and_stay_marked() -> None:
    async with console() as at:
        await at.press("s")
        second = at.listed[1]
        at.engine.refusing = {second[1]}
        await at.press("space", "space", "space", "d")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.message.startswith("2 deleted")
        assert at.message.endswith(f"; 1 not, left marked: {second[1][:8]}: is locked")
        assert at.view.marks == {second}


async def test_many_that_were_refused_for_one_reason_are_named_together() -> None:
    async with console() as at:
        await at.press("s")
        first, second = (key[1] for key in at.listed[:2])
        at.engine.refusing = {first, second}
        await at.press("space", "space", "space", "e", *"30", "enter")
        await at.answered()
        assert at.message.startswith("1 extended; 2 not, left marked: ")
        assert at.message.endswith(": is locked")
        assert first[:8] in at.message
        assert second[:8] in at.message


async def test_a_question_that_a_key_answers_is_read_in_full() -> None:
    """Otherwise its end, which says what is at stake, would be cut at 80 columns."""
    listing = f"a listing {'of many words ' * 8}"
    then = fixed_catalog.NOW - timedelta(hours=3)
    deleted = ActionResult(
        kind="delete", listing=listing, session_id="9f2c0000", at=then, words="", trash_id="x"
    )
    async with console(FixedEngine(batch=(deleted,))) as at:
        await at.press("u")
        await at.asked()
        await at.until(lambda: "9f2c0000, 3h ago?" in at.text("bottom"))
        assert "y yes  n no  q Esc back" in at.rows("bottom")[-1]
        await at.press("n")
        await at.answered()
        await at.until(lambda: len(at.rows("bottom")) == 2)
        assert at.engine.asked == []
