"""The Live pane in full: paging, search, tools and entries, with little in memory."""

from __future__ import annotations

import asyncio
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.support.console.catalog_edits import with_session, without
from tests.support.console.fixed_catalog import NOW, session, stream
from tests.support.console.fixed_engine import FixedEngine, FixedFollow
from tests.support.console.harness import Console, console
from tests.support.console.lone_pane import alone, painted
from tui.core.console.keymap import keymap
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.session import Liveness, Session
from tui.operations.search.transcript_search import SearchHits
from tui.operations.stream.follow import StreamUpdate
from tui.runs.folder.protocol import PartialBlock
from tui.ui.background import pollers
from tui.ui.terminal import paint_throttle
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.prompt import PromptBar
from tui.view.stream.stream_buffer import MOST_ENTRIES
from tui.view.text.lines import Line

SETTINGS = PaneSettings(id="live", quiet_after=timedelta(minutes=10), follow_key="F")
LONG = tuple(Entry(EntryKind.TEXT, f"line {number}", at=NOW) for number in range(20_000))


class EndFollow(FixedFollow):
    """Starts near the end, as with a large file; the next poll returns `next`, if set."""

    next: StreamUpdate | None = None

    def poll(self, session: Session) -> StreamUpdate:
        if self.next is not None:
            update, self.next = self.next, None
            return update
        update, count = super().poll(session), len(self.entries)
        return replace(update, entries=update.entries[-300:], start=count - 300)

    def before(self, place: int, until: object) -> object:  # type: ignore[override]
        page = super().before(place, None)
        start = max(0, place - 300)
        return replace(page, entries=page.entries[start:], start=start)

    def after(self, place: int, stop: int, since: object) -> object:  # type: ignore[override]
        return super().after(place, min(stop, place + 300), None)


class UnreadFollow(EndFollow):
    """A stream of which some files cannot be read."""

    def seek(
        self,
        sought: str,
        told: Callable[[float], None],
        is_stopped: Callable[[], bool],
        known: SearchHits | None,
    ) -> SearchHits:
        places = array("Q", (at for at, one in enumerate(self.entries) if one.text == sought))
        unread = ("b1.txt cannot be read",)
        return SearchHits(
            sought=sought,
            places=places,
            size=20_000,
            unsearched=unread,
            unsearched_agents=("Survey: unread", *unread),
        )


class SlowFollow(EndFollow):
    """Searches until it is told to stop."""

    def seek(
        self,
        sought: str,
        told: Callable[[float], None],
        is_stopped: Callable[[], bool],
        known: SearchHits | None,
    ) -> SearchHits:
        told(0.43)
        while not is_stopped():
            time.sleep(0.01)
        return SearchHits(sought=sought, is_whole=False)


def shown(at: Console) -> str:
    """Return what is painted of the stream."""
    return "\n".join(at.rows("live"))


async def test_the_start_is_reached_and_the_end_again_with_little_in_memory() -> None:
    async with console(FixedEngine(follower=EndFollow(LONG)), size=(120, 36)) as at:
        await at.press("enter", "g")
        await at.until(lambda: "line 0 " in shown(at))
        assert at.view.reading == 0
        await at.press("G")
        await at.until(lambda: "line 19999" in shown(at))
        assert at.view.reading is None
        await at.press("pageup")
        assert "F follows" in at.rows("live")[0]


async def test_scrolling_up_reads_page_after_page_and_lets_go_of_the_other_side() -> None:
    async with console(FixedEngine(follower=EndFollow(LONG))) as at:
        await at.press("enter")
        seen = 20_000
        while seen > 15_500:
            await at.burst(*["pageup"] * 15)
            first = int(shown(at).split("line ")[1].split()[0])
            assert first <= seen
            seen = first
            assert at.entries <= MOST_ENTRIES + 300
        while at.view.reading is not None:
            await at.press("F")  # once more, as long as a page is being read
        await at.until(lambda: "line 19999" in shown(at))


