"""What declares a key: its words, how far it acts, and what it acts on."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

from tui.core.console.disabled_reason import WhyNot, nothing
from tui.core.values import dataclass


class Reach(IntEnum):
    """How far a key acts: each reach includes those before it."""

    PANES = 1
    FULL = 2  # also while the stream of one session has the screen
    PAGE = 3  # also while a page covers the panes
    TINY = 4  # also while the terminal is too small to show anything


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAction:
    """A key: its name in the settings, its default keys, its handler and its words.

    `order` is its place in the bottom line, where it is called `word`, or `text_word` over text; 0
    for none. With a `line_word` it is there only on a selected line of a page, and called that.
    `acts_on` is what it does nothing without: the selected session, the marked or selected ones, a
    catalog, or anything that has a name; `why_not` says why it can do nothing with a session. It
    may need the pane `sessions` to be active or shown, and says `elsewhere` if it is not, with the
    key of Sessions in the place of `{}`. A key that `changes` something is refused by a read-only
    console; one that `leads_out`, to a shell, by a restricted one. One that `opens_line` does so
    also when more is typed at once. After one that `moves_on`, what was done before is no longer
    what is copied. One that `takes_back` is in the bottom line only while this console has done
    something that it can take back. `is_fixed` keys cannot be changed in the settings.
    """

    name: str
    keys: tuple[str, ...]
    handler: str
    help: str
    args: tuple[int | str, ...] = ()
    word: str = ""
    text_word: str = ""
    line_word: str = ""
    order: int = 0
    reach: Reach = Reach.PANES
    acts_on: Literal["", "one", "targets", "catalog", "named"] = ""
    why_not: WhyNot = nothing
    sessions: Literal["", "active", "shown"] = ""
    elsewhere: str = ""
    changes: bool = False
    leads_out: bool = False
    opens_line: bool = False
    moves_on: bool = False
    takes_back: bool = False
    is_fixed: bool = False
