"""The bell rings once for each request, whatever else comes and goes."""

from __future__ import annotations

from dataclasses import replace

from tests.support.console.fixed_catalog import catalog
from tui.ui.state.bell import Bell


def test_it_rings_once_for_what_waits_and_not_for_the_same_picture() -> None:
    rung: list[int] = []
    bell, shown = Bell(lambda: rung.append(1)), catalog()
    for one in (shown, shown, replace(shown, free_bytes=1), replace(shown, listings=())):
        bell.look(one)
    bell.look(catalog())
    assert rung == [1]
