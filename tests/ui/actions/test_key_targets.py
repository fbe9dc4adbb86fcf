"""A key acts only on what is visible in the active pane, or says why it does nothing."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import Console, console
from tui.core.console.pane_table import EXPIRY, LISTINGS, LIVE, PANES
from tui.core.models.catalog import Catalog
from tui.core.models.run import Run
from tui.core.models.session import Liveness, Session
from tui.operations.stream.follow import StreamUpdate
from tui.ui.actions.key_targets import NOT_SEEN_YET
from tui.ui.background import pollers

SIZES = [(80, 24), (120, 36)]
ACTING = ("r", "e", "d", "a", "i", "y", "space", "asterisk", ":delete", ":resume", ":rename x")


@dataclass
class HeldFollow(FixedFollow):
    """A stream that comes once `comes` is set."""

    comes: threading.Event = field(default_factory=threading.Event)

    def poll(self, session: Session) -> StreamUpdate:
        assert self.comes.wait(60)
        return super().poll(session)


def focused(at: Console) -> str:
    """Return the name of the part that takes the keys."""
    by_number = {row.number: row.name for row in PANES}
    return "page" if at.view.is_page_open else by_number[at.view.pane]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["r", "e", "d", "a", "i", "space", "asterisk"])
async def test_in_listings_no_session_key_acts_and_each_says_why(
    key: str, size: tuple[int, int]
) -> None:
    """Fails if the selection of Sessions counts whatever pane is active."""
    async with console(size=size) as at:
        await at.press("1", key)
        assert not at.view.is_question_open
        assert at.engine.asked == []
        assert at.view.marks == frozenset()
        assert at.message.startswith(("a listing is selected", "only sessions can be marked"))


@pytest.mark.parametrize("verb", ["delete", "resume", "extend 7", "rename x", "send hi", "fail"])
async def test_in_listings_a_verb_takes_no_session_that_is_not_named(verb: str) -> None:
    async with console() as at:
        await at.press("1")
        await at.enter(verb)
        await at.until(lambda: "a listing is selected" in at.text("bottom"))
        assert at.engine.asked == []


async def test_in_listings_new_and_clean_up_mean_the_listing_that_is_selected() -> None:
    async with console() as at:
        await at.choose_listing("hollis_park")
        await at.press("c")
        await at.asked()
        assert at.message.startswith("clean up hollis_park: ")
        await at.press("escape", "colon", *"new", "enter")
        await at.until(lambda: "new session in hollis_park" in at.message)
        await at.press("escape", "y")
        await at.until(lambda: "hollis_park" in at.message and "new session" not in at.message)


async def test_clean_up_of_everything_says_so() -> None:
    async with console() as at:
        await at.press("c")
        await at.asked()
        assert at.message.startswith(f"clean up all {len(at.engine.catalog.listings)} listings: ")


async def test_marks_that_a_filter_hides_do_not_act_and_are_counted() -> None:
    async with console() as at:
        hidden = await at.choose("First screen")
        await at.press("space")
        await at.press("slash", *"labels", "enter")
        await at.answered()
        await at.press("asterisk", "d")
        await at.asked()
        assert "(1 marked but hidden: left out)" in at.message
        count = len(at.view.shown)
        assert f"{count} sessions" in at.message
        await at.press("y" if count <= 5 else str(count), *(() if count <= 5 else ("enter",)))
        await at.answered()
        assert hidden.session_id not in {asked[1] for asked in at.engine.asked}
        assert at.view.marks == {hidden.key}


async def test_in_expiry_a_key_acts_on_the_line_that_is_selected_there_and_on_no_mark() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("space", "3", "j", "e")
        await at.asked()
        chosen = at.view.ending
        assert chosen is not None
        assert chosen.session_id[:8] in at.message
        assert "(1 marked but hidden: left out)" in at.message
        await at.press("7", "enter")
        await at.answered()
        assert {asked[1] for asked in at.engine.asked} == {chosen.session_id}


async def test_in_live_a_key_acts_on_the_stream_that_is_shown() -> None:
    """The selection may have moved on before the stream follows it."""
    async with console(size=(120, 36)) as at:
        await at.choose("Final list for the partner call")
        await at.until(lambda: at.view.live == at.view.session)
        read = at.session
        await at.burst("j", "4")
        assert at.session.key == read.key
        assert read.session_id[:4] in at.rows("live")[0]


@pytest.mark.parametrize("key", ["d", "r", "e", "y"])
async def test_in_live_a_key_waits_for_the_stream_that_came_meanwhile(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if a stream takes keys before the first frame that has its name, or at any frame."""
    monkeypatch.setattr(pollers, "READING_AFTER", 60.0)  # its name comes with it
    follower = HeldFollow(fixed_catalog.stream())
    follower.comes.set()
    async with console(FixedEngine(follower=follower), size=(120, 36)) as at:
        await at.choose("Final list for the partner call")
        await at.until(lambda: at.view.live == at.view.session)
        follower.comes.clear()
        await at.press("j", "4")
        with at.unpainted() as send_frame:
            follower.comes.set()
            await at.until(lambda: at.view.live == at.view.session)
            send_frame()
            await at.burst(key)
            assert at.message == NOT_SEEN_YET
            assert not at.view.is_question_open
        await at.press(key)
        if key != "y":
            await at.asked()
            assert at.about[0].session_id[:4] in at.rows("live")[0]


