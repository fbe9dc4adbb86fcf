"""The view that a console restores at an operator's next start on the same root."""

from __future__ import annotations

from dataclasses import dataclass

from tui.core.models.session import Key

MOST_DRAFTS = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt that was typed and not sent; listing and id are empty for one to marked sessions.

    `question` is the verb: `resume`, `fork`, `send`, or `new` (with the stage as `session_id`).
    """

    question: str
    listing: str
    session_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """What was shown, in which order, selected, marked and typed.

    `selected` is `None` if the operator had not moved the selection; `row` is its position.
    `reading` is the position in the selected stream, `None` when its end was followed.
    """

    listing: str = ""
    filter: str = ""
    sort: str = ""
    is_reversed: bool = False
    columns: tuple[str, ...] = ()
    opened: frozenset[str] = frozenset()
    pane: int = 0
    selected: Key | None = None
    row: int = 0
    marks: frozenset[Key] = frozenset()
    reading: int | None = None
    drafts: tuple[Draft, ...] = ()
