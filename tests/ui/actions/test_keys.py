"""The keys that move, look and leave do what the help says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.console.catalog_edits import with_listing, with_session, without
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.console.key_table import KEY_ACTIONS
from tui.core.console.keymap import KEYS, Keymap
from tui.core.console.pane_table import EXPIRY, LISTINGS, LIVE, SESSIONS
from tui.core.models.catalog import Catalog
from tui.core.models.session import Liveness


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
        assert at.view.row == range(len(at.listed))[row]


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
        assert at.view.pane == pane
        shown = {LISTINGS: "listings", SESSIONS: "sessions", EXPIRY: "expiry", LIVE: "live"}
        assert at.rows(shown[pane])


async def test_enter_and_escape_go_in_and_back() -> None:
    async with console() as at:
        await at.press("1", "j", "j", "enter")
        name = "beacon_packaging"
        assert (at.view.pane, at.view.query.listing) == (SESSIONS, name)
        assert {listing for listing, _ in at.view.shown} == {name}
        await at.press("enter")
        assert at.view.is_full
        assert len(at.rows("live")) > 18
        await at.press("escape")
        assert not at.view.is_full
        await at.press("escape")
        assert at.view.query.listing == ""


async def test_enter_in_expiry_goes_to_the_session() -> None:
    async with console() as at:
        await at.press("3", "j", "j")
        wanted = at.session.key
        await at.press("enter")
        assert at.view.pane == SESSIONS
        assert at.session.key == wanted


async def test_the_session_keys_are_off_in_the_full_live() -> None:
    async with console() as at:
        await at.press("enter")
        for key in "dec":
            at.say("")
            await at.press(key)
            assert not at.view.is_question_open
            assert at.message == "not in full-screen Live: Esc goes back to the panes"
        assert at.view.is_full
        await at.press("q")
        assert not at.view.is_full


async def test_the_filter_narrows_and_escape_clears_it() -> None:
    async with console() as at:
        everything = len(at.listed)
        await at.press("slash", *"failed castings", "enter")
        await at.answered()
        (found,) = [one for one in at.engine.catalog.sessions if one.key in at.view.shown]
        assert (found.title, found.status) == ("Castings, second pass", "failed")
        await at.press("slash", "ctrl+u", *"nowhere", "enter")
        await at.answered()
        assert at.listed == ()
        assert "hides every" in at.text("sessions")
        await at.press("escape")
        assert len(at.listed) == everything


@pytest.mark.parametrize("keys", [(), ("4",), ("asterisk",)])
async def test_one_escape_clears_a_filter_that_hides_everything(keys: tuple[str, ...]) -> None:
    async with console() as at:
        everything = at.listed
        await at.press(*(key for key in keys if key == "asterisk"), "slash", *"nowhere", "enter")
        await at.answered()
        await at.press(*(key for key in keys if key != "asterisk"), "escape")
        assert (at.view.query.filter, at.listed) == ("", everything)


async def test_a_wrong_filter_is_named_and_changes_nothing() -> None:
    async with console() as at:
        everything = at.listed
        await at.press("slash", *"<soon", "enter")
        await at.until(lambda: "not a duration" in at.text("bottom"))
        assert at.listed == everything
        await at.press("ctrl+u", *"live", "enter")
        await at.answered()
        assert at.view.query.filter == "live"


async def test_sort_goes_round() -> None:
    async with console() as at:
        kept = at.session.key
        await at.press("s")
        assert at.view.query.sort == "ends"
        assert at.session.key == kept
        await at.press(*("s" * 5))
        assert at.view.query.sort == "attention"


async def test_follow_stops_when_one_scrolls_up_and_goes_on_again() -> None:
    async with console() as at:
        await at.press("4", "k")
        assert "F follows" in at.rows("live")[0]
        await at.press("F")
        assert "sort -u candidates.csv" in at.text("live")
        assert "follows" not in at.rows("live")[0]
        await at.press("g")
        assert "Find strategic buyers" in at.rows("live")[1]
        await at.press("G")
        assert at.view.reading is None


async def test_copying_shows_what_was_copied() -> None:
    async with console() as at:
        await at.press("y")
        await at.until(lambda: at.session.session_id in at.message)
        await at.press("Y")
        await at.until(lambda: f"show {at.session.address}" in at.message)


async def test_help_names_every_live_binding() -> None:
    async with console() as at:
        await at.press("question_mark")
        shown = at.page
        assert all(
            f" {Keymap().signs(action.name)}  {action.help}" in shown for action in KEY_ACTIONS
        )
        assert all(f" {verb.name}  {verb.summary[:60]}" in shown for verb in at.engine.verbs)
        await at.press("d")
        assert not at.view.is_question_open
        await at.press("question_mark")
        assert not at.view.is_page_open


async def test_q_quits_and_ctrl_c_says_how() -> None:
    async with console() as at:
        await at.press("ctrl+c")
        assert "q quits" in at.message
        await at.press("q")
        assert at.exit_code == 0


async def test_ctrl_l_draws_again() -> None:
    async with console() as at:
        await at.press("ctrl+l")
        assert at.exit_code is None


async def test_a_console_that_may_only_look_has_no_dangerous_keys() -> None:
    async with console(FixedEngine(is_read_only=True)) as at:
        for action in (action for action in KEY_ACTIONS if action.changes):
            at.say("")
            await at.press(KEYS[action.name][0])
            assert not at.view.is_question_open
            assert at.message == f"this console is read-only: it does not {action.word}"
        assert at.engine.asked == []
        assert "delete" not in "".join(at.rows("bottom"))
        await at.press("question_mark")
        assert at.page.count("this console is read-only") >= 7


@pytest.mark.parametrize("is_moved", [False, True])
async def test_until_it_is_moved_the_selection_stays_on_top(is_moved: bool) -> None:
    async with console() as at:
        top = at.session
        if is_moved:
            await at.press("j", "k")
        await at.look(with_session(at.engine.catalog, top.key, liveness=Liveness.NONE))
        at.tick(seconds=10)
        await at.until(lambda: at.listed[0] != top.key)
        assert (at.session.key == top.key) is is_moved


async def test_the_selection_follows_its_session_when_rows_change() -> None:
    async with console() as at:
        one = await at.choose("Tier-1 suppliers")
        first = at.engine.catalog.listings[2]
        before = at.view.row
        await at.look(without(at.engine.catalog, first.sessions[0].key))
        await at.until(lambda: at.view.row == before - 1)
        assert at.session.key == one.key


@pytest.mark.parametrize(
    ("size", "why"),
    [
        ((120, 36), "stale 12s: buyers.db locked by the pipeline"),
        ((80, 24), "stale 12s: buyers.db lock~"),
    ],
)
async def test_a_look_that_fails_keeps_the_picture_and_says_how_old_it_is(
    size: tuple[int, int], why: str
) -> None:
    async with console(size=size) as at:
        rows = at.listed
        at.engine.problem = "buyers.db locked by the pipeline"
        at.engine.moment += timedelta(seconds=12)
        await at.look()
        await at.until(lambda: why in at.top)
        assert "5 failed" in at.top
        assert at.listed == rows


async def test_a_listing_that_cannot_be_read_says_so_while_it_is_chosen() -> None:
    async with console() as at:
        await at.choose_listing("moss_end")
        await at.press("enter")
        rows = [row.strip() for row in at.rows("sessions")]
        assert rows[1:3] == [
            "moss_end: buyers.db is not a SQLite database",
            ":doctor says what to do",
        ]
        assert "moss_end unreadable" in at.top
        await at.choose_listing("norton_mills")
        await at.press("enter")
        assert ":ack norton_mills removes it" in at.text("sessions")


async def test_the_selection_in_a_stale_listing_says_so_at_once() -> None:
    async with console() as at:
        stale = with_listing(
            at.engine.catalog, "hollis_park", is_stale=True, problem="db is locked"
        )
        await at.look(stale)
        for title, is_said in (("PE platforms, DACH", True), ("First screen", False)):
            await at.choose(title)
            assert ("hollis_park stale" in at.top) is is_said


async def test_a_small_terminal_is_told_what_it_needs() -> None:
    async with console() as at:
        await at.resize(50, 10)
        assert "needs 60x16, has 50x10" in at.rows("tiny")[0]


async def test_on_a_screen_too_small_to_see_nothing_acts_but_leaving() -> None:
    async with console(size=(80, 24)) as at:
        await at.choose("First screen")
        await at.resize(50, 10)
        await at.press("d", "y")
        assert not at.view.is_question_open
        assert at.engine.asked == []


async def test_a_question_survives_a_screen_that_was_too_small_for_it() -> None:
    async with console(size=(80, 24)) as at:
        one = await at.choose("First screen")
        await at.press("d")
        await at.asked()
        await at.resize(50, 10)
        await at.resize(80, 24)
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("delete", one.session_id)]


async def test_enter_in_expiry_takes_off_the_filter_that_hides_the_session() -> None:
    async with console() as at:
        await at.press("slash", *"hvac", "enter")
        await at.answered()
        await at.press("3", "g", "enter")
        assert at.view.pane == SESSIONS
        assert at.view.query.filter == ""
        assert at.session == at.view.ending
        assert "cleared" in at.message


async def test_at_80_columns_the_head_says_what_hides_rows() -> None:
    async with console() as at:
        await at.press("slash", *"hvac", "enter")
        await at.answered()
        await at.press("space")
        head = at.rows("sessions")[0]
        assert "1 marked" in head
        assert "/hvac" in head


async def test_q_in_a_pane_that_covers_the_screen_goes_back() -> None:
    async with console() as at:
        await at.press("3", "q")
        assert at.view.pane == SESSIONS
        assert at.exit_code is None


async def test_a_root_that_vanishes_leaves_the_last_picture() -> None:
    async with console() as at:
        shown = at.listed
        at.engine.catalog = Catalog(at.engine.root, at.engine.moment, problem="there is no folder")
        await at.look()
        await at.until(lambda: "there is no folder" in at.top)
        assert at.listed == shown
