"""The view that a console restores at an operator's next start on the same root."""

from __future__ import annotations

from collections.abc import Collection

from tui.core.models.session import Key
from tui.core.values import dataclass

MOST_DRAFTS = 8
DENY = "deny"


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt that was typed and not sent.

    `question` is the verb: `resume`, `fork`, `send`, or `new` (with the stage as `session_id`), or
    `deny` with the id of the request. For several `sessions` listing and id are empty.
    """

    question: str
    listing: str
    session_id: str
    text: str
    sessions: tuple[Key, ...] = ()

    @property
    def request_id(self) -> str:
        """The request that it denies, if it does."""
        verb, _, request_id = self.question.partition(" ")
        return request_id if verb == DENY else ""

    def may_quote(self, keys: Collection[Key]) -> bool:
        """Whether it is about one of these sessions; one about unknown sessions may be."""
        if self.question == "new":
            return False
        if self.session_id:
            return (self.listing, self.session_id) in keys
        return not self.sessions or any(key in keys for key in self.sessions)


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
