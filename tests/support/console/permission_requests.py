"""An engine whose one waiting session asks for permission, and what is painted of the request."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from tests.support.console.catalog_edits import each_session
from tests.support.console.fixed_catalog import NOW, catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tests.support.listings.painted_request import read_back
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Session

TITLE = "Strategic buyers, pumps"


def digest(given: dict[str, Any]) -> str:
    """Return a digest of an input, as the request carries one."""
    return sha256(repr(given).encode("utf-8", "surrogatepass")).hexdigest()


def engine_asking(tool: str, given: dict[str, Any], problem: str = "") -> FixedEngine:
    """Return an engine whose one waiting session asks to call a tool with this input."""
    return engine_with(
        PermissionRequest(
            request_id="p7", tool=tool, input=given, at=NOW, digest=digest(given), problem=problem
        )
    )


def engine_with(request: PermissionRequest) -> FixedEngine:
    """Return an engine whose one waiting session has this request."""

    def asking(session: Session) -> Session:
        if session.run is None or session.run.request is None:
            return session
        return replace(session, run=replace(session.run, request=request))

    return FixedEngine(catalog=each_session(catalog(), asking))


async def open_request(at: Console) -> Session:
    """Press `a` on the waiting session, and wait for the question."""
    session = await at.choose(TITLE)
    await at.press("a")
    await at.asked()
    return session


async def page_through(at: Console, key: str = "l") -> list[str]:
    """Turn all pages as far as the last one, and return the rows that were painted."""
    painted = at.page_rows
    while at.pages[0] < at.pages[1]:
        await at.press(key)
        painted += at.page_rows
    return painted


def painted_input(painted: list[str]) -> object:
    """Return the input that these rows show, between who asks and the note at its end."""
    begin = painted.index("")
    end = next(n for n, row in enumerate(painted) if row.startswith("shown in full"))
    return read_back(painted[begin + 1 : end])


async def granted(request: PermissionRequest, size: tuple[int, int] = (80, 24)) -> list[str]:
    """Allow a request in a console, which takes that only after its last page; return its rows."""
    async with console(engine_with(request), size=size) as at:
        await open_request(at)
        if at.pages[1] > 1:
            await at.press("y")
            assert at.engine.asked == []
        painted = await page_through(at)
        await at.press("y")
        await at.answered()
        assert at.engine.shown == [request.digest]
    return painted
