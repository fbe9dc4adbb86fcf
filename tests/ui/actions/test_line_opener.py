"""Enter on a line of a page goes to what the line is about, and Esc comes back to the page."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.support.console.catalog_edits import without
from tests.support.console.fixed_catalog import NOW, catalog
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import Console, console, console_over
from tests.support.listings.sample_listing import FIRST as LONGEST
from tests.support.listings.sample_listing import SECOND, SampleListing
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
from tui.core.console.pane_table import LISTINGS, LIVE, SESSIONS
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Session
from tui.operations.sessions.rename import rename
from tui.operations.sessions.row_edits import fail
from tui.operations.stream.follow import StreamUpdate
from tui.ui.engine.real_engine import RealEngine

LONG = tuple(
    Entry(EntryKind.TEXT, f"line {number}", at=NOW, uuid=f"uuid-{number}")
    for number in range(5_000)
)
FIRST, OTHER = (
    next(one for one in catalog().sessions if one.title == title)
    for title in ("First screen", "Final list for the partner call")
)


class EndFollow(FixedFollow):
    """Starts near the end of a long stream."""

    def poll(self, session: Session) -> StreamUpdate:
        update, count = super().poll(session), len(self.entries)
        return replace(update, entries=update.entries[-300:], start=count - 300)

    def before(self, place: int, until: object) -> object:  # type: ignore[override]
        page = super().before(place, None)
        start = max(0, place - 300)
        return replace(page, entries=page.entries[start:], start=start)

    def after(self, place: int, stop: int, since: object) -> object:  # type: ignore[override]
        return super().after(place, min(stop, place + 300), None)


def to(session: Session, place: int = -1, sought: str = "") -> LineTarget:
    listing, session_id = session.key
    return LineTarget(listing=listing, session_id=session_id, place=place, sought=sought)


def hits() -> FixedEngine:
    """Return an engine whose `grep` finds something in two sessions, far down in one."""
    lines = ("first  2 hits", "  at 777", "  at 3000", "other  1 hit", "  at 9", "done")
    targets = {
        0: to(FIRST),
        1: to(FIRST, 777, "line 777"),
        2: to(FIRST, 3000, "line 3000"),
        3: to(OTHER),
        4: to(OTHER, 9, "line 9"),
    }
    return FixedEngine(
        sayings={"grep": lines}, line_targets={"grep": targets}, follower=EndFollow(LONG)
    )


async def open_page(at: Console, line: str = "grep line") -> None:
    await at.enter(line)
    await at.answered()
    await at.until(lambda: at.view.is_page_open)
    await at.until(lambda: any(row.strip() for row in at.rows("page")[1:]))  # it is painted


def selected(at: Console) -> list[str]:
    """Return the painted lines that have the cursor."""
    return [row[1:].strip() for row in at.rows("page")[1:] if row.startswith(">")]


def is_found(at: Console, words: str) -> bool:
    """Whether the marked entry of Live has these words."""
    return any(f"{words} " in row for row in at.rows("live") if row.startswith(">"))


async def test_a_line_is_selected_and_enter_reads_the_entry_of_a_hit() -> None:
    async with console(hits()) as at:
        await open_page(at)
        assert selected(at) == ["first  2 hits"]
        await at.press("j", "j")
        assert selected(at) == ["at 3000"]
        await at.press("enter")
        await at.until(lambda: is_found(at, "line 3000"))
        assert (at.view.is_page_open, at.view.is_full, at.view.live) == (False, True, FIRST)
        assert at.session.key == FIRST.key
        assert "resume --fork" in at.message


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_the_page_comes_back_with_its_cursor(key: str) -> None:
    async with console(hits()) as at:
        await open_page(at)
        await at.press("j", "enter")
        await at.until(lambda: "line 777" in at.text("live"))
        await at.press("j", key)
        assert at.view.is_page_open
        assert selected(at) == ["at 777"]
        await at.press("j", "j", "j", "enter")
        await at.until(lambda: is_found(at, "line 9"))
        await at.press(key)
        assert selected(at) == ["at 9"]
        await at.press(key)
        assert (at.view.is_page_open, at.view.is_full, at.view.pane) == (False, False, SESSIONS)
        assert at.exit_code is None


async def test_a_heading_selects_its_session_and_what_hides_it_is_taken_off() -> None:
    async with console(hits()) as at:
        await at.press("slash", *"failed castings", "enter")
        await at.answered()
        await open_page(at)
        await at.press("j", "j", "j", "enter")
        assert not at.view.is_page_open
        assert (at.view.pane, at.session.key, at.view.query.filter) == (SESSIONS, OTHER.key, "")
        assert "cleared" in at.message
        await at.press("q")
        assert at.view.is_page_open


async def test_there_is_no_way_back_once_something_else_is_selected() -> None:
    async with console(hits()) as at:
        await open_page(at)
        await at.press("enter")
        assert at.view.session == FIRST
        assert "q back" in at.text("bottom")
        await at.press("k", "j")
        assert at.view.session == FIRST
        assert "q quit" in at.text("bottom")
        await at.press("escape")
        assert not at.view.is_page_open


async def test_a_resume_and_a_fork_start_from_the_place_of_a_hit() -> None:
    async with console(hits()) as at:
        await open_page(at)
        await at.press("j", "enter")
        await at.until(lambda: "line 777" in at.text("live"))
        assert "r resume" in at.text("bottom")
        await at.press("r")
        await at.asked()
        assert at.about == (FIRST,)
        await at.press("escape")
        await at.answered()
        await at.enter("resume --fork")
        await at.asked()
        assert at.about == (FIRST,)
        assert at.message.endswith(" from its end, not from the marked entry (`--at here`)")
        await at.paste("Go on from here")
        await at.press("enter")
        await at.until(lambda: any(asked[0] == "start" for asked in at.engine.asked))
        await at.until(lambda: " from its end: run " in at.message)


async def test_a_hit_stays_marked_when_what_comes_before_it_was_read() -> None:
    engine, entries = hits(), list(LONG)
    entries[4705] = replace(LONG[4705], text="before it\n\nline 4705\n\nafter it")
    engine.follower = EndFollow(tuple(entries))
    engine.line_targets["grep"][1] = to(FIRST, 4705, "line 4705")
    async with console(engine) as at:
        await open_page(at)
        await at.press("j", "enter")
        await at.until(lambda: at.entries > 300)
        await at.until(lambda: is_found(at, "line 4705"))


async def test_a_fork_begins_at_the_hit_or_at_the_entry_that_is_marked_then() -> None:
    async with console(hits()) as at:
        await open_page(at)
        await at.press("j", "enter")
        await at.until(lambda: is_found(at, "line 777"))
        for keys, uuid in (((), "uuid-777"), (("]", "]"), "uuid-779")):
            await at.press(*keys)
            await at.enter("resume --fork --at here --model opus")
            await at.asked()
            assert at.typed == "--model opus"
            assert at.message.endswith(" from the marked entry")
            await at.press("escape")
            await at.answered()
            command = await at.command()
            assert command.endswith(f" resume {FIRST.address} --fork --at {uuid} --model opus")
        await at.press("escape", "escape")
        await at.enter("resume --fork --at here")
        await at.until(lambda: "no entry is marked" in at.text("bottom"))


async def test_what_is_gone_is_named_and_the_page_stays() -> None:
    async with console(hits()) as at:
        await open_page(at)
        await at.look(without(at.engine.catalog, FIRST.key))
        await at.press("j", "enter")
        assert at.view.is_page_open
        assert "is not there any more" in at.message


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (("adopt", "a b/9f2c", "--stage"), "adopt 'a b/9f2c' --stage "),
        (("doctor", "moss_end", "--fix"), "doctor moss_end --fix"),
        (("delete", "moss_end/9f2c"), "delete moss_end/9f2c"),
    ],
)
async def test_a_verb_stands_ready_in_the_line_and_is_not_run(
    command: tuple[str, ...], typed: str
) -> None:
    adopts = LineTarget(command=command)
    engine = FixedEngine(
        sayings={"doctor": ("the root:", "  note  untracked", "    -> adopt it")},
        line_targets={"doctor": {1: adopts, 2: adopts}},
    )
    async with console(engine) as at:
        await open_page(at, "doctor")
        assert selected(at) == ["note  untracked"]
        await at.press("enter")
        await at.asked()
        assert at.typed == typed
        assert at.engine.asked == [("say_verb", "doctor")]
        await at.press("escape")
        await at.answered()
        assert at.view.is_page_open
        assert selected(at) == ["note  untracked"]


async def test_a_read_only_console_goes_to_the_session_instead() -> None:
    target = replace(to(OTHER), command=("resume", OTHER.address))
    engine = FixedEngine(
        is_read_only=True, sayings={"check": ("failed",)}, line_targets={"check": {0: target}}
    )
    async with console(engine) as at:
        await open_page(at, "check")
        await at.press("enter")
        assert not at.view.is_question_open
        assert at.view.session == OTHER


async def test_a_line_of_a_listing_leads_to_listings() -> None:
    name = OTHER.listing
    engine = FixedEngine(
        sayings={"stats": ("head", "one", "two")},
        line_targets={"stats": {1: LineTarget(listing=name), 2: LineTarget(listing="nowhere")}},
    )
    async with console(engine) as at:
        await open_page(at, "stats")
        await at.press("j", "enter")
        assert at.view.is_page_open
        assert at.message == "nowhere is not there any more"
        await at.press("k", "enter")
        assert (at.view.pane, at.view.listing) == (LISTINGS, name)
        await at.press("escape")
        assert selected(at) == ["one"]


async def test_enter_does_nothing_where_no_line_leads_anywhere() -> None:
    async with console(FixedEngine(sayings={"stats": ("one", "two")})) as at:
        await open_page(at, "stats")
        assert "Enter" not in at.rows("page")[0] + at.text("bottom")
        await at.press("enter")
        assert at.view.is_page_open
        assert "Esc closes it" in at.message


async def test_on_a_page_of_hits_the_line_of_keys_names_enter() -> None:
    async with console(hits()) as at:
        assert "Enter open" not in at.text("bottom")
        await open_page(at)
        await at.until(lambda: "Enter open" in at.text("bottom"))
        assert "Enter opens" in at.rows("page")[0]


async def test_the_cursor_walks_through_a_long_page_and_skips_no_text() -> None:
    lines = tuple(f"text {number}" for number in range(100))
    targets = {at: LineTarget(listing=f"l{at}") for at in (1, 2, 60, 99)}
    engine = FixedEngine(sayings={"ls": lines}, line_targets={"ls": targets})
    async with console(engine) as at:
        await open_page(at, "ls")
        height = len(at.page_rows)
        await at.press("j")
        assert selected(at) == ["text 2"]
        seen = set(at.page_rows)
        while "text 60" not in selected(at):
            await at.press("j")
            seen |= set(at.page_rows)
        assert {f"text {number}" for number in range(61)} <= seen
        await at.press("G")
        assert selected(at) == ["text 99"]
        assert at.page_rows[-1] == "text 99"
        await at.press("g")
        assert (selected(at), at.page_rows[0]) == (["text 1"], "text 0")
        await at.press("pagedown")
        assert at.page_rows[0] == f"text {height - 1}"
        assert selected(at) == []
        await at.press("enter")
        assert at.view.is_page_open
        assert "Esc closes it" in at.message  # nothing out of sight is opened
        await at.press("slash", *"text 99", "enter")
        await at.answered()
        assert selected(at) == ["text 99"]


async def test_the_log_opens_with_its_last_line_selected() -> None:
    lines = ("AT  WHO", *(f"act {number}" for number in range(60)))
    engine = FixedEngine(
        sayings={"log": lines}, line_targets={"log": {at: to(FIRST) for at in range(1, 61)}}
    )
    async with console(engine) as at:
        await open_page(at, "log")
        await at.until(lambda: selected(at) == ["act 59"])
        await at.press("k", "enter")
        assert (at.view.pane, at.view.session) == (SESSIONS, FIRST)
        assert at.view.pane != LIVE


async def test_a_search_of_real_transcripts_leads_to_the_line_that_was_said(tmp_path: Path) -> None:
    """Far from the end, in a tool's folded result, and at the call of a sub-agent."""
    listing = await asyncio.to_thread(listing_with_mentions, tmp_path)
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, (120, 36), waits=False) as at:
        await at.until(lambda: len(at.listed) == 2)
        await open_page(at, "grep Halvorsen --stage 3")
        found = f"hollis_park/{LONGEST[:8]}  stage_3  3 hits"
        await at.until(lambda: any(one.startswith(found) for one in selected(at)[:1]))
        for keys, words in (
            ("j", "Ask Halvorsen"),
            ("jj", "3 from Halvorsen"),
            ("jjj", "call him"),
        ):
            await at.press("g", *keys, "enter")
            await at.until(partial(in_live, at, words))
            assert at.view.reading is not None
            assert at.session.session_id == LONGEST
            await at.press("escape")
        assert "3 hits" in at.page


