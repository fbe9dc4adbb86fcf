"""Answering in the line: all that is asked in sight, the questions in turn, and the bell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fixed_catalog import NOW, catalog
from tests.fixed_engine import FixedEngine
from tests.piloted import Console, console
from tui.core.models import Catalog, Liveness, Request, Session
from tui.ui.bell import Bell

TITLE = "Strategic buyers, pumps"
EDIT = {"file_path": "list.md", "old_string": "a\nb", "new_string": "a\nc"}
QUESTIONS = [
    {"question": "Which region?", "options": [{"label": "Europe"}, {"label": "Asia"}]},
    {"question": "Which ones?", "multiSelect": True, "options": [{"label": "Big"}]},
]


def asking(tool: str, given: dict[str, Any]) -> FixedEngine:
    """Return an engine whose one waiting session asks for that."""

    def changed(session: Session) -> Session:
        if session.run is None or session.run.request is None:
            return session
        request = Request("p7", tool, given, NOW)
        return replace(session, run=replace(session.run, request=request))

    known = catalog()
    listings = (
        replace(one, sessions=tuple(changed(session) for session in one.sessions))
        for one in known.listings
    )
    return FixedEngine(catalog=replace(known, listings=tuple(listings)))


def line(at: Console) -> str:
    return "".join(cell.text for cell in at.screen.question.line_at(0))


async def test_an_edit_is_shown_as_a_diff_whole_before_it_is_allowed() -> None:
    async with console(asking("Edit", EDIT)) as at:
        one = await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        assert "Edit list.md" in at.message
        await at.press("l")
        await at.until(lambda: at.screen.page.is_open)
        assert "-b\n" in at.shown(at.screen.page) + "\n"
        assert "+c" in at.shown(at.screen.page)
        await at.press("q")
        await at.asked()
        await at.press("y")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "allow", "")]


async def test_the_verb_typed_in_full_live_allows_and_no_letter_of_it_denies() -> None:
    async with console() as at:
        one = await at.choose(TITLE)
        await at.press("enter", *":answer allow", "enter")
        await at.answered()
        assert at.screen.is_full
        assert at.engine.asked == [("answer", one.session_id, "allow", "")]


async def test_questions_are_answered_one_after_the_other_in_the_line() -> None:
    async with console(asking("AskUserQuestion", {"questions": QUESTIONS})) as at:
        one = await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        assert "1/2 Which region? 1 Europe · 2 Asia" in at.message
        await at.press("2")
        assert "→ Asia" in line(at)
        await at.press("enter")
        await at.until(lambda: "2/2 Which ones?" in at.message)
        await at.press("7")
        assert "no option 7" in line(at)
        await at.press("backspace", *"all of them", "enter")
        await at.answered()
        assert at.engine.asked == [("answer", one.session_id, "2", "all of them")]


async def test_options_before_the_prompt_show_what_will_be_used() -> None:
    async with console() as at:
        await at.choose("Final list for the partner call")
        await at.press("r", *"--max-turns x", "enter")
        await at.asked()
        assert "expected a number above 0" in line(at)
        await at.press("backspace", *"7 go on")
        assert "7 turns" in line(at)
        await at.press("enter")
        await at.answered()
        assert at.engine.asked[0][-1] == "go on"


@pytest.mark.parametrize(("rings", "times"), [(True, 1), (False, 0)])
async def test_the_console_rings_once_unless_it_is_told_not_to(rings: bool, times: int) -> None:
    async with console(FixedEngine(rings=rings)) as at:
        heard: list[int] = []
        at.screen.bell_of_requests = Bell(lambda: heard.append(1))
        for _ in range(2):
            at.screen.show_found(at.screen.put_in_order(at.engine.look()))
        assert len(heard) == times


def test_the_bell_rings_for_each_request_that_is_new() -> None:
    heard: list[int] = []
    bell = Bell(lambda: heard.append(1))
    for liveness, request, count in (
        (Liveness.BUSY, "", 0),
        (Liveness.WAITING, "p1", 1),
        (Liveness.WAITING, "p1", 1),
        (Liveness.BUSY, "", 1),
        (Liveness.WAITING, "p1", 1),
        (Liveness.WAITING, "p2", 2),
    ):
        bell.look(_with(liveness, request))
        assert len(heard) == count


def _with(liveness: Liveness, request_id: str) -> Catalog:
    """Return a catalog of one session that is as told."""
    known = catalog()
    one = next(session for session in known.sessions if session.run and session.run.request)
    assert one.run is not None
    request = Request(request_id, "Bash", {}, NOW) if request_id else None
    changed = replace(one, liveness=liveness, run=replace(one.run, request=request))
    listing = known.listing(one.listing)
    assert listing is not None
    return replace(known, listings=(replace(listing, sessions=(changed,)),))
