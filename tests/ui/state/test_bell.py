"""The bell rings once for each request, whatever else changes."""

from __future__ import annotations

from dataclasses import replace

from tests.support.console.fixed_catalog import NOW, catalog
from tui.core.models.catalog import Catalog
from tui.core.models.permission_request import PermissionRequest
from tui.core.models.session import Liveness
from tui.ui.state.bell import Bell


def test_it_rings_once_for_what_waits_and_not_for_the_same_picture() -> None:
    rung: list[int] = []
    bell, shown = Bell(lambda: rung.append(1)), catalog()
    for one in (shown, shown, replace(shown, free_bytes=1), replace(shown, listings=())):
        bell.look(one)
    bell.look(catalog())
    assert rung == [1]


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
    """Return a catalog of one session with this liveness and request."""
    known = catalog()
    one = next(session for session in known.sessions if session.run and session.run.request)
    assert one.run is not None
    request = (
        PermissionRequest(request_id=request_id, tool="Bash", input={}, at=NOW)
        if request_id
        else None
    )
    changed = replace(one, liveness=liveness, run=replace(one.run, request=request))
    listing = known.listing(one.listing)
    assert listing is not None
    return replace(known, listings=(replace(listing, sessions=(changed,)),))