def on_top(catalog: Catalog) -> Catalog:
    """Return a catalog in which what came first needs nobody any more."""
    first = next(one for one in catalog.sessions if one.run and one.run.request)
    return with_session(catalog, first.key, run=None, liveness=Liveness.NONE)


@pytest.mark.parametrize("key", ["d", "r", "e", "space", "y"])
async def test_a_key_waits_for_a_row_that_came_to_the_top_by_itself(key: str) -> None:
    async with console() as at:
        first = at.session
        with at.unpainted() as send_frame:
            await at.look(on_top(at.engine.catalog))
            assert at.session.key != first.key
            send_frame()
            await at.burst(key)
            assert at.message == NOT_SEEN_YET
            assert not at.view.is_question_open
            assert at.view.marks == frozenset()
        await at.press("space")
        assert at.view.marks


async def test_keys_that_move_do_not_wait_and_what_they_select_is_acted_on() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("k")
        with at.unpainted():
            await at.burst("j", "d")
            assert at.view.is_question_open
        assert [one.title for one in at.about] == ["Final list for the partner call"]


async def test_a_verb_waits_for_a_row_that_came_by_itself_and_its_line_stays() -> None:
    async with console() as at:
        with at.unpainted():
            await at.look(on_top(at.engine.catalog))
            await at.burst("colon")
        await at.asked()
        await at.paste("rename x")
        await at.press("enter")
        await at.until(lambda: NOT_SEEN_YET in at.text("bottom"))
        assert (at.typed, at.engine.asked) == ("rename x", [])
        selected = at.session
        await at.press("enter")
        await at.answered()
        assert at.engine.asked == [("rename", selected.session_id, "x")]


async def test_under_a_page_no_verb_takes_what_it_covers() -> None:
    async with console() as at:
        await at.press("question_mark", "colon", *"delete", "enter")
        await at.until(lambda: "a page covers" in at.text("bottom"))
        assert at.engine.asked == []


@pytest.mark.parametrize("key", ["d", "e", "r"])
async def test_a_question_keeps_its_session_and_says_when_that_is_gone(key: str) -> None:
    async with console() as at:
        one = await at.choose("Final list for the partner call")
        await at.press(key)
        await at.asked()
        await at.look(without(at.engine.catalog, one.key))
        await at.until(lambda: "gone in the meantime" in at.rows("bottom")[0])
        await at.press("y" if key == "d" else "enter")
        await at.answered()
        assert at.engine.asked == []
        assert at.message.endswith("is gone in the meantime: nothing was done")


async def test_a_verb_keeps_the_session_that_was_selected_when_its_line_was_opened() -> None:
    async with console() as at:
        one = await at.choose("Final list for the partner call")
        await at.press("colon", *"delete")
        await at.look(without(at.engine.catalog, one.key))
        await at.press("enter")
        await at.until(lambda: "gone in the meantime" in at.text("bottom"))
        assert at.engine.asked == []


async def test_undo_asks_unless_its_words_are_still_in_sight() -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("d", "y")
        await at.answered()
        await at.press("s", "u")
        await at.asked()
        assert at.message.startswith("undo: delete ")


@pytest.mark.parametrize("verb", ["send", "model x", "mode plan"])
async def test_what_needs_a_run_is_refused_before_anything_is_typed(verb: str) -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("colon")
        await at.paste(verb)
        await at.press("enter")
        await at.until(lambda: "nothing is running here" in at.text("bottom"))
        assert at.typed == verb
        assert at.engine.asked == []


@pytest.mark.parametrize("key", ["r", "d", "i", "a"])
async def test_an_orphan_is_stopped_and_nothing_else(key: str) -> None:
    async with console() as at:
        one = await at.choose("PE platforms, DACH")
        await at.look(with_session(at.engine.catalog, one.key, liveness=Liveness.ORPHAN))
        await at.choose_session(one.session_id)
        await at.press(key)
        assert not at.view.is_question_open
        assert "runner died" in at.message
        assert "`:stop` ends it" in at.message
        await at.until(lambda: "runner died" in at.rows("live")[0])


