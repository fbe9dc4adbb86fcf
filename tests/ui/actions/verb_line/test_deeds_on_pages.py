"""A deed from a line of a page leaves the page where it was, with what is so now."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console, console_over
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.models.line_target import LineTarget
from tui.ui.engine.real_engine import RealEngine


async def open_page(at: Console, line: str) -> None:
    await at.enter(line)
    await at.answered()
    await at.until(lambda: at.view.is_page_open)


def selected(at: Console) -> list[str]:
    """Return the painted lines that have the cursor."""
    return [row[1:].strip() for row in at.rows("page")[1:] if row.startswith(">")]


def trashed(at: Console) -> list[str]:
    """Return the short ids that the page lists."""
    return re.findall(r"\b(?:1{8}|2{8}|3{8}|4{8})\b", at.page)


async def test_a_deed_from_a_line_leaves_the_page_with_the_next_row_selected(
    tmp_path: Path,
) -> None:
    listing = SampleListing(tmp_path / "outputs")
    ids = [f"{number}" * 8 + FIRST[8:] for number in range(1, 5)]
    await asyncio.to_thread(lambda: [listing.add(one) for one in ids])
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    await asyncio.to_thread(say_verb, context, ("delete", *ids, "--yes"))
    async with console_over(engine, (120, 36), waits=False) as at:
        await at.until(lambda: "no sessions here yet" in at.text("sessions"))
        await open_page(at, "trash")
        rows = trashed(at)
        assert sorted(rows) == [one[:8] for one in ids]
        await at.press("g", "j")
        for kept in ([rows[0], *rows[2:]], [rows[0], rows[3]], [rows[0]], []):
            await at.press("enter")
            await at.asked()
            await at.press("enter")
            await at.answered()
            assert "restored" in at.message
            assert trashed(at) == kept
            assert not kept or kept[min(1, len(kept) - 1)] in selected(at)[0]
        assert "the trash is empty" in at.page
        await at.press("q")
        assert not at.view.is_page_open


async def test_a_deed_that_is_left_or_refused_leaves_the_page_as_it_was() -> None:
    purges = {at: LineTarget(command=("purge", "--yes-not")) for at in (1, 2)}
    engine = FixedEngine(
        sayings={"check": ("two:", "one", "another")},
        line_targets={"check": {1: LineTarget(command=("purge", "x")), 2: purges[2]}},
        needs_yes={"purge"},
    )
    async with console(engine) as at:
        await open_page(at, "check")
        await at.press("enter")
        await at.asked()
        await at.press("enter")
        await at.until(lambda: "would purge" in at.message)
        await at.press("n")
        await at.answered()
        assert (at.message, selected(at)) == ("nothing done", ["one"])
        await at.press("j", "enter")
        await at.asked()
        await at.press("enter")
        await at.until(lambda: "--yes-not" in at.text("bottom"))
        await at.press("escape")
        await at.answered()
        assert selected(at) == ["another"]


async def test_what_acted_itself_is_not_run_again_for_its_page() -> None:
    adopts = LineTarget(command=("hold", "on"))
    engine = FixedEngine(
        sayings={"doctor": ("the root:", "  note", "  other")}, line_targets={"doctor": {1: adopts}}
    )
    async with console(engine) as at:
        for line in ("doctor --fix", "doctor"):
            await open_page(at, line)
            await at.press("enter")
            await at.asked()
            await at.press("enter")
            await at.answered()
        said = [asked[1:] for asked in at.engine.asked if asked[:2] == ("say_verb", "doctor")]
        assert said == [("doctor", "--fix"), ("doctor",), ("doctor",)]
        assert at.view.is_page_open
