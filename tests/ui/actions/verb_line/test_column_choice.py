"""`:columns` and the setting of that name choose what Sessions shows; both are remembered."""

from __future__ import annotations

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import Console, console
from tui.core.console.column_table import COLUMN_NAMES
from tui.core.console.saved_view import SavedView


def heading(at: Console) -> list[str]:
    """Return the words of the line of column names."""
    (found,) = [row for row in at.rows("sessions") if "STATE" in row]
    return found.strip(" │").split()


async def test_the_columns_named_are_shown_in_their_order_and_nothing_else() -> None:
    async with console(size=(120, 36)) as at:
        await at.enter("columns state,ID cost")
        assert heading(at) == ["STATE", "ID", "COST"]
        assert at.view.query.columns == ("state", "id", "cost")
        await at.enter("columns default")
        assert heading(at)[:3] == ["ENDS", "STATE", "LISTING"]


async def test_without_a_name_they_are_listed() -> None:
    async with console() as at:
        await at.enter("columns wide")
        assert "no room for model" in at.message
        await at.enter("columns")
        rows = [row.split()[:2] for row in at.page_rows]
        assert ["ends", "shown"] in rows
        assert ["model", "no"] in rows
        await at.press("escape")
        await at.enter("columns state,id")
        await at.enter("columns")
        rows = [row.split()[:2] for row in at.page_rows if row.split()[:1] in (["id"], ["cost"])]
        assert rows == [["id", "shown"], ["cost", "hidden"]]


async def test_wide_is_all_columns_and_the_default_again() -> None:
    async with console(size=(200, 50)) as at:
        before = heading(at)
        await at.enter("wide")
        assert at.view.query.columns == COLUMN_NAMES
        await at.enter("wide")
        assert heading(at) == before


async def test_a_wrong_name_changes_nothing_and_says_what_is_meant() -> None:
    async with console() as at:
        await at.enter("columns costs")
        assert "no column is called 'costs': did you mean 'cost'?" in at.text("bottom")
        assert at.view.query.columns == ()


async def test_the_settings_choose_until_the_operator_does() -> None:
    engine = FixedEngine(columns=("id", "state"))
    async with console(engine) as at:
        assert heading(at)[:2] == ["ID", "STATE"]
        await at.enter("columns cost,state")
        assert heading(at)[:2] == ["COST", "STATE"]
        await at.until(lambda: at.engine.view.columns == ("cost", "state"))
        view = at.engine.view
    async with console(FixedEngine(columns=("id",), view=view)) as at:
        await at.until(lambda: heading(at)[:2] == ["COST", "STATE"])


async def test_a_remembered_column_that_is_none_is_left_out() -> None:
    async with console(FixedEngine(view=SavedView(columns=("nonsense", "state")))) as at:
        await at.until(lambda: at.view.query.columns == ("state",))


async def test_read_only_consoles_choose_columns_too() -> None:
    async with console(FixedEngine(is_read_only=True)) as at:
        await at.enter("columns state,id")
        assert heading(at)[:2] == ["STATE", "ID"]