async def test_what_comes_while_one_reads_far_up_is_counted_and_there_at_the_end() -> None:
    follower = EndFollow(LONG)
    async with console(FixedEngine(follower=follower), size=(120, 36)) as at:
        await at.press("enter", "g")
        await at.until(lambda: "line 0 " in shown(at))
        before = shown(at).split("\n", 1)[1]
        new = Entry(EntryKind.TEXT, "news", at=NOW, place=20_000)
        follower.next = StreamUpdate(entries=(new,), end=20_001)
        await at.until(lambda: "1 new ↓" in at.rows("live")[0])
        assert shown(at).split("\n", 1)[1] == before


async def test_a_search_goes_to_every_hit_wherever_it_is() -> None:
    async with console(FixedEngine(follower=EndFollow(LONG))) as at:
        await at.press("enter", "slash", *"line 777", "enter")
        await at.answered()
        assert at.message.endswith("of 11")
        await at.press("g")
        await at.until(lambda: "line 0 " in shown(at))
        for number in (777, 7770, 7771):
            await at.press("n")
            await at.answered()
            assert f"line {number} " in shown(at)
        await at.press("N")
        await at.answered()
        assert "line 7770" in shown(at)
        assert at.message == "2 of 11"
        await at.press("slash", "ctrl+u", *"nowhere", "enter")
        await at.answered()
        assert at.message == "nowhere is not there"


@pytest.mark.parametrize(("words", "found"), [("line 777", "1 of 1"), ("pumps", "")])
async def test_a_search_names_what_it_could_not_search(words: str, found: str) -> None:
    async with console(FixedEngine(follower=UnreadFollow(LONG))) as at:
        await at.press("enter", "slash", *words, "enter")
        await at.answered()
        said = found or "pumps is not in what could be read"
        assert at.message == f"{said}; not searched: b1.txt cannot be read, and 1 more"


async def test_a_search_says_how_far_it_is_and_esc_stops_it() -> None:
    async with console(FixedEngine(follower=SlowFollow(LONG))) as at:
        await at.press("enter", "slash", *"x", "enter")
        await at.until(lambda: at.message.startswith("searching 43% of"))
        assert "Esc: stop searching" in at.rows("bottom")[1]
        await at.press("escape")
        await at.answered()
        assert at.message == "search stopped at 43%"
        assert at.view.is_full
        await at.press("g")
        await at.until(lambda: "line 0 " in shown(at))


async def test_what_esc_does_stands_there_at_once_and_no_longer_than_that() -> None:
    question, done = PromptBar(PaneSettings(id="question")), asyncio.Future[None]()
    async with alone(question) as pilot:
        question.hold()
        await pilot.pause()
        assert painted(question)[1].strip() == "..."
        waiting = asyncio.create_task(question.wait_for(done, lambda: "it", lambda _: None))
        await asyncio.sleep(0)  # it has begun, and says nothing yet
        assert "continue in background" in painted(question)[1]
        done.set_result(None)
        await waiting
        assert "continue in background" not in painted(question)[1]


async def test_a_transcript_that_was_replaced_is_searched_again_and_one_is_told() -> None:
    follower = EndFollow(LONG)
    async with console(FixedEngine(follower=follower)) as at:
        await at.press("enter", "slash", *"line 777", "enter")
        await at.answered()
        at.say("")
        follower.entries = (Entry(EntryKind.TEXT, "other", at=NOW), LONG[777])
        said = ("the transcript was replaced",)
        follower.next = StreamUpdate(was_reset=True, notices=said, end=2)
        await at.until(lambda: at.message == "the transcript was replaced")
        await at.press("n")
        await at.answered()
        assert at.message == "1 of 1"


async def test_full_live_is_left_when_what_one_reads_is_deleted() -> None:
    async with console() as at:
        one = await at.choose("First screen")
        await at.until(lambda: at.view.live == one)
        await at.press("enter")
        await at.look(without(at.engine.catalog, one.key))
        said = f"{one.session_id[:8]} is gone: its transcript was deleted"
        await at.until(lambda: at.message == said)
        assert (at.view.is_full, at.view.pane) == (False, 2)


