"""An operator's view of a root, kept for the next start in a private file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tui.core.console.saved_view import MOST_DRAFTS, Draft, SavedView
from tui.core.models.session import Key
from tui.core.text.safe_text import one_line, safe_text
from tui.storage.state.json_file import operator_file

_KIND = "view"
_MOST = 100_000
_MOST_COLUMNS = 100
_LONGEST_NAME = 1000
_LONGEST_TEXT = 250_000


def read_remembered(state_dir: Path, root: Path, operator: str) -> SavedView:
    """Return the saved view; what it names need not exist any more.

    Raises `OSError` when it cannot be read: then it must not be overwritten.
    """
    return _read(operator_file(state_dir, _KIND, root, operator).read())


def write_remembered(state_dir: Path, root: Path, operator: str, view: SavedView) -> None:
    """Store a view; raises `OSError`."""
    facts = {
        "root": str(root),
        "listing": view.listing,
        "filter": view.filter,
        "sort": view.sort,
        "is_reversed": view.is_reversed,
        "columns": view.columns,
        "opened": sorted(view.opened),
        "pane": view.pane,
        "selected": view.selected,
        "row": view.row,
        "marks": sorted(view.marks),
        "reading": view.reading,
        "drafts": [
            [one.question, one.listing, one.session_id, one.text, one.sessions]
            for one in view.drafts
        ],
    }
    operator_file(state_dir, _KIND, root, operator).write(facts)


def _read(found: dict[str, Any]) -> SavedView:
    drafts = (_draft(one) for one in _list(found.get("drafts"))[:MOST_DRAFTS])
    return SavedView(
        listing=_word(found.get("listing")),
        filter=_word(found.get("filter")),
        sort=_word(found.get("sort")),
        is_reversed=found.get("is_reversed") is True,
        columns=tuple(_word(one) for one in _list(found.get("columns"))[:_MOST_COLUMNS]),
        opened=frozenset(_word(one) for one in _list(found.get("opened"))) - {""},
        pane=_count(found.get("pane")) or 0,
        selected=_key(found.get("selected")),
        row=_count(found.get("row")) or 0,
        marks=frozenset(key for one in _list(found.get("marks")) if (key := _key(one))),
        reading=_count(found.get("reading")),
        drafts=tuple(one for one in drafts if one is not None),
    )


def _list(value: object) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _word(value: object) -> str:
    return one_line(value[:_LONGEST_NAME]) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return value if isinstance(value, int) and is_count else None


def _key(value: object) -> Key | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    listing, session_id = value
    if not isinstance(listing, str) or not isinstance(session_id, str):
        return None
    return _word(listing), _word(session_id)


def _draft(value: object) -> Draft | None:
    if not isinstance(value, list) or len(value) not in (4, 5):
        return None
    if not all(isinstance(one, str) for one in value[:4]):
        return None
    question, listing, session_id = map(_word, value[:3])
    cleaned = safe_text(value[3][:_LONGEST_TEXT]).strip()
    keys = [_key(one) for one in _list(value[4])] if len(value) > 4 else []  # older ones have none
    sessions = () if None in keys else tuple(key for key in keys if key)
    return Draft(question, listing, session_id, cleaned, sessions) if cleaned else None
