"""Every key of the console does what the help says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from tests import fixed_catalog
from tests.fixed_engine import FixedEngine
from tests.make_screenshots import settled
from tui.core.models import Session
from tui.ui.app import ConsoleApp
from tui.ui.keys import DEEDS
from tui.ui.picture import EXPIRY, LISTINGS, LIVE, SESSIONS
from tui.ui.screen import ConsoleScreen


class Console:
    """A console over the fixed catalog, and what a test asks of it."""

    def __init__(self, pilot: Pilot[None], engine: FixedEngine) -> None:
        self.pilot = pilot
        self.engine = engine
        screen = pilot.app.screen
        assert isinstance(screen, ConsoleScreen)
        self.screen = screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(400):
            if is_so():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came; the message is {self.message!r}")

    async def asked(self) -> None:
        """Wait until the question is there."""
        await self.until(lambda: self.screen.question.is_asking)

    async def answered(self) -> None:
        """Wait until no question is open."""
        await self.until(lambda: not self.screen.question.is_open)

    @property
    def message(self) -> str:
        return self.screen.question.message.text

    @property
    def session(self) -> Session:
        session = self.screen.selected
        assert session is not None
        return session

    async def choose(self, title: str) -> Session:
        """Put the selection on the session of that title."""
        for one in self.engine.catalog.sessions:
            if one.title == title:
                assert self.screen.sessions.select(one.key)
                await self.pilot.pause()
                return one
        raise AssertionError(title)


@asynccontextmanager
async def console(
    engine: FixedEngine | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Console]:
    engine = engine or FixedEngine()
    app = ConsoleApp(engine)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield Console(pilot, engine)


@pytest.mark.parametrize(
    ("keys", "row"),
    [
        (("j",), 1),
        (("down", "down"), 2),
        (("j", "j", "k"), 1),
        (("down", "up"), 0),
        (("G",), -1),
        (("end",), -1),
        (("G", "g"), 0),
        (("G", "home"), 0),
        (("pagedown",), 9),
        (("pagedown", "pageup"), 0),
        (("k",), 0),
        (("G", "j"), -1),
    ],
)
async def test_moving(keys: tuple[str, ...], row: int) -> None:
    async with console() as at:
        await at.press(*keys)
        rows = at.screen.sessions.keys
        assert at.screen.sessions.key == rows[row]


@pytest.mark.parametrize(
    ("keys", "pane"),
    [
        (("1",), LISTINGS),
        (("2",), SESSIONS),
        (("3",), EXPIRY),
        (("4",), LIVE),
        (("tab",), EXPIRY),
        (("tab", "tab"), LIVE),
        (("tab", "tab", "tab"), LISTINGS),
        (("shift+tab",), LISTINGS),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_panes(keys: tuple[str, ...], pane: int, size: tuple[int, int]) -> None:
    async with console(size=size) as at:
        await at.press(*keys)
        assert at.screen.pane == pane
        shown = {LISTINGS: "#listings", SESSIONS: "#sessions", EXPIRY: "#expiry", LIVE: "#live"}
        assert at.screen.query_one(shown[pane]).region.area > 0


async def test_enter_and_escape_go_in_and_back() -> None:
    async with console() as at:
        await at.press("1", "j", "enter")
        assert (at.screen.pane, at.screen.board.listing) == (SESSIONS, "alder_precision")
        assert {one.listing for one in at.screen.sessions.sessions.values()} == {"alder_precision"}
        await at.press("enter")
        assert at.screen.is_full
        assert at.screen.live.size.height > 18
        await at.press("escape")
        assert not at.screen.is_full
        await at.press("escape")
        assert at.screen.board.listing == ""


async def test_enter_in_expiry_goes_to_the_session() -> None:
    async with console() as at:
        await at.press("3", "j", "j")
        wanted = at.session.key
        await at.press("enter")
        assert at.screen.pane == SESSIONS
        assert at.session.key == wanted


async def test_the_session_keys_are_off_in_the_full_live() -> None:
    async with console() as at:
        await at.press("enter", "d", "e", "r")
        assert not at.screen.question.is_open
        assert at.screen.is_full
        await at.press("q")
        assert not at.screen.is_full


async def test_resume_sends_the_prompt() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r")
        await at.asked()
        assert "sonnet-4-5" in at.message
        await at.press(*"go on", "enter")
        await at.answered()
        start = ("start", "resume", "beacon_packaging", "stage_5", "go on")
        assert at.engine.asked == [start]


async def test_an_empty_prompt_continues() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r", "enter")
        await at.answered()
        assert at.engine.asked[0][-1] == "Continue where we left off."


async def test_what_is_typed_ahead_of_the_question_goes_into_it() -> None:
    """Fails when `hold` is taken out of `_do`: `d`, `u` and `q` then act."""
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r", "d", "u", "q", "enter")
        await at.answered()
        assert [asked[-1] for asked in at.engine.asked] == ["duq"]


async def test_a_running_session_is_not_resumed_and_it_says_what_to_do() -> None:
    async with console() as at:
        await at.choose("Strategic buyers, pumps")
        await at.press("r")
        assert not at.screen.question.is_open
        assert ":send" in at.message
        assert at.engine.asked == []


@pytest.mark.parametrize(("typed", "days"), [("", 9.125), ("30", 30), ("+7d", 16.125)])
async def test_extend_shows_old_and_new_and_does_it(typed: str, days: float) -> None:
    async with console() as at:
        await at.choose("Tier-1 suppliers")
        await at.press("e", *typed)
        await at.asked()
        preview = "".join(cell.text for cell in at.screen.question.line_at(0))
        assert ("9d →" in preview) or "already lasts longer: 9d" in preview
        await at.press("enter")
        await at.answered()
        until = (fixed_catalog.NOW + timedelta(days=days)).isoformat()
        assert at.engine.asked == [("extend", at.session.session_id, until)]


async def test_words_that_are_no_duration_are_named_before_enter() -> None:
    async with console() as at:
        await at.press("e", *"soon")
        await at.asked()
        assert "not a duration" in "".join(cell.text for cell in at.screen.question.line_at(0))
        await at.press("enter")
        await at.answered()
        assert "not a duration" in at.message
        assert at.engine.asked == []


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
        assert "7 days" in at.message
        await at.press("x", answer)
        await at.answered()
        assert at.engine.asked == ([("delete", one.session_id)] if is_deleted else [])


async def test_a_running_session_is_not_deleted() -> None:
    async with console() as at:
        await at.choose("PE platforms, DACH")
        await at.press("d")
        assert not at.screen.question.is_open
        assert "it runs" in at.message


async def test_undo_takes_back_the_last_and_asks_when_it_is_old() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        await at.press("u")
        assert "nothing to undo" in at.message
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


async def test_the_filter_narrows_and_escape_clears_it() -> None:
    async with console() as at:
        everything = len(at.screen.sessions.keys)
        await at.press("slash", *"failed", "enter")
        await at.answered()
        assert [one.status for one in at.screen.sessions.sessions.values()] == ["failed"]
        await at.press("slash", "ctrl+u", *"nowhere", "enter")
        await at.answered()
        assert at.screen.sessions.keys == ()
        assert "hides all" in " ".join(at.screen.sessions.empty)
        await at.press("escape")
        assert len(at.screen.sessions.keys) == everything


async def test_a_wrong_filter_is_named_and_changes_nothing() -> None:
    async with console() as at:
        everything = at.screen.sessions.keys
        await at.press("slash", *"<soon", "enter")
        await at.answered()
        assert "not a duration" in at.message
        assert at.screen.sessions.keys == everything


async def test_marks_are_taken_by_extend_and_those_that_failed_stay_marked() -> None:
    async with console() as at:
        first, second, third = at.screen.sessions.keys[:3]
        at.engine.refusing = {second[1]}
        await at.press("space", "space", "space")
        assert at.screen.marks == {first, second, third}
        await at.press("e", *"30", "enter")
        await at.answered()
        assert at.message == "2 extended, 1 refused"
        assert at.screen.marks == {second}
        await at.press("escape")
        assert at.screen.marks == frozenset()


async def test_many_are_deleted_only_by_typing_their_number() -> None:
    async with console() as at:
        await at.press("slash", *"hvac", "enter")
        await at.answered()
        await at.press("asterisk")
        await at.press("slash", "ctrl+u", *"labels", "enter")
        await at.answered()
        await at.press("asterisk")
        assert len(at.screen.marks) == 6
        await at.press("d", "y", "enter")
        await at.answered()
        assert at.engine.asked == []
        await at.press("d", "6", "enter")
        await at.answered()
        assert [asked[0] for asked in at.engine.asked] == ["delete"] * 6
        assert at.message == "6 deleted"


async def test_sort_goes_round() -> None:
    async with console() as at:
        kept = at.session.key
        await at.press("s")
        assert at.screen.board.sort == "ends"
        assert at.session.key == kept
        await at.press(*("s" * 5))
        assert at.screen.board.sort == "attention"


async def test_follow_stops_when_one_scrolls_up_and_goes_on_again() -> None:
    async with console() as at:
        await at.press("4", "k")
        assert not at.screen.live.is_following
        await at.press("F")
        assert at.screen.live.is_following
        await at.press("g")
        assert at.screen.live.top == 0
        await at.press("G")
        assert at.screen.live.is_following


async def test_attention_goes_round_those_that_need_somebody() -> None:
    async with console() as at:
        seen = []
        for _ in range(7):
            seen.append(at.session.title)
            await at.press("exclamation_mark")
        assert seen[0] == seen[6]
        assert len(set(seen)) == 6


async def test_copying_shows_what_was_copied() -> None:
    async with console() as at:
        await at.press("y")
        await at.until(lambda: at.session.session_id in at.message)
        await at.press("Y")
        await at.until(lambda: f"show {at.session.address}" in at.message)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (("y",), ("allow", "")),
        (("a",), ("always", "")),
        (("n", *"no", "enter"), ("deny", "no")),
    ],
)
async def test_answer(keys: tuple[str, ...], answer: tuple[str, str]) -> None:
    async with console() as at:
        one = await at.choose("Strategic buyers, pumps")
        await at.press("a")
        await at.asked()
        assert "shortlist.csv" in at.message
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
        at.screen.question.editor.insert(typed)
        await at.press("enter", *"hi", "enter")
        await at.answered()
        assert at.engine.asked == [tuple(one.session_id if a == "ID" else a for a in asked)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [("nonsense", "no such verb"), ("extend --x", "no option --x"), ("info", "13 listings")],
)
async def test_verbs_that_answer_in_the_message_line(typed: str, said: str) -> None:
    async with console() as at:
        await at.press("colon", *typed, "enter")
        await at.answered()
        assert said in at.message


async def test_help_names_every_live_binding() -> None:
    async with console() as at:
        await at.press("question_mark")
        named = {sign for sign, _ in at.screen.help.keys}
        assert named == {deed.sign for deed in DEEDS}
        await at.press("d")
        assert not at.screen.question.is_open
        await at.press("question_mark")
        assert not at.screen.has_help


async def test_q_quits_and_ctrl_c_says_how() -> None:
    async with console() as at:
        await at.press("ctrl+c")
        assert "q quits" in at.message
        await at.press("q")
        assert at.pilot.app._exit


async def test_ctrl_l_draws_again() -> None:
    async with console() as at:
        await at.press("ctrl+l")
        assert at.pilot.app.is_running


async def test_a_console_that_may_only_look_has_no_dangerous_keys() -> None:
    async with console(FixedEngine(is_read_only=True)) as at:
        await at.press("r", "e", "d", "u", "a", "i")
        assert not at.screen.question.is_open
        assert at.engine.asked == []
        await at.press("question_mark")
        dangerous = {deed.sign for deed in DEEDS if deed.is_dangerous}
        assert dangerous.isdisjoint({sign for sign, _ in at.screen.help.keys})


async def test_the_selection_follows_its_session_when_rows_change() -> None:
    async with console() as at:
        one = await at.choose("Tier-1 suppliers")
        first = at.engine.catalog.listings[2]
        fewer = replace(first, sessions=first.sessions[1:])
        listings = tuple(
            fewer if listing is first else listing for listing in at.engine.catalog.listings
        )
        at.engine.catalog = replace(at.engine.catalog, listings=listings)
        before = at.screen.sessions.index
        at.screen.looking.wake()
        await at.until(lambda: at.screen.sessions.index == before - 1)
        assert at.session.key == one.key


async def test_a_look_that_fails_keeps_the_picture_and_says_how_old_it_is() -> None:
    async with console() as at:
        rows = at.screen.sessions.keys
        at.engine.problem = "buyers.db locked by the pipeline"
        at.engine.moment += timedelta(seconds=12)
        at.screen.looking.wake()
        await at.until(lambda: at.screen.trouble != "")
        top = "".join(cell.text for cell in at.screen.top_line.line)
        assert "stale 12s: buyers.db locked by the pipeline" in top
        assert at.screen.sessions.keys == rows


async def test_a_small_terminal_is_told_what_it_needs() -> None:
    async with console() as at:
        await at.pilot.resize_terminal(50, 10)
        await at.pilot.pause()
        line = "".join(cell.text for cell in at.screen.tiny.line)
        assert "needs 60x16, has 50x10" in line
        assert at.screen.tiny.region.area > 0
