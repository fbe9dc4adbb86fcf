"""What each key does: one literal, from which the keys, the bottom line and the help are made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from tui.core.console.pane_table import PANES


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
    for none. `acts_on` is what it does nothing without: the selected session, the marked or
    selected ones, or a catalog. It may need the pane `sessions` to be active or shown, and says
    `elsewhere` if it is not, with the key of Sessions in the place of `{}`. A key that `changes`
    something is refused by a read-only console; one that `leads_out`, to a shell, by a restricted
    one. `is_fixed` keys cannot be changed in the settings.
    """

    name: str
    keys: tuple[str, ...]
    handler: str
    help: str
    args: tuple[int | str, ...] = ()
    word: str = ""
    text_word: str = ""
    order: int = 0
    reach: Reach = Reach.PANES
    acts_on: Literal["", "one", "targets", "catalog"] = ""
    sessions: Literal["", "active", "shown"] = ""
    elsewhere: str = ""
    changes: bool = False
    leads_out: bool = False
    is_fixed: bool = False


_MARKS_THERE = "only sessions can be marked: {} goes there"

KEY_ACTIONS = (
    KeyAction(
        name="help",
        keys=("?",),
        handler="help",
        help="this help",
        word="help",
        order=1,
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="quit",
        keys=("q",),
        handler="quit_or_leave",
        help="back; at the top, quit (running agents continue)",
        word="quit",
        text_word="back",
        order=2,
        reach=Reach.TINY,
    ),
    KeyAction(
        name="resume",
        keys=("r",),
        handler="resume",
        help="resume with a prompt",
        word="resume",
        order=3,
        acts_on="targets",
        changes=True,
    ),
    KeyAction(
        name="extend",
        keys=("e",),
        handler="extend",
        help="extend: 7, 30, 12h, +7d, 2026-12-24",
        word="extend",
        order=4,
        acts_on="targets",
        changes=True,
    ),
    KeyAction(
        name="delete",
        keys=("d",),
        handler="delete",
        help="delete into the trash",
        word="delete",
        order=5,
        acts_on="targets",
        changes=True,
    ),
    KeyAction(
        name="filter",
        keys=("/",),
        handler="filter",
        help="filter: words, stage:3, live, <24h, !; in Live: search",
        word="filter",
        text_word="search",
        order=6,
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="again",
        keys=("n",),
        handler="find",
        args=(1,),
        help="in full Live or a page: next match",
        text_word="again",
        order=7,
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="again_back",
        keys=("N",),
        handler="find",
        args=(-1,),
        help="previous match",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="answer",
        keys=("a",),
        handler="answer",
        help="answer a permission request",
        word="answer",
        order=7,
        reach=Reach.FULL,
        acts_on="one",
        changes=True,
    ),
    KeyAction(
        name="interrupt",
        keys=("i",),
        handler="interrupt",
        help="interrupt the turn",
        word="interrupt",
        order=9,
        reach=Reach.FULL,
        acts_on="one",
        changes=True,
    ),
    KeyAction(
        name="undo",
        keys=("u",),
        handler="undo",
        help="undo my last delete, clean-up or extension",
        word="undo",
        order=8,
        changes=True,
    ),
    KeyAction(
        name="cleanup",
        keys=("c",),
        handler="clean_up",
        help="clean up: preview, then move to the trash",
        word="clean up",
        order=10,
        acts_on="catalog",
        changes=True,
    ),
    KeyAction(
        name="next",
        keys=("!",),
        handler="attention",
        help="next session that needs attention",
        word="next",
        order=11,
        acts_on="catalog",
    ),
    KeyAction(
        name="verbs",
        keys=(":", "ctrl+p"),
        handler="command",
        help="every verb by its name (Tab completes)",
        word="verbs",
        order=12,
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="mark",
        keys=("space",),
        handler="mark",
        help="mark this one (in full Live: next page)",
        word="mark",
        reach=Reach.PAGE,
        acts_on="targets",
        sessions="active",
        elsewhere=_MARKS_THERE,
    ),
    KeyAction(
        name="mark_all",
        keys=("*",),
        handler="mark_all",
        help="mark all shown, or none",
        word="mark all",
        acts_on="catalog",
        sessions="active",
        elsewhere=_MARKS_THERE,
    ),
    KeyAction(
        name="sort",
        keys=("s",),
        handler="sort",
        help="next sort: attention, ends, quiet, size, cost, listing",
        word="sort",
        sessions="shown",
        elsewhere="only Sessions can be sorted: {} goes there",
    ),
    KeyAction(
        name="follow",
        keys=("F",),
        handler="follow",
        help="follow the end of the stream, or stop",
        word="follow",
        order=13,
        reach=Reach.FULL,
    ),
    KeyAction(
        name="tools",
        keys=("t",),
        handler="tools",
        help="tools and thinking in Live: short, full, off",
        text_word="tools",
        order=9,
        reach=Reach.FULL,
    ),
    KeyAction(
        name="entry_before",
        keys=("[",),
        handler="entry",
        args=(-1,),
        help="in full Live: previous entry; Enter opens it",
        reach=Reach.FULL,
    ),
    KeyAction(
        name="entry_after",
        keys=("]",),
        handler="entry",
        args=(1,),
        help="in full Live: next entry; Enter opens it",
        reach=Reach.FULL,
    ),
    KeyAction(
        name="copy",
        keys=("y",),
        handler="copy",
        help="copy the id; in full Live the entry",
        word="copy id",
        text_word="copy",
        order=14,
        reach=Reach.FULL,
    ),
    KeyAction(
        name="copy_command",
        keys=("Y",),
        handler="copy_command",
        help="copy the command that does this",
        word="copy command",
        reach=Reach.FULL,
    ),
    KeyAction(
        name="pane_next",
        keys=("tab",),
        handler="next_pane",
        args=(1,),
        help="next pane",
        word="pane",
        order=15,
        reach=Reach.FULL,
    ),
    KeyAction(
        name="pane_before",
        keys=("shift+tab",),
        handler="next_pane",
        args=(-1,),
        help="previous pane",
        word="pane",
        reach=Reach.FULL,
    ),
    *(
        KeyAction(
            name=pane.name,
            keys=(pane.key,),
            handler="pane",
            args=(pane.number,),
            help=f"the pane {pane.title}",
            word=pane.title,
            reach=Reach.FULL,
            is_fixed=True,
        )
        for pane in PANES
    ),
    KeyAction(
        name="down",
        keys=("j", "down"),
        handler="move",
        args=(1,),
        help="down",
        word="down",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="up",
        keys=("k", "up"),
        handler="move",
        args=(-1,),
        help="up",
        word="up",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="first",
        keys=("g", "home"),
        handler="move_to",
        args=("top",),
        help="the first",
        word="first",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="last",
        keys=("G", "end"),
        handler="move_to",
        args=("end",),
        help="the last",
        word="last",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="page_down",
        keys=("pagedown", "ctrl+f"),
        handler="page",
        args=(1,),
        help="next page",
        word="page",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="page_up",
        keys=("pageup", "ctrl+b", "b"),
        handler="page",
        args=(-1,),
        help="previous page",
        word="page",
        reach=Reach.PAGE,
    ),
    KeyAction(
        name="open",
        keys=("enter",),
        handler="enter",
        help="open: a listing, a group of failures, the full Live",
        word="open",
        reach=Reach.FULL,
        is_fixed=True,
    ),
    KeyAction(
        name="back",
        keys=("escape",),
        handler="leave",
        help="back: leave Live, clear marks and filter",
        word="back",
        reach=Reach.PAGE,
        is_fixed=True,
    ),
    KeyAction(
        name="redraw",
        keys=("ctrl+l",),
        handler="redraw",
        help="redraw the screen",
        word="redraw",
        reach=Reach.TINY,
    ),
    KeyAction(
        name="suspend",
        keys=("ctrl+z",),
        handler="suspend",
        help="suspend; `fg` brings it back",
        word="suspend",
        reach=Reach.TINY,
        leads_out=True,
    ),
    KeyAction(
        name="how_to_quit",
        keys=("ctrl+c",),
        handler="how_to_quit",
        help="says how to quit",
        reach=Reach.TINY,
        is_fixed=True,
    ),
)
