"""A key of one's own runs a program on what is in sight: asked, refused, with real processes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console, console_over
from tests.support.listings.sample_listing import FIRST, SampleListing
from tui.__main__ import say_verb
from tui.cli.verb_info import verb_infos
from tui.core.console.keymap import Keymap, keymap
from tui.core.console.own_command import OwnCommand
from tui.core.console.pane_table import LISTINGS
from tui.operations.monitor.history import history
from tui.ui.engine.real_engine import RealEngine

TITLE = "Final list for the partner call"
ASKED = OwnCommand(name="open-log", key="L", argv=("less", "{session}"))
AT_ONCE = OwnCommand(name="count", key="W", argv=("wc", "{listing}"), asks=False)
FREE = OwnCommand(name="top", key="T", argv=("uptime",), asks=False, is_in_bottom_line=True)


def keys(*commands: OwnCommand, why: str = "") -> Keymap:
    return keymap({}, (), commands or (ASKED, AT_ONCE, FREE), why)


async def test_a_command_asks_with_its_arguments_and_runs_on_yes() -> None:
    async with console(FixedEngine(keys=keys()), size=(120, 36)) as at:
        session = await at.choose(TITLE)
        await at.press("L")
        await at.asked()
        assert f"run less {session.session_id}?" in at.text("bottom")
        assert at.about == (session,)
        await at.press("n")
        await at.answered()
        assert at.engine.asked == []
        await at.press("L")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("run_command", "less", session.session_id)]
        assert at.message == "open-log: done"


async def test_a_yes_typed_before_the_question_was_shown_runs_nothing() -> None:
    async with console(FixedEngine(keys=keys())) as at:
        await at.choose(TITLE)
        await at.burst("L", "y")
        await at.pause(0.5)
        assert at.engine.asked == []


async def test_one_that_does_not_ask_runs_at_once_also_on_a_listing() -> None:
    async with console(FixedEngine(keys=keys())) as at:
        session = await at.choose(TITLE)
        await at.press("W")
        await at.until(lambda: bool(at.engine.asked))
        assert at.engine.asked == [("run_command", "wc", session.listing)]
        await at.choose_listing("hollis_park")
        await at.press("W")
        await at.until(lambda: len(at.engine.asked) == 2)
        assert at.engine.asked[1] == ("run_command", "wc", "hollis_park")


async def test_it_acts_on_no_session_that_is_not_in_sight() -> None:
    async with console(FixedEngine(keys=keys())) as at:
        await at.choose(TITLE)
        await at.press("1", "L")
        assert "a listing is selected, not a session" in at.message
        await at.press("2", "?", "L")
        assert at.page
        await at.press("q")
        assert at.engine.asked == []
        assert not at.is_asking


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        (FixedEngine(keys=keys(), is_read_only=True), "read-only: it runs no commands"),
        (FixedEngine(keys=keys(), is_restricted=True), "restricted: it runs no commands"),
        (FixedEngine(keys=keys(why="x.toml can be written by others")), "x.toml can be written"),
    ],
    ids=["read-only", "restricted", "settings"],
)
async def test_where_none_may_run_the_key_and_the_help_say_why(
    engine: FixedEngine, why: str
) -> None:
    async with console(engine, size=(120, 36)) as at:
        await at.choose(TITLE)
        for key in ("L", "W", "T"):
            await at.press(key)
            assert why in at.message
        await at.press("?")
        assert why in " ".join(at.page.split())
        assert engine.asked == []


async def test_help_and_the_bottom_line_name_it() -> None:
    async with console(FixedEngine(keys=keys()), size=(200, 50)) as at:
        await at.choose(TITLE)
        assert "T top" in at.text("bottom")
        assert "L open-log" not in at.text("bottom")
        await at.press("?")
        assert "run your command less '{session}'" in " ".join(at.page.split())


async def test_more_than_a_line_opens_as_a_page_and_escape_leaves_it_running() -> None:
    engine = FixedEngine(keys=keys(), sayings={"top": ("first", "second")})
    async with console(engine) as at:
        await at.press("T")
        await at.until(lambda: bool(at.page))
        assert at.page.split()[-2:] == ["first", "second"]
        await at.press("q")
        engine.slow.add("top")
        await at.press("T")
        await at.until(lambda: "top..." in at.message)
        await at.press("escape")
        assert "continues in background" in at.message
        engine.goes_on.set()
        await at.until(lambda: at.message == "top: done: second")


async def test_a_key_that_is_held_down_runs_it_once_and_says_so() -> None:
    async with console(FixedEngine(keys=keys(), slow={"count"})) as at:
        await at.choose(TITLE)
        await at.press("W", "W", "W", "1")
        at.engine.goes_on.set()
        await at.answered()
        assert at.message == "count: done; not run again for W pressed meanwhile"
        assert at.view.pane == LISTINGS
        assert len(at.engine.asked) == 1
        await at.press("2", "W")
        await at.until(lambda: len(at.engine.asked) == 2)


async def test_one_that_was_left_running_is_not_run_again_before_it_has_ended() -> None:
    async with console(FixedEngine(keys=keys(), slow={"count", "open-log"})) as at:
        await at.choose(TITLE)
        await at.press("W", "W", "escape")
        await at.answered()
        await at.press("W")
        await at.until(lambda: at.message == "count still runs: it was not run again")
        await at.press("T")
        await at.until(lambda: at.message == "top: done")
        at.engine.goes_on.set()
        await at.until(lambda: at.message == "count: done")
        assert len(at.engine.asked) == 2
        await at.press("W")
        await at.until(lambda: len(at.engine.asked) == 3)


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs")
    listing.add(FIRST)
    return listing


def real(listing: SampleListing, *commands: OwnCommand) -> RealEngine:
    context = listing.context(keys=keys(*commands), state_dir=listing.root.parent / "state")
    context = replace(context, clock=lambda: datetime.now(UTC))
    return RealEngine(context, partial(say_verb, context), verb_infos())


async def test_a_real_program_reads_the_transcript_and_is_logged(listing: SampleListing) -> None:
    one = OwnCommand(name="lines", key="L", argv=("grep", "-c", "pumps", "{transcript}"))
    async with console_over(real(listing, one)) as at:
        await at.choose_session(FIRST)
        await at.press("L")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.message == "lines: done: 1"
    (event,) = history(listing.context())
    assert (event.action, event.note, event.session_id) == ("command", "lines", FIRST)


async def test_a_real_program_that_fails_or_hangs_is_told_with_what_it_said(
    listing: SampleListing,
) -> None:
    fails = OwnCommand(
        name="fails", key="L", argv=("sh", "-c", "printf '\\033[31mno way\\n'; exit 3"), asks=False
    )
    hangs = OwnCommand(
        name="hangs", key="W", argv=("sleep", "600"), asks=False, timeout=timedelta(seconds=1)
    )
    missing = OwnCommand(name="missing", key="T", argv=("no-such-program",), asks=False)
    async with console_over(real(listing, fails, hangs, missing), size=(120, 36)) as at:
        await at.choose_session(FIRST)
        await at.press("L")
        await at.until(lambda: at.message == "fails: exit 3: no way")
        assert at.style == "bad"
        await at.press("W")
        await at.until(lambda: at.message == "hangs: ended after 1 s")
        await at.press("T")
        await at.until(lambda: "no-such-program: No such file" in at.message)
