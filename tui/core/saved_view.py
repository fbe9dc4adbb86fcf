"""What a console remembers for the next start of the same operator on the same root."""

from __future__ import annotations

from dataclasses import dataclass

from tui.core.models.session import Key

MOST_DRAFTS = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed at a question and never sent; the names are empty for one about marks.

    `question` is the verb that asked: `resume`, `fork`, `send`, `new` (with a stage for an id).
    """

    question: str
    listing: str
    session_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SavedView:
    """The view: what was shown, in which order, what was selected and marked, what was typed.

    `selected` is `None` when nobody had placed the selection, `row` where it was; `reading` is
    the place in the selected stream where its end was not followed.
    """

    listing: str = ""
    filter: str = ""
    sort: str = ""
    is_wide: bool = False
    opened: frozenset[str] = frozenset()
    pane: int = 0
    selected: Key | None = None
    row: int = 0
    marks: frozenset[Key] = frozenset()
    reading: int | None = None
    drafts: tuple[Draft, ...] = ()