async def test_the_report_is_drawn_as_text_and_its_lines_lead_on(tmp_path: Path) -> None:
    """A title or a reason of others can neither make a heading nor hide its own marks."""
    listing = await asyncio.to_thread(listing_with_markdown, tmp_path)
    context = listing.context()
    engine = RealEngine(context, partial(say_verb, context), verb_infos())
    async with console_over(engine, (120, 36), waits=False) as at:
        await at.until(lambda: len(at.listed) == 1)
        await open_page(at, "report")
        rows = [row.strip() for row in at.page.split("\n")]
        assert "Failed (1)" in rows
        assert "Done (99)" not in rows
        assert "no `key` **here** # Done (99)" in at.page
        assert "**big** `x` # a | b [words](http://else)" in at.page
        assert "## " not in at.page
        assert "\\" not in at.page
        assert f":resume hollis_park/{SECOND[:8]}" in " ".join(" ".join(rows).split())
        await at.press("g", "enter")
        assert at.typed == f"resume hollis_park/{SECOND}"


def listing_with_markdown(place: Path) -> SampleListing:
    """Return a listing whose session has Markdown for its title, and failed with some."""
    listing = SampleListing(place / "outputs")
    listing.add(SECOND, days=9)
    rename(listing.context(), listing.session(SECOND), "**big** `x` # a | b [words](http://else)")
    fail(listing.context(), listing.session(SECOND), "no `key` **here** \x1b[31m# Done (99)")
    return listing


def in_live(at: Console, words: str) -> bool:
    return words in at.text("live")


def listing_with_mentions(place: Path) -> SampleListing:
    """Return a listing whose longest session was at work when it mentioned somebody."""
    listing = SampleListing(place / "outputs")
    listing.add(SECOND)
    listing.track(LONGEST)
    filler = [answer(text(f"filler {number} {'word ' * 60}")) for number in range(3000)]
    path = write_lines(
        listing.transcript_path(LONGEST),
        prompt("Ask Halvorsen"),
        *filler[:1500],
        answer(call("Bash", tool_id="t1", command="ls")),
        result("1\n2\n3 from Halvorsen\n4", tool_id="t1"),
        answer(call("Agent", tool_id="t2", description="call him", prompt="call")),
        *filler[1500:],
    )
    folder = path.with_suffix("") / "subagents"
    write_lines(folder / "agent-1.jsonl", answer(text("I spoke to Halvorsen.")))
    (folder / "agent-1.meta.json").write_text('{"toolUseId": "t2"}')
    return listing
