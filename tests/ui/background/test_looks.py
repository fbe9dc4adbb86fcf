"""What the console asks of a look: what it shows, and all of the root after an act."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.models.catalog import Catalog


@dataclass(kw_only=True)
class NotingEngine(FixedEngine):
    """Notes which listings each look was told to be in sight."""

    sights: list[frozenset[str] | None] = field(default_factory=list)

    def look(self, in_sight: frozenset[str] | None = None) -> Catalog:
        self.sights.append(in_sight)
        return super().look(in_sight)


async def test_a_look_is_told_what_is_in_sight() -> None:
    """Otherwise what the operator looks at waits for its turn in a very large root."""
    engine = NotingEngine()
    async with console(engine) as at:
        await at.until(lambda: len(engine.sights) > 1 and engine.sights[-1] is not None)
        shown = {session.listing for session in engine.catalog.sessions}
        named = {name for name in shown if name in at.text("sessions")}
        assert named
        assert named <= (engine.sights[-1] or frozenset())


async def test_after_an_act_the_whole_root_is_looked_at() -> None:
    """Otherwise the operator's own act is seen up to a minute later."""
    engine = NotingEngine()
    async with console(engine) as at:
        await at.until(lambda: bool(engine.sights))
        engine.sights.clear()
        await at.press("e", "7", "enter")
        await at.answered()
        await at.until(lambda: None in engine.sights)
