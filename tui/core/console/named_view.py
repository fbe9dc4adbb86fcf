"""Named views: a listing, a filter, an order and columns, called by a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from tui.core.errors import ConsoleError, Reason, UsageError
from tui.core.sessions.session_order import ATTENTION
from tui.core.text.late_pattern import late_pattern
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, replace

MOST_VIEWS = 100
SAVE, DELETE = "save", "delete"
VERBS = (SAVE, DELETE)
KEY_PREFIX = "view:"  # before a view's name in the keymap
_NAME = late_pattern(r"[a-z0-9][a-z0-9._-]{0,39}")


class Origin(StrEnum):
    """Where a view comes from: the first of these has its name."""

    OWN = "own"
    SHIPPED = "shipped"
    SHARED = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedView:
    """A view; without `columns` it leaves those that are shown.

    `by` is who shared it, `is_hidden` whether an own or shipped view has its name.
    """

    name: str
    listing: str = ""
    filter: str = ""
    sort: str = ATTENTION
    is_reversed: bool = False
    columns: tuple[str, ...] = ()
    origin: Origin = Origin.OWN
    by: str = ""
    is_hidden: bool = False

    @property
    def origin_words(self) -> str:
        """Where it comes from, for people."""
        if self.origin is not Origin.SHARED:
            return str(self.origin)
        return f"shared by {self.by}{', hidden by the one above' if self.is_hidden else ''}"


SHIPPED = (
    NamedView(name="needs-attention", filter="attention", origin=Origin.SHIPPED),
    NamedView(name="running", filter="live or starting or queued", origin=Origin.SHIPPED),
    NamedView(name="ends-today", filter="<24h", sort="ends", origin=Origin.SHIPPED),
    NamedView(name="expensive", filter="cost>5", sort="cost", origin=Origin.SHIPPED),
)


def is_view_name(text: str) -> bool:
    """Whether a view may have this name."""
    return _NAME.fullmatch(text) is not None and text not in VERBS


def view_name(typed: str) -> str:
    """Return the name that was typed. Raises `UsageError` for one that no view may have."""
    name = typed.lower()
    if not is_view_name(name):
        shown = one_line(typed)[:40]
        raise UsageError(f"{shown!r} is no name for a view: use letters, digits and dashes")
    return name


def joined(own: Iterable[NamedView], shared: Iterable[NamedView]) -> tuple[NamedView, ...]:
    """Return all views by name: own ones before those that are shipped, and these before shared."""
    views = {one.name: one for one in (*SHIPPED, *own)}
    others = (replace(one, is_hidden=one.name in views) for one in shared)
    return tuple(sorted((*views.values(), *others), key=lambda one: (one.name, one.is_hidden)))


def found(views: Sequence[NamedView], typed: str, problem: str = "") -> NamedView:
    """Return the view of that name. Raises `UsageError`, with those that there are.

    With a `problem`, not all views could be read: raises `ConsoleError`, as it may be among them.
    """
    named = {one.name: one for one in views if not one.is_hidden}
    if (view := named.get(typed.lower())) is not None:
        return view
    if problem:
        raise ConsoleError(problem, Reason.UNREAD)
    hint = meant(typed.lower(), named, "`view` lists them")
    raise UsageError(f"no view is called {one_line(typed)[:40]!r}: {hint}")
