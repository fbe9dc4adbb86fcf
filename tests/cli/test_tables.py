"""Tables fit the screen, say what they leave out, and are complete in a pipe."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.listings.sample_listing import FIRST, SECOND, SampleListing, run_cli
from tests.support.processes.terminal import Terminal
from tui.__main__ import say_verb
from tui.cli.output import captured
from tui.cli.tables import put_fitted
from tui.core.text.safe_text import cell_width

HEAD = ("WHO", "ID", "TITLE")
ROWS = [("anna", "9f2c", "Strategic buyers"), ("bartholomew", "a1b2", "買い手")]
GIVES = (("TITLE", 10), ("WHO", 6), ("ID", 0), ("TITLE", 4))


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (None, ("WHO          ID    TITLE", "anna         9f2c  Strategic buyers")),
        (35, ("WHO          ID    TITLE", "anna         9f2c  Strategic buyers")),
        (32, ("WHO          ID    TITLE", "anna         9f2c  Strategic bu~")),
        (24, ("WHO     ID    TITLE", "anna    9f2c  Strategic~")),
        (18, ("WHO     TITLE", "anna    Strategic~")),
        (3, ("WHO     TIT~", "anna    Str~")),
    ],
)
def test_columns_give_way_in_their_order(width: int | None, said: tuple[str, ...]) -> None:
    with captured(width) as printed:
        put_fitted(HEAD, ROWS, GIVES)
    lines = printed.lines
    assert tuple(lines[:2]) == said
    if width is not None and width > 17:
        assert max(map(cell_width, lines[:3])) <= width
    assert len(lines) == (4 if width in (18, 3) else 3)
    assert "no room for ID" in lines[-1] or len(lines) == 3


@pytest.fixture
def listing(tmp_path: Path) -> SampleListing:
    listing = SampleListing(tmp_path / "outputs", "cranbury_and_dunmore_partners_of_geneva")
    listing.add(FIRST, days=3)
    listing.add(SECOND, days=3)
    context = listing.context(operator="bartholomew_the_second")
    assert say_verb(context, ("delete", FIRST, "--yes")).code == 0
    return listing


@pytest.mark.parametrize("width", [60, 78, 118])
@pytest.mark.parametrize(("verb", "shows"), [("trash", "9f2c0000"), ("stats", "NEXT END")])
def test_on_a_page_of_the_console_no_line_is_broken(
    listing: SampleListing, verb: str, shows: str, width: int
) -> None:
    lines = say_verb(listing.context(), (verb,), width).lines
    table = [line for line in lines if not line.startswith(("no room", "1 in the trash"))]
    assert max(map(cell_width, table)) <= width
    assert any(shows in line for line in table)


def test_on_a_terminal_it_fits_and_in_a_pipe_it_is_whole(listing: SampleListing) -> None:
    words = ("--root", str(listing.root), "trash")
    whole = run_cli(listing.root, "trash").stdout
    assert FIRST in whole
    assert "bartholomew_the_seco" in whole
    command = (sys.executable, "-m", "tui", *words)
    with Terminal(command, environment={"COLUMNS": "300"}) as screen:
        screen.wait_for("WHEN", "9f2c0000", "1 in the trash")
        assert FIRST not in screen.text
        assert "no room for FILES, HOW" in screen.text
        row = next(line for line in screen.text.splitlines() if "9f2c0000" in line)
        assert "cranbury" in row
        assert "Strat" in row
