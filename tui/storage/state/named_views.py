"""Named views: an operator's own in a private file, and those shared in a root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tui.core.console.column_table import known_columns
from tui.core.console.named_view import MOST_VIEWS, NamedView, Origin, is_view_name
from tui.core.errors import Refused
from tui.core.sessions.session_filter import MOST_CHARACTERS, is_filter
from tui.core.sessions.session_order import ATTENTION, SORTS
from tui.core.text.safe_text import one_line
from tui.storage.state.json_file import SharedFile, operator_file

_KIND = "named-views"
_SHARED = SharedFile("views.json", 256 * 1024)
_LONGEST_LISTING = 255
_LONGEST_OPERATOR = 64
_MOST_COLUMNS = 100

Change = Callable[[tuple[NamedView, ...]], Iterable[NamedView]]


def read_own_views(state_dir: Path, root: Path, operator: str) -> tuple[NamedView, ...]:
    """Return the operator's own views; raises `OSError` when they cannot be read."""
    file = operator_file(state_dir, _KIND, root, operator)
    return _views(_stored(file.read(), file.damaged), Origin.OWN)


def change_own_views(state_dir: Path, root: Path, operator: str, change: Change) -> None:
    """Replace the operator's own views by what `change` makes of them; as `change_shared_views`."""
    file = operator_file(state_dir, _KIND, root, operator)
    with file.locked():
        stored = file.read()
        views = _changed(_stored(stored, file.damaged), change, Origin.OWN)
        file.write(stored | {"root": str(root), "views": views})


def read_shared_views(root: Path) -> tuple[NamedView, ...]:
    """Return the views that are shared in a root; raises `OSError` when they cannot be read.

    What is not a view of ours is left out: other operators write this file.
    """
    return _views(_stored(_SHARED.read(root), partial(_SHARED.damaged, root)), Origin.SHARED)


def change_shared_views(root: Path, change: Change) -> None:
    """Replace the shared views by what `change` makes of them, and let no other writer between.

    What is not a view of ours stays in the file. Raises `OSError`, and `Refused` when another
    process keeps the file locked, it would be too large to be read again, or a new view would
    replace what is not a view of ours.
    """
    with _SHARED.locked(root):
        stored = _SHARED.read(root)
        views = _changed(_stored(stored, partial(_SHARED.damaged, root)), change, Origin.SHARED)
        facts = stored | {"views": views}
        if not _SHARED.fits(facts):
            raise Refused("the shared views are full: delete one first")
        _SHARED.write(root, facts)


def _changed(stored: Mapping[str, Any], change: Change, origin: Origin) -> dict[str, Any]:
    """Return what is to be stored by name; raises what `change` does, and `Refused`."""
    before = _views(stored, origin)
    others = stored.keys() - {one.name for one in before}
    views = {}
    for one in change(before):
        if one.name in others:
            raise Refused(f"an invalid view {one.name} is stored already: use another name")
        views[one.name] = stored[one.name] if one in before else _facts(one)
    return views | {name: stored[name] for name in stored if name in others}


def _stored(found: Mapping[str, Any], damaged: Callable[[], OSError]) -> dict[str, Any]:
    """Return what is stored by name, valid or not; raises `OSError`."""
    stored = found.get("views", {})
    if not isinstance(stored, dict):
        raise damaged()
    return stored


def _facts(view: NamedView) -> dict[str, Any]:
    return {
        "listing": view.listing,
        "filter": view.filter,
        "sort": view.sort,
        "is_reversed": view.is_reversed,
        "columns": list(view.columns),
        **({"by": view.by} if view.by else {}),
    }


def _views(stored: Mapping[str, Any], origin: Origin) -> tuple[NamedView, ...]:
    views = (_view(name, facts, origin) for name, facts in list(stored.items())[:MOST_VIEWS])
    return tuple(one for one in views if one is not None)


def _view(name: str, facts: Any, origin: Origin) -> NamedView | None:
    """Return a stored view; `None` when any part of it is not one that we would have stored."""
    if not is_view_name(name) or not isinstance(facts, dict):
        return None
    listing, typed = _text(facts.get("listing")), _text(facts.get("filter"))
    sort, by = _text(facts.get("sort")), _text(facts.get("by"))[:_LONGEST_OPERATOR]
    columns = facts.get("columns")
    names = columns[:_MOST_COLUMNS] if isinstance(columns, list) else []
    if len(listing) > _LONGEST_LISTING or not is_filter(typed):
        return None
    return NamedView(
        name=name,
        listing=listing,
        filter=typed,
        sort=sort if sort in SORTS else ATTENTION,
        is_reversed=facts.get("is_reversed") is True,
        columns=known_columns(one for one in names if isinstance(one, str)),
        origin=origin,
        by=(by or "somebody") if origin is Origin.SHARED else "",
    )


def _text(value: object) -> str:
    return one_line(value[: MOST_CHARACTERS + 1]) if isinstance(value, str) else ""
