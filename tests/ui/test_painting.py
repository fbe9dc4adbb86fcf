"""Panes paint only what changed and is visible, and nothing that acts on the terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.geometry import Region

from tests.support.console.fixed_catalog import NOW, ROOT, catalog, session, stream
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tests.support.console.lone_pane import alone, painted
from tests.support.hostile.payloads import PAYLOADS
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
from tui.ui.state.list_query import ListQuery
from tui.ui.widgets.live import LivePane
from tui.ui.widgets.pane import PaneSettings
from tui.ui.widgets.sessions import SessionsPane
from tui.view.panes.session_layout import ListShape

# What Textual, Rich or a format string could act on; what a terminal could, is in `PAYLOADS`.
MARKUP = ("[/red] [bold", "[@click=app.quit]x[/]", "{0} %s {x!r}", "\ud800")


class Recording(SessionsPane):
    """A pane that records which regions it asks to repaint."""

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.asked: list[Region] = []

    def refresh(self, *regions: Region, **options: Any) -> Recording:
        self.asked += regions
        return super().refresh(*regions, **options)


def _listing(count: int) -> Listing:
    many = tuple(session("hollis_park", "stage_1", f"title {number}") for number in range(count))
    return Listing("hollis_park", ROOT / "hollis_park", sessions=many)


def _recorded(count: int) -> Recording:
    pane = Recording(PaneSettings(id="sessions", quiet_after=timedelta(minutes=10)))
    shown = ListQuery(timedelta(minutes=10)).shown(
        Catalog(ROOT, NOW, listings=(_listing(count),)), NOW, {}
    )
    pane.update(shown, ListShape(80), NOW)
    return pane


async def test_a_cursor_key_paints_two_rows_and_a_tick_only_what_changed() -> None:
    pane = _recorded(50)
    pane.is_active = True
    async with alone(pane):
        painted(pane)
        pane.asked.clear()
        pane.move(1)
        assert [region.y for region in pane.asked] == [1, 2]
        painted(pane)
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
    async with console(engine, (120, 36)) as at:
        assert len(at.listed) == count
        page = sum("title " in row for row in at.rows("sessions"))
        await at.press("G", "k", "pageup")
        assert at.view.row == count - 2 - page


def _hostile(payload: str) -> Catalog:
    """Return a catalog as the core makes it: every text has been made safe."""
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


@pytest.mark.parametrize("payload", [*PAYLOADS.values(), *MARKUP])
async def test_no_text_acts_on_the_terminal_or_the_app(payload: str) -> None:
    said = safe_text(f"before {payload} after")
    engine = FixedEngine(
        catalog=_hostile(payload),
        stream=_entries(payload),
        diagnosis=Verdict(said, (said,), is_clear=False),
    )
    engine.sayings["stats"] = (said, said)
    async with console(engine, (120, 36)) as at:
        await at.choose_session(engine.catalog.listings[0].sessions[0].session_id)
        await at.until(lambda: "before" in at.text("live"))
        lines = at.rows()
        await at.press("a")
        await at.asked()
        lines += at.rows()
        await at.press("escape", "e", "escape", "1")
        lines += at.rows()
        await at.press("3", "question_mark")
        lines += at.rows()
        await at.press("escape", "colon", *"stats", "enter")
        await at.until(lambda: "after" in at.page)
        lines += at.rows()
        assert [line for line in lines if not line.isprintable()] == []
        assert any("before" in line and "after" in line for line in lines)
        assert at.exit_code is None
        assert "before" in at.screenshot()


@asynccontextmanager
async def streaming() -> AsyncIterator[LivePane]:
    """Show the Live pane alone, with a stream in it."""
    live = LivePane(PaneSettings(id="live", quiet_after=timedelta(minutes=10), follow_key="F"))
    async with alone(live):
        live.begin(session("hollis_park", "stage_1", "title"))
        live.add(StreamUpdate(entries=stream()))
        yield live


async def test_scrolled_up_the_stream_stays_and_counts_what_is_new() -> None:
    async with streaming() as live:
        live.scroll_lines(-3)
        top = live.top
        live.add(
            StreamUpdate(
                entries=tuple(Entry(EntryKind.TEXT, f"new {n}", at=NOW) for n in range(12))
            )
        )
        assert live.top == top
        assert live.note() == "paused, 12 new ↓"
        live.scroll_lines(100)
        assert live.is_following
        assert live.note() == ""


async def test_a_result_joins_its_call_and_resizing_keeps_it() -> None:
    async with console() as at:
        for width in (80, 120, 70):
            await at.resize(width, 50)
            assert "12 results   1.2s" in "\n".join(at.rows("live"))


async def test_another_transcript_replaces_what_was_shown() -> None:
    async with streaming() as live:
        live.add(StreamUpdate(entries=(Entry(EntryKind.TEXT, "afresh", at=NOW),), was_reset=True))
        shown = [row.strip() for row in painted(live)[1:]]
        assert next(line for line in shown if line) == "14:30 afresh"


async def test_a_long_stream_lets_go_of_its_oldest() -> None:
    async with streaming() as live:
        for start in range(0, 12_000, 1000):
            texts = (f"line {number}" for number in range(start, start + 1000))
            live.add(
                StreamUpdate(entries=tuple(Entry(EntryKind.TEXT, text, at=NOW) for text in texts))
            )
        assert live.count <= 5001
        assert "line 11999" in "".join(painted(live))