async def test_what_one_reads_in_full_stays_when_the_filter_lets_go_of_it() -> None:
    """Otherwise another stream would replace the one being read, or be selected behind it."""
    async with console() as at:
        await at.press("slash", *"live", "enter")
        await at.answered()
        one = at.session
        await at.press("enter", "k")
        still = replace(one, liveness=Liveness.NONE, run=None)
        ended = with_session(at.engine.catalog, one.key, liveness=Liveness.NONE, run=None)
        at.say("")
        await at.look(ended)
        short = one.session_id[:8]
        said = f"{short} no longer matches the filter: it stays until the selection moves"
        await at.until(lambda: at.message == said)
        assert at.view.is_full
        assert at.session == at.view.live == still
        assert at.targets.all == (still,)
        at.say("")
        await at.look(replace(ended))
        for _ in range(4):
            at.tick()
        assert at.message == ""
        await at.press("escape")
        at.tick(seconds=20)
        assert not at.view.is_full
        assert at.session.key == at.listed[at.view.row] == one.key
        await at.press("j")
        at.tick()
        assert one.key not in at.listed


async def test_what_one_reads_in_full_stays_in_another_order_although_the_filter_let_go() -> None:
    async with console() as at:
        await at.press("slash", *"live", "enter")
        await at.answered()
        key = at.session.key
        await at.press("enter")
        await at.look(with_session(at.engine.catalog, key, liveness=Liveness.NONE, run=None))
        await at.enter("sort size")
        await at.answered()
        at.tick()
        assert at.view.is_full
        assert at.session.key == key
        assert at.view.live == at.session
        await at.press("escape")
        assert at.session.key == key


async def test_a_view_that_is_asked_for_in_full_live_shows_its_rows() -> None:
    """The pane out of sight had rows above its first one, and the console ended."""
    async with console() as at:
        await at.choose("First screen")
        await at.press("enter")
        await at.enter("view running")
        await at.answered()
        assert not at.view.is_full
        assert at.view.row == 0
        assert "PE platforms, DACH" in at.text("sessions")


class HeldFollow(FixedFollow):
    """A stream whose disk does not answer before `goes_on` is set."""

    goes_on = threading.Event()

    def poll(self, session: Session) -> StreamUpdate:
        self.goes_on.wait(60)
        return super().poll(session)


async def test_a_search_before_the_stream_is_read_says_so() -> None:
    async with console() as at:
        at.engine.follower = held = HeldFollow(stream())
        await at.choose("PE platforms, DACH")
        await at.press("enter", "slash", *"industrial", "enter")
        await at.answered()
        assert at.message == "nothing was searched: no stream is read yet"
        held.goes_on.set()


async def test_full_live_that_followed_follows_again_once_it_is_left() -> None:
    """After a search it stood still for good, behind a heading that nobody read."""
    async with console(FixedEngine(follower=FixedFollow(stream()))) as at:
        await at.choose("PE platforms, DACH")
        await at.press("enter")
        await at.until(lambda: "Short list" in shown(at))
        await at.press("slash")
        await at.asked()
        await at.press(*"industrial", "enter")
        await at.answered()
        await at.until(lambda: "paused: F follows" in at.rows("live")[0])
        await at.press("escape")
        assert not at.view.is_full
        assert at.view.reading is None
        assert "paused" not in at.rows("live")[0]
        await at.press("4", "k", "enter", "G", "k", "escape", "4")
        assert "paused: F follows" in at.rows("live")[0]


