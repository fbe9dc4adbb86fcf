"""`n` goes through the hits of a search in long tool results, which stand at their calls."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from tests.support.console.harness import Console, console_over
from tests.support.listings.sample_listing import FIRST, SampleListing
from tests.support.listings.transcript_lines import (
    answer,
    call,
    prompt,
    result,
    text,
    write_lines,
)
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.ui.engine.real_engine import RealEngine

FILLER = [f"output line {number}" for number in range(60)]


def found(at: Console) -> str:
    """Return the painted line of the hit."""
    return next((row for row in at.rows("live")[1:] if row.startswith(">")), "")


@pytest.mark.parametrize("presses", [0, 1, 2])
async def test_n_goes_through_hits_in_results(tmp_path: Path, presses: int) -> None:
    """With tools short, in full and off; after the last comes the first, and that is told."""
    listing = await asyncio.to_thread(listing_with_long_results, tmp_path)
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, waits=False) as at:
        await at.until(lambda: len(at.listed) == 1)
        await at.press("enter")
        await at.until(lambda: at.entries > 6)
        await at.press(*["t"] * presses, "g", "slash", *"Halvorsen", "enter")
        await at.answered()
        assert (at.message, "seen by Halvorsen 0" in found(at)) == ("1 of 3", True)
        for keys, said, number in (
            ("n", "2 of 3", 1),
            ("n", "3 of 3", 2),
            ("n", "1 of 3, on from the start", 0),
            ("N", "3 of 3, on from the end", 2),
            ("N", "2 of 3", 1),
        ):
            await at.press(keys)
            await at.answered()
            assert at.message == said
            assert f"seen by Halvorsen {number}" in found(at)


async def test_a_hit_in_a_result_is_shown_below_the_call_that_has_one_too(tmp_path: Path) -> None:
    listing = await asyncio.to_thread(listing_with_long_results, tmp_path, "Halvorsen")
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, waits=False) as at:
        await at.until(lambda: len(at.listed) == 1)
        await at.press("enter")
        await at.until(lambda: at.entries > 6)
        await at.press("g", "slash", *"Halvorsen", "enter")
        await at.answered()
        for number in range(3):
            assert at.message == f"{2 * number + 1} of 6"
            assert f"cat {number} Halvorsen" in found(at)
            await at.press("n")
            await at.answered()
            assert at.message == f"{2 * number + 2} of 6"
            assert f"seen by Halvorsen {number}" in found(at)
            await at.press("n")
            await at.answered()


def listing_with_long_results(place: Path, named: str = "") -> SampleListing:
    """Return a listing of one session, whose calls have long results that name somebody."""
    listing = SampleListing(place / "outputs")
    listing.track(FIRST)
    lines = [prompt("Look around")]
    for number in range(3):
        tool_id = f"toolu_{number}"
        said = "\n".join((*FILLER, f"seen by Halvorsen {number}", *FILLER))
        lines += [
            answer(text(f"step {number}")),
            answer(call("Bash", tool_id=tool_id, command=f"cat {number} {named}")),
            result(said, tool_id=tool_id),
        ]
    write_lines(listing.transcript_path(FIRST), *lines)
    return listing
