"""Which columns the Sessions pane shows at a width, and how wide each is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.console import fixed_catalog
from tests.support.console.fixed_catalog import NOW, session
from tui.core.console.column_table import COLUMN_NAMES, SESSION_COLUMNS, TITLE
from tui.core.models.annotation import Annotation, Note, Tag
from tui.core.models.catalog import Catalog, Listing
from tui.core.models.row import Status
from tui.core.models.session import Acknowledgement, Session
from tui.core.sessions.attention import Need, mark_of
from tui.core.text.safe_text import cell_width
from tui.view.panes import sessions
from tui.view.panes.session_cells import CELLS
from tui.view.panes.session_layout import ListShape, wants
from tui.view.text.out_of_sight import Margin, OutOfSight

LONG = "cranbury_and_dunmore_partners_0024"
NAMES = ("hollis_park", LONG)
CATALOG = Catalog(
    fixed_catalog.ROOT,
    NOW,
    listings=tuple(
        Listing(name, fixed_catalog.ROOT / name, sessions=(session(name, "stage_3", "x" * 60),))
        for name in NAMES
    ),
)
WANTS = wants(CATALOG)
QUIET = timedelta(minutes=10)


def shown(width: int, **more: object) -> list[str]:
    """Return the line of the session in the listing with the long name, in words."""
    shape = ListShape(width, wants=WANTS, **more)  # type: ignore[arg-type]
    line = sessions.line(CATALOG.listings[1].sessions[0], NOW, shape, QUIET)
    return "".join(cell.text for cell in line).split()


def widths(width: int, **more: object) -> dict[str, int]:
    layout = ListShape(width, wants=WANTS, **more).layout()  # type: ignore[arg-type]
    return {one.key: one.width for one in layout if one.key}


def test_every_column_has_its_cell_and_the_other_way_round() -> None:
    assert tuple(CELLS) == COLUMN_NAMES


@pytest.mark.parametrize("width", [85, 118, 141, 160, 220])
def test_the_listing_grows_before_the_title_does(width: int) -> None:
    """To a fair width, then both, and at last the title alone."""
    found = widths(width)
    assert found["listing"] >= 28 or found[TITLE] == 18
    assert found["listing"] == cell_width(LONG) or found[TITLE] <= 30
    assert (LONG in shown(width)) == (found["listing"] == cell_width(LONG))


def test_a_name_that_has_no_room_keeps_its_end() -> None:
    (name,) = [word for word in shown(80) if word.startswith("cran")]
    assert "…" in name
    assert name.endswith("_0024")
    assert LONG in shown(160)


@pytest.mark.parametrize(
    ("width", "more"),
    [
        (60, ()),
        (72, ("size",)),
        (85, ("size", "cost")),
        (113, ("size", "cost", "model", "owner", "context", "created")),
        (141, ("size", "cost", "id", "model", "owner", "context", "created")),
    ],
)
def test_a_wider_pane_shows_more_columns(width: int, more: tuple[str, ...]) -> None:
    always = tuple(one.name for one in SESSION_COLUMNS if not one.from_width)
    assert tuple(widths(width)) == (*always, *more)


def test_a_rare_column_is_shown_where_a_session_has_something_in_it() -> None:
    tags = (Tag(name="waiting-for-client", by="anna", at=NOW),)
    note = Note(content="call them on Monday", by="anna", at=NOW)
    first, second = CATALOG.listings
    one = replace(second.sessions[0], annotation=Annotation(tags=tags, note=note))
    marked = wants(replace(CATALOG, listings=(first, replace(second, sessions=(one,)))))
    assert "tags" not in widths(220)
    assert "tags" in ListShape(113, wants=marked).shown
    assert "note" not in ListShape(113, wants=marked).shown
    assert ListShape(60, columns=("tags",)).shown == ("tags",)
    line = sessions.line(one, NOW, ListShape(260, wants=marked), QUIET)
    text = "".join(cell.text for cell in line)
    assert "waiting-for-client" in text
    assert "call them on Monday" in text


def test_signs_before_the_title_tell_a_note_and_a_snooze() -> None:
    failed = session("hollis_park", "stage_3", "Buyers", status=Status.FAILED)
    note = Annotation(note=Note(content="x", by="anna", at=NOW))
    mark = mark_of(failed, Need.FAILED)
    ack = Acknowledgement("anna", NOW, mark, NOW + timedelta(hours=1))

    def text(one: Session, now: datetime = NOW) -> str:
        return "".join(cell.text for cell in sessions.line(one, now, ListShape(80), QUIET))

    assert " [zn] Buyers" in text(replace(failed, annotation=note, ack=ack))
    assert " [n] Buyers" in text(replace(failed, annotation=note))
    assert " [z] Buyers" in text(replace(failed, ack=ack))
    assert "[" not in text(replace(failed, ack=ack), NOW + timedelta(hours=1))
    assert "[" not in text(replace(failed, ack=replace(ack, until=None)))


def test_chosen_columns_come_in_their_order_and_leave_out_what_does_not_fit() -> None:
    assert list(widths(80, columns=("cost", "state", "id"))) == ["cost", "state", "id"]
    narrow = ListShape(60, columns=COLUMN_NAMES)
    assert narrow.shown == COLUMN_NAMES[: len(narrow.shown)]
    assert "model" not in narrow.shown
    assert ListShape(220, columns=COLUMN_NAMES).shown == COLUMN_NAMES


def test_the_listing_column_goes_where_one_listing_is_chosen() -> None:
    assert "listing" not in widths(80, has_listing=False)
    assert "listing" not in widths(80, has_listing=False, columns=("listing", "id"))


def test_a_note_has_its_place_without_a_title_too() -> None:
    shape = ListShape(80, columns=("ends", "state", "id"))
    text = "".join(cell.text for cell in sessions.head(shape, note="2 marked  /failed  14"))
    assert text.endswith(" 2 marked  /failed  14")
    assert len(text) == 80


def test_a_title_is_legible_before_the_state_has_room_for_its_longest_words() -> None:
    found = [widths(width) for width in range(80, 260)]
    plain = found[0]["state"]
    assert all(one["state"] == plain or one[TITLE] >= 40 for one in found)
    assert found[-1]["state"] > plain


@pytest.mark.parametrize("width", [80, 146, 260])
def test_the_reason_of_a_group_stands_behind_the_states_of_all_rows(width: int) -> None:
    shape = ListShape(width, wants=WANTS)
    state = next(one for one in shape.layout() if one.key == "state")
    assert state in shape.group_layout()


def test_what_is_out_of_sight_covers_few_headings_and_none_stands_over_another_column() -> None:
    below = OutOfSight(545, {Need.ENDS: 3, Need.GHOST: 2})
    shape = ListShape(80, wants=WANTS)
    line = "".join(cell.text for cell in sessions.head(shape, "head", "595", Margin(below=below)))
    plain = "".join(cell.text for cell in sessions.head(shape))
    assert "↓ 545 more, 3 <1h, 2 ghost  595" in line
    assert "TITLE" not in line
    assert line.index("LISTING") == plain.index("LISTING")
    line = "".join(cell.text for cell in sessions.head(shape, "head", "9", Margin(moved=3)))
    assert line.index(" ST ") == plain.index(" ST ")


def test_the_host_of_a_session_elsewhere_has_a_column_and_a_sign_where_there_is_no_room() -> None:
    here = session("hollis_park", "stage_3", "x" * 60)
    there = replace(session("hollis_park", "stage_3", "y" * 60), host="b")

    def told(one: Session, width: int, word: str = "silent 40s") -> str:
        both = here, one if one.host else there
        listing = Listing("hollis_park", fixed_catalog.ROOT / "hollis_park", sessions=both)
        words = {both[1].host: word}
        catalog = Catalog(fixed_catalog.ROOT, NOW, listings=(listing,), hosts=words)
        shape = ListShape(width, wants=wants(catalog))
        line = sessions.line(one, NOW, shape, QUIET, hosts=words)
        return "".join(cell.text for cell in line)

    for width in (82, 90, 118):  # the first is that of 120 columns
        assert "b silent 40s" in told(there, width)
        assert "silent" not in told(here, width)
    assert "silent" not in told(there, 80)
    assert "[@?] yyy" in told(there, 80)
    assert "[@] yyy" in told(there, 80, "")
    assert "@" not in told(here, 80)
    named = replace(there, host="gpu-worker-frankfurt-0007")
    for word in ("", "silent 40s"):
        assert "gpu-wo…-0007" in told(named, 85, word)  # what tells it from others stays
        assert "] yyyyyyyyy" in told(named, 85, word)
    assert "…0007 silent 40s" in told(named, 160)
    assert "host" not in ListShape(118, wants=WANTS).shown
