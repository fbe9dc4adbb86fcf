"""Draw the console over the fixed catalog: `python -m tests.make_screenshots [FOLDER]`."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from textual.pilot import Pilot

from tests.support.console.fixed_catalog import NOW, ROOT, catalog
from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.pane_legend import explained
from tui.cli.verbs.root.doctor import report
from tui.operations.context import Context
from tui.operations.doctor.doctor import examine, verdict
from tui.operations.doctor.machine_findings import MachineFacts
from tui.settings import Settings
from tui.ui.app import ConsoleApp
from tui.ui.screen import ConsoleScreen

FOLDER = Path(__file__).parent.parent / "screenshots"
SHOTS: tuple[tuple[str, tuple[int, int], tuple[str, ...]], ...] = (
    ("console-80x24", (80, 24), ()),
    ("console-120x36", (120, 36), ()),
    ("panes-120x36", (120, 36), ()),
    ("answer-80x24", (80, 24), ("a",)),
    ("resume-80x24", (80, 24), (*"jjjjj", "r")),
    ("extend-80x24", (80, 24), (*"jjjjj", "e", "7")),
    ("delete-80x24", (80, 24), (*"jjjjj", "d")),
    ("expiry-80x24", (80, 24), ("3",)),
    ("live-80x24", (80, 24), ("enter",)),
    ("help-120x36", (120, 36), ("question_mark",)),
    ("failures-80x24", (80, 24), ("j", "j", "enter", "j")),
    ("cleanup-80x24", (80, 24), ("c", "enter")),
    ("doctor-80x24", (80, 24), ("colon", *"doctor", "enter")),
)


def doctor_lines() -> tuple[str, ...]:
    """Return what the doctor says of the fixed catalog, on a machine without a fault."""
    context = Context(Settings(root=ROOT, env_file=Path("/dev/null")), lambda: NOW)
    found = [
        one for one in examine(context, catalog(), MachineFacts()) if one.listing and one.words
    ]
    return (*(line for line, _ in report(found)), str(verdict(found)))


async def settled(pilot: Pilot[str]) -> None:
    """Wait until the catalog and the stream of the selection are shown."""
    screen = pilot.app.screen
    assert isinstance(screen, ConsoleScreen)
    async with asyncio.timeout(60):
        while not (screen.store.catalog and screen.panes.live.count and screen.unseen.is_known):
            await pilot.pause(0.02)
    await pilot.pause()


async def draw(size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """Return the SVG of the console at a size, after some keys."""
    app = ConsoleApp(FixedEngine(sayings={"doctor": doctor_lines()}))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press(*keys)
        await pilot.pause(0.5 if keys else 0)
        await settled(pilot)
        return self_contained(app.export_screenshot(title="session-console"))


def self_contained(svg: str) -> str:
    """Return the picture without fonts from elsewhere, its blanks kept by every renderer."""
    svg = re.sub(r',\s*url\("[^"]*"\) format\("[^"]*"\)', "", svg)
    return svg.replace("<text ", '<text xml:space="preserve" ')


async def shot(name: str, size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """Return the SVG of one of `SHOTS`."""
    svg = await draw(size, keys)
    return explained(svg) if name.startswith("panes") else svg


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, size, keys in SHOTS:
        (folder / f"{name}.svg").write_text(asyncio.run(shot(name, size, keys)), "utf-8")


if __name__ == "__main__":
    main()