async def test_enter_in_live_opens_what_live_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It opened the session selected in Sessions, also where Live still shows another."""
    async with console() as at:
        read = await at.choose("First screen")
        await at.until(lambda: at.view.live is not None and at.view.live.key == read.key)
        monkeypatch.setattr(pollers, "DEBOUNCE", 1e6)
        other = await at.choose("PE platforms, DACH")
        await at.press("4", "enter")
        assert (at.view.is_full, at.view.live and at.view.live.key) == (True, read.key)
        await at.press("escape")
        assert at.session.key == other.key


async def test_a_session_that_only_begins_is_not_opened() -> None:
    """It opened the one selected before; without the guard, "its transcript was deleted"."""
    async with console(FixedEngine(slow={"start"})) as at:
        await at.enter("new hollis_park --stage stage_2")
        await at.asked()
        await at.press(*"Go", "enter")
        at.engine.goes_on.set()
        await at.answered()
        await at.press("4", "enter")
        assert not at.view.is_full
        assert at.message == "this session is only beginning: it opens once it is there"


@pytest.mark.parametrize("has_left", [False, True])
async def test_a_verb_in_full_live_takes_what_is_read_and_no_mark(has_left: bool) -> None:
    async with console() as at:
        await at.choose("First screen")
        await at.press("space", "slash", *"live", "enter")
        await at.answered()
        await at.press("enter")
        one = at.session
        assert len(at.view.marks - at.view.shown) == 1
        if has_left:
            ended = with_session(at.engine.catalog, one.key, liveness=Liveness.NONE, run=None)
            await at.look(ended)
            at.tick()
        assert (at.targets.all, at.targets.hidden) == ((at.session,), 0)
        await at.press("colon", *"extend 30", "enter")
        await at.answered()
        assert [asked[:2] for asked in at.engine.asked] == [("extend", one.session_id)]


async def test_enter_reads_what_is_selected_and_not_what_was_followed_before() -> None:
    async with console() as at:
        before = at.session
        await at.burst("j", "enter")
        assert at.session != before
        await at.until(lambda: at.view.live == at.session)
        assert at.view.is_full


async def test_the_sign_of_the_key_that_follows_is_the_operators_own() -> None:
    keys = keymap({"follow": "ctrl+e"}, ())
    async with console(FixedEngine(keys=keys), size=(120, 36)) as at:
        await at.press("4", "k")
        assert "^E follows" in at.rows("live")[0]


async def test_the_title_names_pane_listing_stage_and_session_at_the_smallest_size() -> None:
    async with console() as at:
        first, _, _ = shown(at).partition("\n")
        assert "4 Live  cranbury…_dunwell  stage 3  264b  anna  ? waiting  ctx" in first
    async with console(size=(140, 36)) as at:
        first, _, _ = shown(at).partition("\n")
        assert "4 Live  cranbury_and_dunwell  stage 3  264bcd11  anna" in first
        assert "$3.10+  sonnet-4-5 " in first


async def test_a_hit_in_what_is_folded_opens_it() -> None:
    entries = stream()
    call = next(one for one in entries if one.tool == "WebSearch")
    hidden = replace(call, detail='{"query": "a hidden word"}')
    engine = FixedEngine(stream=tuple(hidden if one is call else one for one in entries))
    async with console(engine) as at:
        await at.press("enter")
        assert "hidden" not in shown(at)
        await at.press("slash", *"hidden", "enter")
        await at.answered()
        assert "query: a hidden word" in shown(at)


async def test_enter_opens_the_entry_that_is_marked_and_folds_it_again() -> None:
    call = Entry(EntryKind.TOOL, "ls", at=NOW, tool="Bash", tool_id="t", detail='{"command": "ls"}')
    result = Entry(EntryKind.RESULT, "2 lines", at=NOW, tool_id="t", detail="one\ntwo")
    engine = FixedEngine(stream=(call, result, Entry(EntryKind.TEXT, "Done.", at=NOW)))
    async with console(engine) as at:
        await at.press("enter", "left_square_bracket")
        assert "│ two" not in shown(at)
        await at.press("enter")
        assert "│ two" in shown(at)
        await at.press("enter")
        assert "│ two" not in shown(at)
        assert at.view.is_full
        await at.press("y")
        await at.until(lambda: "sent to" in at.message)
        assert at.clipboard == 'Bash\n{"command": "ls"}\none\ntwo'
        await at.press("right_square_bracket", "y")
        await at.until(lambda: at.clipboard == "Done.")


async def test_tools_are_short_in_full_or_off() -> None:
    async with console() as at:
        await at.press("enter", "t")
        assert at.message == "tools full"
        assert "└─" in shown(at)
        await at.press("t")
        assert "WebSearch" not in shown(at)
        await at.press("t")
        assert at.message == "tools short"


async def test_over_ssh_words_are_painted_as_the_line_can_carry_them() -> None:
    live = LivePane(replace(SETTINGS, is_remote=True))
    async with alone(live) as pilot:
        live.begin(session("hollis_park", "stage_1", "title"))
        live.add(StreamUpdate(entries=stream()))
        await pilot.pause(1.2)
        pictures, began = list[list[Line]](), time.monotonic()
        for number in range(40):
            partial = PartialBlock(message_id="m", index=0, kind="text", text=f"word {number}")
            live.add(StreamUpdate(partial=partial, end=live.known_end))
            await pilot.pause(0.02)
            pictures.append([live.body_line(y) for y in range(live.body_height)])
        passed = time.monotonic() - began
        paints = sum(one != other for one, other in pairwise(pictures))
        assert 1 <= paints <= passed / 0.25 + 1
        live.add(
            StreamUpdate(entries=(Entry(EntryKind.TEXT, "whole", at=NOW),), end=live.known_end)
        )
        assert "whole" in "".join(painted(live))


async def test_over_ssh_the_first_words_of_a_message_wait_for_no_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paint_throttle, "_LEAST_S", 60.0)
    live = LivePane(replace(SETTINGS, is_remote=True))
    async with alone(live):
        live.begin(session("hollis_park", "stage_1", "title"))
        live.add(StreamUpdate(entries=stream()))
        for message_id, word in (("one", "Few"), ("two", "Many")):
            partial = PartialBlock(message_id=message_id, index=0, kind="text", text=word)
            live.add(StreamUpdate(partial=partial, end=live.known_end))
            assert word in "".join(painted(live))
            partial = replace(partial, text=f"{word} more")
            live.add(StreamUpdate(partial=partial, end=live.known_end))
            assert f"{word} more" not in "".join(painted(live))


async def test_a_pane_alone_needs_no_screen_to_forget() -> None:
    pane = LivePane(SETTINGS)
    assert pane.entry == (None, None)
    assert pane.place == -1


class AsideFollow(FixedFollow):
    """Sub-agents speak once a search has found the call, as when a page has been read."""

    seen = False

    def poll(self, session: Session) -> StreamUpdate:
        update = super().poll(session)
        if not self.seen:
            return update
        said = Entry(EntryKind.TEXT, "the valves are told aside", at=NOW, is_sidechain=True)
        lines = tuple(replace(said, text=f"step {number}") for number in range(60))
        self.seen = False
        return replace(update, asides={"t1": (*lines, said)})

    def seek(
        self,
        sought: str,
        told: Callable[[float], None],
        is_stopped: Callable[[], bool],
        known: SearchHits | None,
    ) -> SearchHits:
        self.seen = True
        return SearchHits(sought=sought, places=array("Q", [50]), size=len(self.entries))


async def test_a_search_brings_a_sub_agent_s_words_in_sight_once_they_are_read() -> None:
    call = Entry(EntryKind.TOOL, "look", at=NOW, tool="Agent", tool_id="t1")
    async with console(FixedEngine(follower=AsideFollow((*LONG[:50], call, *LONG[50:300])))) as at:
        await at.press("enter", "slash", *"the valves", "enter")
        await at.until(lambda: "the valves are told aside" in shown(at))
        await at.until(lambda: at.message == "1 of 1")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_page_over_the_stream_leaves_it_where_it_was_read(size: tuple[int, int]) -> None:
    async with console(FixedEngine(follower=EndFollow(LONG)), size) as at:
        await at.press("enter", "slash", *"line 777", "enter")
        await at.answered()
        before = at.rows("live")
        await at.press("question_mark")
        await at.until(lambda: at.view.is_page_open)
        at.tick()
        await at.press("escape")
        await at.until(lambda: at.rows("live") == before)
