"""What is typed is handled in the order it came, however fast: each piece before the next."""

from __future__ import annotations

import pytest

from tests.support.console.harness import console

_LINE = "/final list"


@pytest.mark.parametrize("cut", range(1, len(_LINE)))
async def test_a_line_typed_in_bursts_is_whole_wherever_it_was_cut(cut: int) -> None:
    async with console() as at:
        await at.ahead(_LINE[:cut], _LINE[cut:])
        assert at.rows("bottom")[1].startswith(f" > {_LINE[1:]}")


async def test_a_key_behind_a_burst_waits_for_it() -> None:
    """Pressed before the line was open, `5` would be a command."""
    async with console() as at:
        await at.ahead("/final", " li")
        await at.burst("s", "t", "enter")
        await at.answered()
        assert at.view.query.filter == "final list"


@pytest.mark.parametrize("pauses", range(6))
async def test_keys_behind_an_answer_keep_their_order(pauses: int) -> None:
    """`:` and what follows it: taken out of order, letters of the line would be commands."""
    text = "abcdefghijklmnopqrstuvwxyz"
    async with console() as at:
        await at.press("/", "x")
        await at.asked()
        await at.burst("escape", *f"/{text}", pauses=pauses)
        await at.burst(*"0123")
        await at.until(lambda: at.rows("bottom")[1].startswith(f" > {text}0123"))


async def test_what_is_said_during_a_question_does_not_take_its_place() -> None:
    """The key that comes next would answer a question that no longer stands there."""
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("d")
        await at.asked()
        asks = at.message
        at.say("copied through tmux: 9f2c", style="good")
        assert at.message == asks
        await at.press("escape")
        await at.answered()
        assert at.message == "copied through tmux: 9f2c"
