"""Keys typed while the console starts ask nothing: no session has been read yet."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest

from tests.support.console.fixed_catalog import ROOT, catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.errors import ConsoleError
from tui.core.models.catalog import Catalog, Listing
from tui.ui.actions.key_targets import NOT_READ_YET
from tui.ui.actions.keys import key_actions

_LATE = {"extend", "delete", "resume", "answer", "interrupt", "cleanup", "next", "mark", "mark_all"}


class Slow(FixedEngine):
    """An engine whose first look takes until `is_read` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.is_read = threading.Event()

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        """Wait, then look."""
        self.is_read.wait(60)
        return super().look()


@pytest.mark.parametrize("verb", ["", "delete", "cleanup", "ack", "extend", "stop"])
async def test_a_key_or_a_verb_before_the_first_look_asks_nothing(verb: str) -> None:
    """Without the guard `!` would say that nothing needs attention, and `c` nothing at all."""
    engine = Slow()
    try:
        async with console(engine, waits=False) as at:
            keys = [key for key in key_actions(engine.keys, engine.verbs) if key.name in _LATE]
            assert {key.name for key in keys} == _LATE
            typed = (
                [(":", *verb, "enter")] if verb else [(engine.keys.sign(one.name),) for one in keys]
            )
            for line in typed:
                await at.press(*({"Space": " "}.get(key, key) for key in line))
                await at.answered()
                assert at.message == NOT_READ_YET, line
            assert engine.asked == []
    finally:
        engine.is_read.set()


@pytest.mark.parametrize("line", ["help keys", "info", "doctor"])
async def test_a_verb_that_needs_no_sessions_works_before_they_are_read(line: str) -> None:
    """A guide is most needed while a root does not answer."""
    engine = Slow()
    try:
        async with console(engine, waits=False) as at:
            await at.enter(line)
            await at.answered()
            assert engine.asked == [("say_verb", *line.split())]
    finally:
        engine.is_read.set()


DENIED = "no permission"
_NAMES = re.compile(r"[1-4] (Listings|Sessions|Expiry|Live)")


class Failing(Slow):
    """An engine whose first looks fail, or find nothing that can be read."""

    found: Catalog | None = None

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        """Fail as a root does that cannot be read."""
        if self.is_read.is_set():
            return FixedEngine.look(self)
        if self.found is None:
            raise ConsoleError(DENIED)
        return self.found


def counted(rows: list[str]) -> list[str]:
    """Return the rows with a digit, but for the line of keys and the names of the panes."""
    return [row for row in rows[:-1] if re.search(r"\d", _NAMES.sub("", row))]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
@pytest.mark.parametrize("how", ["looking", "failed", "unread"])
async def test_what_was_not_read_yet_is_no_number(how: str, size: tuple[int, int]) -> None:
    """`0 to clean up` and `nothing to expire` stood beside `looking...`."""
    engine = Slow() if how == "looking" else Failing()
    if isinstance(engine, Failing) and how == "unread":
        engine.found = replace(catalog(), listings=(), problem=DENIED)
    words = "looking..." if how == "looking" else DENIED
    try:
        async with console(engine, waits=False, size=size) as at:
            for key, pane in zip("1324", ("listings", "expiry", "sessions", "live"), strict=True):
                await at.press(key)
                await at.until(lambda name=pane: words in at.text(name))  # type: ignore[misc]
                assert counted(at.rows()) == []
                assert "nothing to expire" not in "".join(at.rows())
            await at.press("3", "exclamation_mark")
            assert at.message == (DENIED if how == "unread" else NOT_READ_YET)
            engine.is_read.set()
            await at.until(lambda: counted(at.rows("expiry")) != [])
    finally:
        engine.is_read.set()


async def test_a_listing_that_was_never_read_is_not_said_to_be_empty() -> None:
    """It had `0`, and Expiry had nothing to expire: both are only so as far as it is known."""
    unread = Listing("moss_end", ROOT / "moss_end", problem="it hangs", has_rows=False)
    engine = FixedEngine()
    engine.catalog = replace(engine.catalog, listings=(unread,))
    async with console(engine, size=(120, 36), waits=False) as at:
        await at.until(lambda: "x!" in at.text("listings"))
        rows = [row.split() for row in at.rows("listings")]
        assert [
            row[row.index(one) + 1] for one in ("All", "moss_end") for row in rows if one in row
        ] == ["?", "?"]
        assert "nothing known to expire" in at.text("expiry")
        assert [at.rows()[1].split()[-2], at.rows("expiry")[0].split()[-2]] == ["?", "?"]
        assert "0+ to clean up" in at.text("expiry")
