"""A console whose one waiting session asks for permission, and what is painted of what it asks."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from tests.support.console.fixed_catalog import NOW, catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.piloted import Console, console
from tests.support.listings.drawn_input import read_back
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Session

TITLE = "Strategic buyers, pumps"


def digest(given: dict[str, Any]) -> str:
    return sha256(repr(given).encode("utf-8", "surrogatepass")).hexdigest()


def asking(tool: str, given: dict[str, Any], problem: str = "") -> FixedEngine:
    """Return an engine whose one waiting session asks for that."""
    return asking_for(
        PermissionRequest(
            request_id="p7", tool=tool, input=given, at=NOW, digest=digest(given), problem=problem
        )
    )


def asking_for(request: PermissionRequest) -> FixedEngine:
    """Return an engine whose one waiting session has this request."""

    def changed(session: Session) -> Session:
        if session.run is None or session.run.request is None:
            return session
        return replace(session, run=replace(session.run, request=request))

    known = catalog()
    listings = (
        replace(one, sessions=tuple(changed(session) for session in one.sessions))
        for one in known.listings
    )
    return FixedEngine(catalog=replace(known, listings=tuple(listings)))


def input_rows(at: Console) -> list[str]:
    """Return what stands on the page in sight of the input, as it is painted."""
    strips, page = at.pilot.app.screen._compositor.render_strips(), at.panes.page
    painted = [strip.text[1:].rstrip() for strip in strips[page.region.y + 1 : page.region.bottom]]
    return painted[: len(page.lines) - page.top]


async def page_through(at: Console) -> list[str]:
    """Turn all pages as far as the last one, and return what was painted."""
    painted = input_rows(at)
    while at.panes.page.pages[0] < at.panes.page.pages[1]:
        await at.press("l")
        painted += input_rows(at)
    return painted


def told_input(painted: list[str]) -> object:
    """Return the input that these rows tell, between who asks and what names it."""
    begin = painted.index("")
    end = next(n for n, row in enumerate(painted) if row.startswith("all of it is above"))
    return read_back(painted[begin + 1 : end])


async def granted(request: PermissionRequest, size: tuple[int, int] = (80, 24)) -> list[str]:
    """Allow a request in a console, which it lets itself be only after its last page; return all
    that was painted of it.
    """
    async with console(asking_for(request), size=size) as at:
        await at.choose(TITLE)
        await at.press("a")
        await at.asked()
        if at.panes.page.pages[1] > 1:
            await at.press("y")
            assert at.engine.asked == []
        painted = await page_through(at)
        await at.press("y")
        await at.answered()
        assert at.engine.shown == [request.digest]
    return painted
