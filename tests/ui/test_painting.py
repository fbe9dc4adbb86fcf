"""What the panes paint: only what changed, only what is in sight, and never what acts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen

from tests.make_screenshots import settled
from tests.support.console.fixed_catalog import NOW, ROOT, catalog, session
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console
from tui.core.models.catalog import Catalog, Hold, Listing
from tui.core.models.entry import Entry, EntryKind
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.row import Status
from tui.core.models.run import Run
from tui.core.models.session import Acknowledgement
from tui.core.models.verdict import Verdict
from tui.core.sessions.attention import Need, mark_of
from tui.core.text.safe_text import safe_text
from tui.operations.stream.follow import StreamUpdate
from tui.ui.app import ConsoleApp
from tui.ui.screen import ConsoleScreen
from tui.ui.state.list_query import ListQuery
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.ui.widgets.sessions import SessionsPane
from tui.view.panes import sessions

PAYLOADS = (
    "[/red] [bold", "[@click=app.quit]x[/]", "\x1b]52;c;AAAA\x07", "\x1b[2J\x1b[H", "\x9b31m",
    "\x1b]0;title\x1b\\", "\x1bP+q544e\x1b\\", "a\u202eb\u200bc", "\x00\x07\x08\r\n", "\ud800",
    "{0} %s {x!r}", "\u2028\u2029",
)  # fmt: skip


def _screen(app: ConsoleApp) -> ConsoleScreen:
    screen = app.screen
    assert isinstance(screen, ConsoleScreen)
    return screen


class Recording(SessionsPane):
    """A pane that writes down what it asks to have painted."""

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.asked: list[Region] = []

    def refresh(self, *regions: Region, **options: Any) -> Recording:
        self.asked += regions
        return super().refresh(*regions, **options)


class Bare(App[None]):
    """An app whose screen is empty, and has the styles of the cells."""

    class Empty(Screen[None]):
        COMPONENT_CLASSES: ClassVar[set[str]] = ConsoleScreen.COMPONENT_CLASSES

    def get_default_screen(self) -> Screen[None]:
        return self.Empty()


def _listing(count: int) -> Listing:
    many = tuple(session("hollis_park", "stage_1", f"title {number}") for number in range(count))
    return Listing("hollis_park", ROOT / "hollis_park", sessions=many)


async def _recorded(count: int) -> Recording:
    pane = Recording(PaneSettings(id="sessions", quiet_after=timedelta(minutes=10)))
    shown = ListQuery(timedelta(minutes=10)).shown(
        Catalog(ROOT, NOW, listings=(_listing(count),)), NOW, {}
    )
    pane.update(shown, sessions.ListShape(80), NOW)
    return pane


async def _paint(pane: Pane) -> None:
    for y in range(pane.size.height):
        pane.render_line(y)


async def test_a_cursor_key_paints_two_rows_and_a_tick_only_what_changed() -> None:
    pane = await _recorded(50)

    app = Bare()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.screen.mount(pane)
        pane.is_active = True
        await pilot.pause()
        await _paint(pane)
        pane.asked.clear()
        pane.move(1)
        assert [region.y for region in pane.asked] == [1, 2]
        await _paint(pane)
        pane.asked.clear()
        shown = tuple(pane.sessions.values())
        pane.update(shown, pane.shape, NOW + timedelta(minutes=1))
        assert pane.asked == []
        pane.update(shown, pane.shape, NOW + timedelta(hours=4))
        assert {region.height for region in pane.asked} == {1}
        assert len(pane.asked) == pane.page


@pytest.mark.parametrize("count", [10_000])
async def test_ten_thousand_rows_are_shown_and_walked_at_once(count: int) -> None:
    engine = FixedEngine(catalog=Catalog(ROOT, NOW, listings=(_listing(count),)))
    app = ConsoleApp(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen = _screen(app)
        assert len(screen.panes.sessions.keys) == count
        await pilot.press("G", "k", "pageup")
        assert screen.panes.sessions.index == count - 2 - screen.panes.sessions.page


def _hostile(payload: str) -> Catalog:
    """A catalog as the core makes it: every text has passed the boundary."""
    text = safe_text(f"before {payload} after")
    one = session(text, text, text, reason=text, model=text, waiting_for=text)
    failed = tuple(
        session(text, text, f"{number}", reason=text, status=Status.FAILED) for number in range(4)
    )
    seen = replace(failed[0], ack=Acknowledgement(text, NOW, mark_of(failed[0], Need.FAILED)))
    request = PermissionRequest(request_id="1", tool=text, input={"command": text}, at=NOW)
    run = Run(
        run_id=text,
        session_id=one.session_id,
        listing=text,
        folder=ROOT,
        state="waiting",
        operator=text,
        started_at=NOW,
        beat_at=NOW,
        request=request,
    )
    sessions = (replace(one, run=run), seen, *failed[1:])
    listing = Listing(text, ROOT, sessions=sessions, problem=text, zone=text)
    gone = Listing(f"{text} gone", ROOT, problem=text, is_vanished=True)
    return Catalog(
        ROOT, NOW, listings=(listing, gone, *catalog().listings), hold=Hold(text, NOW, text)
    )


def _entries(payload: str) -> tuple[Entry, ...]:
    text = safe_text(f"before {payload} after")
    return tuple(
        Entry(kind, text, at=NOW, tool=text, tool_id="1", detail=text, is_error=True)
        for kind in EntryKind
    )


def _shown(screen: ConsoleScreen) -> Iterator[str]:
    for pane in screen.query(Pane):
        for y in range(pane.size.height):
            yield pane.render_line(y).text


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_no_text_acts_on_the_terminal_or_the_app(payload: str) -> None:
    said = safe_text(f"before {payload} after")
    engine = FixedEngine(
        catalog=_hostile(payload),
        stream=_entries(payload),
        diagnosis=Verdict(said, (said,), is_clear=False),
    )
    engine.sayings["stats"] = (said, said)
    app = ConsoleApp(engine)
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        screen, at = _screen(app), Console(pilot, engine)
        screen.panes.sessions.select(engine.catalog.listings[0].sessions[0].key)
        await at.until(lambda: any("before" in line for line in _shown(screen)))
        await at.press("a")
        await at.asked()
        lines = list(_shown(screen))
        await at.press("escape", "e", "escape", "1", "3", "question_mark")
        lines += _shown(screen)
        await at.press("escape", "colon", *"stats", "enter")
        await at.until(lambda: screen.panes.page.is_open and "after" in at.shown(screen.panes.page))
        lines += _shown(screen)
        assert all(line.isprintable() for line in lines), [x for x in lines if not x.isprintable()]
        assert any("before" in line and "after" in line for line in lines)
        assert app.is_running
        app.export_screenshot()


async def test_scrolled_up_the_stream_stays_and_counts_what_is_new() -> None:
    app = ConsoleApp(FixedEngine())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        live = _screen(app).panes.live
        live.scroll_lines(-3)
        top = live.top
        live.add(
            StreamUpdate(
                entries=tuple(Entry(EntryKind.TEXT, f"new {n}", at=NOW) for n in range(12))
            )
        )
        assert live.top == top
        assert live.note() == "12 new ↓"
        live.scroll_lines(100)
        assert live.is_following
        assert live.note() == ""


async def test_a_result_joins_its_call_and_resizing_keeps_it() -> None:
    app = ConsoleApp(FixedEngine())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        live = _screen(app).panes.live
        for width in (80, 120, 70):
            await pilot.resize_terminal(width, 50)
            await pilot.pause()
            shown = "\n".join(live.render_line(y).text for y in range(live.size.height))
            assert "12 results   1.2s" in shown


async def test_another_transcript_replaces_what_was_shown() -> None:
    app = ConsoleApp(FixedEngine())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        live = _screen(app).panes.live
        live.add(StreamUpdate(entries=(Entry(EntryKind.TEXT, "afresh", at=NOW),), was_reset=True))
        shown = [live.render_line(y).text.strip() for y in range(1, live.size.height)]
        assert next(line for line in shown if line) == "14:30 afresh"


async def test_a_long_stream_lets_go_of_its_oldest() -> None:
    app = ConsoleApp(FixedEngine())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        live = _screen(app).panes.live
        for start in range(0, 12_000, 1000):
            texts = (f"line {number}" for number in range(start, start + 1000))
            live.add(
                StreamUpdate(entries=tuple(Entry(EntryKind.TEXT, text, at=NOW) for text in texts))
            )
        assert live.count <= 5001
        assert "line 11999" in "".join(live.render_line(y).text for y in range(live.size.height))
