"""The console with one row more in the table of panes: `python -m ...five_panes WIDTH`.

Goes to the fifth pane, and prints what is painted then, the help, and the error for a setting with
the pane's name.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime

from tui.core.console import pane_table
from tui.core.models.catalog import Catalog
from tui.ui.widgets.pane import Pane, PaneSettings
from tui.view.text.lines import Cell, Line


class CountPane(Pane):
    """Counts the sessions."""

    def __init__(self, settings: PaneSettings) -> None:
        super().__init__(settings)
        self.count = 0

    def look(self, catalog: Catalog, now: datetime) -> None:
        self.count = len(catalog.sessions)
        self.redraw()

    def body_line(self, y: int) -> Line:
        return (Cell(f"{self.count} sessions counted"),) if y == 0 else ()


async def main(width: int) -> None:
    """Add the row before the table is used, then run the console."""
    row = pane_table.PaneRow(5, "Count", "__main__:CountPane", "left", "alone")
    pane_table.PANES = (*pane_table.PANES, row)
    from tests.support.console.harness import console
    from tui.core.console.keymap import WrongKey, keymap

    async with console(size=(width, 30)) as at:
        await at.press("5")
        print("\n".join(at.rows()))
        await at.press("tab")
        print("after it:", at.view.pane)
        await at.press("shift+tab", "?")
        print(at.page)
    try:
        keymap({"count": "x"}, ())
    except WrongKey as error:
        print(error)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
