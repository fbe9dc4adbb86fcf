"""Named views in the console: called, saved, completed, and on a key."""

from __future__ import annotations

from tests.support.console.fixed_engine import FixedEngine
from tests.support.console.harness import console
from tui.core.console.keymap import keymap
from tui.core.console.named_view import NamedView, Origin
from tui.core.console.pane_table import LISTINGS, SESSIONS

BIG = NamedView(
    name="big", listing="hollis_park", filter="size>100K", sort="size", columns=("title", "size")
)


async def test_a_view_brings_its_listing_filter_order_and_columns() -> None:
    async with console(FixedEngine(views=(BIG,))) as at:
        await at.press("1")
        assert at.view.pane == LISTINGS
        await at.enter("view BIG")
        await at.answered()
        query = at.view.query
        assert (query.listing, query.filter, query.sort) == (BIG.listing, BIG.filter, "size")
        assert query.columns == BIG.columns
        assert at.view.pane == SESSIONS
        assert at.message == f"view big: {len(at.listed)} sessions"
        assert "ls --view big" in await at.command()


async def test_the_selection_stays_if_the_view_has_it_and_else_goes_to_the_top() -> None:
    async with console(FixedEngine(views=(BIG,))) as at:
        inside = await at.choose("PE platforms, DACH")
        await at.enter("view big")
        await at.answered()
        assert at.session == inside
        await at.enter("view expensive")
        await at.answered()
        assert inside.key not in at.listed
        assert at.session.key == at.listed[0]


async def test_the_shipped_views_show_what_they_are_called() -> None:
    async with console() as at:
        await at.enter("view needs-attention")
        await at.answered()
        needing = at.listed
        assert needing
        await at.enter("view running")
        await at.answered()
        states = {one.liveness for one in at.engine.catalog.sessions if one.key in at.listed}
        assert {str(one) for one in states} <= {"busy", "waiting", "queued", "orphan"}
        await at.enter("view expensive")
        await at.answered()
        costs = {one.key: one.cost_usd for one in at.engine.catalog.sessions}
        assert [costs[key] for key in at.listed] == sorted(
            (cost for cost in costs.values() if cost and cost > 5), reverse=True
        )
        await at.enter("view ends-today")
        await at.answered()
        assert at.listed != needing


async def test_what_is_shown_is_saved_by_the_verb_of_the_command_line() -> None:
    async with console() as at:
        await at.press("/", *"stage:3 !live", "enter")
        await at.answered()
        await at.press("s", "s", "o")
        await at.enter("view save waiting-dach --shared")
        await at.answered()
        (asked,) = at.engine.asked
        assert asked[1:] == (
            *("view", "save", "waiting-dach", "--filter=stage:3 !live", "--sort=quiet:desc"),
            "--shared",
        )


async def test_without_a_name_and_to_delete_the_command_line_answers() -> None:
    async with console() as at:
        await at.enter("view")
        await at.answered()
        await at.enter("view delete big")
        await at.answered()
        assert [asked[1:] for asked in at.engine.asked] == [("view",), ("view", "delete", "big")]


async def test_tab_completes_names_of_views() -> None:
    async with console(FixedEngine(views=(BIG,))) as at:
        await at.press("colon", "escape")  # reads the names
        await at.answered()
        await at.press("colon", *"view b", "tab")
        assert at.typed == "view big "
        await at.press("ctrl+u", *"view del", "tab", "b", "tab")
        assert at.typed == "view delete big "


async def test_a_view_that_is_not_there_keeps_the_line_and_says_what_is() -> None:
    async with console() as at:
        await at.enter("view runing")
        await at.until(lambda: "did you mean 'running'?" in at.text("bottom"))
        assert at.typed == "view runing"


async def test_a_view_of_a_listing_that_is_gone_changes_nothing() -> None:
    lost = NamedView(name="lost", listing="nowhere")
    async with console(FixedEngine(views=(lost,))) as at:
        listed = at.listed
        await at.enter("view lost")
        await at.until(lambda: "there is no listing nowhere" in at.text("bottom"))
        assert at.listed == listed


async def test_a_key_shows_its_view_and_help_names_it() -> None:
    engine = FixedEngine(keys=keymap({"view:ends-today": "W"}, ()))
    async with console(engine) as at:
        await at.press("W")
        await at.answered()
        assert at.view.query.filter == "<24h"
        await at.press("?")
        assert "W  :view ends-today" in at.page


async def test_a_key_of_a_view_that_is_gone_says_so() -> None:
    async with console(FixedEngine(keys=keymap({"view:gone": "W"}, ()))) as at:
        await at.press("W")
        await at.answered()
        assert at.message.startswith("no view is called 'gone'")


async def test_a_view_that_may_be_among_those_unread_is_not_called_gone() -> None:
    async with console(FixedEngine(views_problem="the shared views cannot be read: why")) as at:
        await at.enter("view theirs")
        await at.until(lambda: "the shared views cannot be read: why" in at.text("bottom"))


async def test_a_view_of_a_colleague_says_whose_it_is() -> None:
    shared = NamedView(name="theirs", filter="live", origin=Origin.SHARED, by="ben")
    async with console(FixedEngine(views=(shared,))) as at:
        await at.enter("view theirs")
        await at.answered()
        assert at.message.startswith("view theirs, shared by ben: ")
