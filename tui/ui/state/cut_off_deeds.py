"""Tells at the start which deeds on many were cut off, and marks what they had not reached."""

from __future__ import annotations

from collections.abc import Callable

from tui.core.console.cut_off_deed import CutOffDeed
from tui.core.models.catalog import Catalog
from tui.core.models.session import Key
from tui.core.sessions.listing_join import is_gone
from tui.ui.engine.engine import Engine
from tui.ui.state.notifications import Notifications
from tui.ui.state.view_store import ViewStore
from tui.ui.threads import in_background
from tui.view.text import formatting


async def tell_cut_off(
    engine: Engine,
    catalog: Catalog,
    store: ViewStore,
    news: Notifications,
    save: Callable[[], None],
) -> None:
    """Mark just what is left of each deed that was cut off, and say so; the view is saved then."""
    deeds = await in_background(engine.take_cut_off)
    there = {one.key for one in catalog.sessions if not is_gone(one)}
    for deed in deeds:
        store.change(marks=store.view.marks - frozenset(deed.keys) | deed.left(there))
        news.tell(_words(deed, there), "bad")
    if deeds:
        await in_background(save)


def _words(deed: CutOffDeed, there: set[Key]) -> str:
    """Return how far a deed came, and what is marked."""
    left, total = len(deed.left(there)), len(deed.keys)
    done = f"{deed.done(there)} of {total} {deed.word}"
    if not deed.is_counted and not left:
        return f"cut off while {total} were to be {deed.word}: `:log` has what was done"
    marked = {0: "none is left", 1: "the other one is marked"}.get(
        left, f"the other {left} are marked"
    )
    doubt = deed.doubtful
    maybe = f"; {formatting.short_id(doubt[1])} may be: look" if doubt in there and doubt else ""
    return f"cut off: {done}, {marked}{maybe}"
