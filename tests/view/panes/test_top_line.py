"""The top line keeps its zone and warnings at every width."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_catalog import NOW
from tui.core.models.catalog import Catalog, Hold
from tui.view.panes import top_line

CATALOG = fixed_catalog.catalog()
WORST = replace(CATALOG, hold=Hold("宽" * 40, NOW), problem="the disk of the root is slow " * 9)


@pytest.mark.parametrize("catalog", [None, CATALOG, WORST], ids=["none", "usual", "worst"])
@pytest.mark.parametrize("trouble", ["", "stale 12s: buyers.db locked by the pipeline " * 9])
def test_that_it_may_only_look_is_said_at_every_width(
    catalog: Catalog | None, trouble: str
) -> None:
    zone = timezone(timedelta(hours=5, minutes=45), "+0545")
    known = top_line.facts(catalog, NOW, {}, zone) if catalog else ()
    for width in range(60, 301):
        line = top_line.line(catalog, known, width, trouble=trouble, is_read_only=True)
        assert "[RO]" in "".join(cell.text for cell in line), width
