"""A prompt of several lines is typed or pasted, shown, kept and sent as it is."""

from __future__ import annotations

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console

THREE = "Look at these:\n\n  - pumps\tand valves"


async def asked_to_resume(at: Console) -> None:
    await at.choose("First screen")
    await at.press("r")
    await at.asked()


def prompt(at: Console) -> object:
    return at.engine.asked[-1][-1]


async def test_alt_enter_begins_a_line_the_prompt_grows_and_all_is_sent_as_typed() -> None:
    async with console() as at:
        height = len(at.rows("sessions")) + len(at.rows("live"))
        await asked_to_resume(at)
        await at.press(*"one", "alt+enter", "space", *"two", "ctrl+j", *"three")
        assert at.engine.asked == []
        assert [row.rstrip() for row in at.rows("bottom")[2:]] == [" > one", "    two", "   three"]
        assert " 3 lines " in at.rows("bottom")[0]
        assert at.misfits == []
        await at.press("enter")
        await at.answered()
        assert prompt(at) == "one\n two\nthree"
        assert len(at.rows("bottom")) == 2
        assert len(at.rows("sessions")) + len(at.rows("live")) == height


async def test_pasted_lines_are_kept_in_a_prompt_and_send_nothing() -> None:
    async with console() as at:
        await asked_to_resume(at)
        await at.paste(THREE.replace("\n", "\r\n") + "\n")
        assert at.engine.asked == []
        assert at.typed == THREE + "\n"
        await at.press("backspace", "enter")
        await at.answered()
        assert prompt(at) == THREE


async def test_many_lines_take_few_rows_those_around_the_cursor() -> None:
    async with console() as at:
        await asked_to_resume(at)
        await at.paste("\n".join(f"line {number}" for number in range(100)))
        rows = [row.rstrip() for row in at.rows("bottom")]
        assert "100 lines" in rows[0]
        assert rows[2:] == [" … line 95", "   line 96", "   line 97", "   line 98", "   line 99"]
        await at.press("up", "up", "up", "up", "up", "home", *"at ")
        assert "   at line 94" in [row.rstrip() for row in at.rows("bottom")]
        await at.resize(60, 16)
        assert len(at.rows("bottom")) == 7
        assert at.misfits == []


@pytest.mark.parametrize("key", ["colon", "slash"])
async def test_other_lines_join_what_is_pasted(key: str) -> None:
    async with console() as at:
        await at.press(key)
        await at.asked()
        await at.paste("one\ntwo\n")
        await at.press("alt+enter", "ctrl+j", *"three")
        assert at.typed == "one two three"
        assert len(at.rows("bottom")) == 2


@pytest.mark.parametrize("key", ["alt+enter", "ctrl+j"])
async def test_words_that_were_to_be_lines_are_not_sent_as_one_unseen(key: str) -> None:
    async with console() as at:
        await at.choose("PE platforms, DACH")
        await at.press("colon")
        await at.asked()
        await at.press(*"send by size.", key)
        assert at.typed == "send by size."
        assert "one line here: `:send` Enter, then several lines" in at.text("bottom")
        await at.press(*"Stop.")
        assert "one line here" not in at.text("bottom")
        await at.press("enter")
        assert at.is_asking
        assert at.typed == "send by size.Stop."
        assert "several lines; Enter again takes it as one line" in at.text("bottom")
        assert at.engine.asked == []
        await at.press("enter")
        await at.answered()
        assert "by size.Stop." in at.engine.asked[-1]


async def test_in_a_filter_too_a_line_break_is_told_and_the_line_is_its_own_again() -> None:
    async with console() as at:
        await at.press("slash")
        await at.asked()
        await at.press(*"pumps", "alt+enter")
        assert "one line here" in at.text("bottom")
        assert ":send" not in at.text("bottom")
        await at.press("escape", "slash")
        await at.asked()
        await at.press(*"pumps", "enter")
        await at.answered()


@pytest.mark.parametrize("key", ["alt+enter", "ctrl+j"])
async def test_no_such_key_answers_or_acts_where_no_prompt_is_open(key: str) -> None:
    async with console() as at:
        before = at.view
        await at.press(key)
        assert at.view == before
        await at.choose("First screen")
        await at.press("d")
        await at.asked()
        await at.press(key)
        assert at.is_asking
        assert at.engine.asked == []


async def test_a_draft_of_several_lines_comes_back_as_it_was_also_after_a_restart() -> None:
    engine = FixedEngine()
    async with console(engine) as at:
        await asked_to_resume(at)
        await at.paste(THREE)
        await at.press("escape")
        await at.answered()
        at.save_view()
        await asked_to_resume(at)
        assert at.typed == THREE
    async with console(FixedEngine(view=engine.view)) as at:
        await at.until(lambda: "unsent prompt" in at.message)
        await asked_to_resume(at)
        assert at.typed == THREE


async def test_options_before_a_prompt_of_several_lines_are_no_part_of_it() -> None:
    async with console() as at:
        await asked_to_resume(at)
        await at.paste("--model opus\nDo this:\n  that")
        await at.press("enter")
        await at.answered()
        assert prompt(at) == "Do this:\n  that"


async def test_a_follow_up_and_the_reason_of_a_denial_keep_their_lines() -> None:
    async with console() as at:
        await at.choose("PE platforms, DACH")
        await at.enter("send")
        await at.until(lambda: at.message.startswith("send to"))
        await at.asked()
        await at.paste(THREE)
        await at.press("enter")
        await at.answered()
        assert THREE in at.engine.asked[-1]
        await at.choose("Strategic buyers, pumps")
        await at.press("a")
        await at.asked()
        await at.press("n")
        await at.until(lambda: at.message.startswith("deny: reason?"))
        await at.asked()
        await at.press(*"no", "alt+enter", *"never")
        assert at.engine.asked[-1][0] == "send"
        await at.press("enter")
        await at.answered()
        assert "no\nnever" in at.engine.asked[-1]
