"""The columns of the Sessions pane: one literal each; `tui.view.panes.session_cells` fills them."""

from __future__ import annotations

from collections.abc import Iterable

from tui.core.errors import UsageError
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionColumn:
    """A column: its name in the settings and at the `:` line, its heading, and its place.

    It is at least `width` cells wide, and grows up to `most` where the contents need it and there
    is room. It is shown by default from a pane of `from_width` cells on, one that `is_rare` only
    where a session has something in it.
    """

    name: str
    heading: str
    help: str
    width: int
    most: int = 0
    is_right: bool = False
    from_width: int = 0
    is_rare: bool = False


MARKS = SessionColumn(name="", heading="", help="what is selected, marked and new", width=2)
LISTING, TITLE = "listing", "title"
SESSION_COLUMNS: tuple[SessionColumn, ...] = (
    SessionColumn(
        name="ends",
        heading="ENDS  ",  # over the countdown: the sign of the sweep stands behind it
        help="time left until it ends; `s`: by the CLI's sweep",
        width=9,
        is_right=True,
    ),
    SessionColumn(name="state", heading="STATE", help="what it is doing", width=13),
    SessionColumn(name=LISTING, heading="LISTING", help="its listing", width=12, most=40),
    SessionColumn(name="stage", heading="ST", help="its stage", width=2, most=6),
    SessionColumn(
        name=TITLE, heading="TITLE", help="its title, else its first prompt", width=6, most=1000
    ),
    SessionColumn(
        name="quiet", heading="QUIET", help="time since the last write", width=5, is_right=True
    ),
    SessionColumn(
        name="size",
        heading="SIZE",
        help="bytes of its transcript and of what belongs to it",
        width=5,
        is_right=True,
        from_width=72,
    ),
    SessionColumn(
        name="cost", heading="COST", help="US dollars", width=6, is_right=True, from_width=82
    ),
    SessionColumn(
        name="id", heading="ID", help="the start of its id", width=4, most=8, from_width=126
    ),
    SessionColumn(
        name="model", heading="MODEL", help="its model", width=10, most=16, from_width=113
    ),
    SessionColumn(
        name="owner", heading="OWNER", help="who runs it", width=8, most=16, from_width=113
    ),
    SessionColumn(
        name="context",
        heading="CTX",
        help="tokens in its context after the last answer",
        width=4,
        is_right=True,
        from_width=113,
    ),
    SessionColumn(
        name="created", heading="CREATED", help="when it began", width=7, most=12, from_width=113
    ),
    SessionColumn(
        name="tags",
        heading="TAGS",
        help="tags, set by `tag` or in the CLI",
        width=6,
        most=24,
        from_width=110,
        is_rare=True,
    ),
    SessionColumn(
        name="note",
        heading="NOTE",
        help="what operators noted on it",
        width=8,
        most=40,
        from_width=150,
        is_rare=True,
    ),
    SessionColumn(
        name="host",
        heading="HOST",
        help="the host of the fleet where it lives, if that is another, and how that is",
        width=12,
        most=24,
        from_width=82,
        is_rare=True,
    ),
    SessionColumn(name="expires", heading="EXPIRES", help="our clock", width=12, from_width=180),
    SessionColumn(name="swept", heading="SWEPT", help="the CLI's clock", width=12, from_width=180),
)
COLUMN_NAMES = tuple(one.name for one in SESSION_COLUMNS)
_BY_NAME = {one.name: one for one in SESSION_COLUMNS}


def column(name: str) -> SessionColumn:
    """Return the column of that name. Raises `KeyError`."""
    return _BY_NAME[name]


def known_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return those names that are columns, each once."""
    return tuple(dict.fromkeys(name for name in names if name in _BY_NAME))


def parse_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of these names, in that order, each once. Raises `UsageError`."""
    wanted = [name.strip().lower() for name in names if name.strip()]
    for name in wanted:
        if name not in _BY_NAME:
            hint = meant(name, COLUMN_NAMES, f"there are {', '.join(COLUMN_NAMES)}")
            raise UsageError(f"no column is called {one_line(name)[:40]!r}: {hint}")
    return known_columns(wanted)