async def test_what_is_typed_behind_a_key_that_was_refused_is_no_command() -> None:
    class Held(FixedEngine):
        def plan_resume(self, session: Session, *, is_fork: bool = False, at: str = "") -> Run:  # type: ignore[override]
            from tui.core.errors import Refused

            self.goes_on.wait(60)
            raise Refused("ben holds this root")

    async with console(Held()) as at:
        await at.choose("Final list for the partner call")
        await at.press("r", *"cd")
        await at.burst("enter")
        at.engine.goes_on.set()
        await at.answered()
        await at.pause(0.2)
        assert at.message == "ben holds this root"
        assert not at.view.is_question_open
        assert at.engine.asked == []


REFUSED = [
    ("e", "soon", "not a duration"),
    ("slash", "<soon", "not a duration"),
    ("c", "soonish", "not a duration"),
    ("colon", "nonsense", "no verb is called 'nonsense'"),
    ("colon rename enter", "refuse", "is locked"),
]


@pytest.mark.parametrize(("key", "wrong", "why"), REFUSED)
async def test_a_refused_answer_keeps_its_line_open(key: str, wrong: str, why: str) -> None:
    async with console() as at:
        one = await at.choose("First screen")
        at.engine.refusing = {one.session_id}
        for each in key.split():
            await at.press(*(each if each == "rename" else (each,)))
        await at.asked()
        await at.press("ctrl+u", *wrong, "enter")
        await at.until(lambda: why in at.text("bottom"))
        assert at.typed == wrong
        await at.press(*"+2d")
        assert at.typed == f"{wrong}+2d"
        assert at.engine.asked == []


async def test_a_refused_extension_keeps_its_line_open() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        at.engine.refusing = {one.session_id}
        await at.press("e", "7", "enter")
        await at.until(lambda: "is locked" in at.text("bottom"))
        await at.press("ctrl+u", *"+2d")
        assert at.typed == "+2d"
        at.engine.refusing = set()
        await at.press("enter")
        await at.answered()
        assert [asked[:2] for asked in at.engine.asked] == [("extend", one.session_id)]


KEYS = (
    *("1", "2", "3", "4", "tab", "j", "k", "G", "g", "enter", "escape", "s", "asterisk", "space"),
    *("d", "e", "r", "a", "i", "u", "y", "question_mark", "F", "exclamation_mark"),
)


class SlowFollow(FixedFollow):
    def poll(self, session: Session) -> StreamUpdate:
        time.sleep(int(session.session_id[:2], 16) / 2000)
        return super().poll(session)


class Slow(FixedEngine):
    """Streams come while keys are pressed."""

    def follow(self, session: Session) -> SlowFollow:
        return SlowFollow(self.stream)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_keys_are_pressed_what_they_act_on_was_painted_in_the_focused_pane(
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 (the same keys each time)
    async with console(Slow(), size=chance.choice(SIZES)) as at:
        for _ in range(60):
            key = chance.choice(KEYS)
            await at.until(lambda: bool(at.rows(focused(at))))
            with at.unpainted():  # what is painted before the key is what was looked at
                painted, pane = "\n".join(at.rows(focused(at))), at.view.pane
                marks = at.view.marks
                await at.burst(key)
            if await at.asked_or_over():
                about = at.about
                if key in "der" and len(about) == 1 and at.view.group is None:
                    named = (about[0].session_id[:4], about[0].title[:9])
                    assert about[0].key in marks or any(one in painted for one in named)
                if key in "derai":
                    assert pane != LISTINGS
                    assert pane not in (EXPIRY, LIVE) or len(about) == 1
                assert {one.key for one in about} <= (marks & at.view.shown) or (
                    len(about) == 1 or at.view.group is not None
                )
                await at.press("escape")
                await at.answered()
            if key in ("space", "asterisk") and pane != 2:
                assert at.view.marks == marks
            if chance.random() < 0.1 and at.view.is_in_panes and at.view.pane != LIVE:
                words = chance.choice(("", "live", "hvac", "nowhere"))
                await at.press("slash", "ctrl+u", *words, "enter")
                await at.answered()


async def test_a_session_without_a_row_is_not_extended_and_it_says_why() -> None:
    """Its expiry would be asked for, and then refused."""
    async with console() as at:
        session = await at.choose("Final list for the partner call")
        await at.press("e")
        await at.asked()
        await at.press("escape")
        await at.look(with_session(at.engine.catalog, session.key, row=None))
        await at.press("e")
        assert not at.view.is_question_open
        assert at.message == "it is not tracked: it has no expiry to extend"
        await at.enter("extend 7")
        await at.until(lambda: "is not tracked: it has no expiry" in at.text("bottom"))
        assert at.engine.asked == []
