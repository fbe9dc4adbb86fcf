"""Draw the console over the fixed catalog: `python -m tests.make_screenshots [FOLDER]`."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from textual.pilot import Pilot

from tests.fixed_engine import FixedEngine
from tui.ui.app import ConsoleApp
from tui.ui.picture import PictureScreen

FOLDER = Path(__file__).parent.parent / "screenshots"
SHOTS: tuple[tuple[str, tuple[int, int], tuple[str, ...]], ...] = (
    ("console-80x24", (80, 24), ()),
    ("console-120x36", (120, 36), ()),
    ("resume-80x24", (80, 24), ("j", "j", "j", "j", "r")),
    ("expiry-80x24", (80, 24), ("3",)),
    ("live-80x24", (80, 24), ("enter",)),
    ("help-120x36", (120, 36), ("question_mark",)),
)


async def settled(pilot: Pilot[int]) -> None:
    """Wait until the catalog and the stream of the selection are shown."""
    screen = pilot.app.screen
    assert isinstance(screen, PictureScreen)
    async with asyncio.timeout(20):
        while screen.catalog is None or not screen.live.count:
            await pilot.pause(0.02)
    await pilot.pause()


async def draw(size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """Return the SVG of the console at a size, after some keys."""
    app = ConsoleApp(FixedEngine())
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


def shots() -> Iterator[tuple[str, str]]:
    """Return each file's name and its SVG."""
    for name, size, keys in SHOTS:
        yield f"{name}.svg", asyncio.run(draw(size, keys))


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in shots():
        (folder / name).write_text(svg, "utf-8")


if __name__ == "__main__":
    main()
