"""The keys: what each does, and which of them the bottom line and the help name."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Deed:
    """A key (or several, comma-separated), its action, and its words.

    `sign` is how people write the key; `order` its place in the bottom line, 0 for none.
    """

    keys: str
    action: str
    sign: str
    word: str
    says: str
    order: int = 0
    is_dangerous: bool = False


DEEDS = (
    Deed("question_mark", "help", "?", "help", "this help", 1),
    Deed("q", "quit_or_leave", "q", "quit", "back; at the top quit (running agents go on)", 2),
    Deed("r", "resume", "r", "resume", "resume with a prompt", 3, True),
    Deed("e", "extend", "e", "extend", "extend: 7, 30, 12h, +7d, 2026-12-24", 4, True),
    Deed("d", "delete", "d", "delete", "delete into the trash", 5, True),
    Deed(
        "slash",
        "filter",
        "/",
        "filter",
        "filter: words, stage:3, live, <24h, !; in Live: search",
        6,
    ),
    Deed("n", "find(1)", "n", "", "in full Live, on a page: search again", 7),
    Deed("N", "find(-1)", "N", "", "the same, backwards"),
    Deed("a", "answer", "a", "answer", "answer a permission request", 7, True),
    Deed("i", "interrupt", "i", "interrupt", "interrupt the turn", 9, True),
    Deed("u", "undo", "u", "undo", "undo my last delete, clean-up or extension", 8, True),
    Deed(
        "c",
        "clean_up",
        "c",
        "clean up",
        "clean up: preview what goes, then into the trash",
        10,
        True,
    ),
    Deed("exclamation_mark", "attention", "!", "next", "the next that needs somebody", 11),
    Deed("colon,ctrl+p", "command", ":", "verbs", "every verb by its name (Tab completes)", 12),
    Deed("space", "mark", "space", "mark", "mark this one (in full Live: a page on)"),
    Deed("asterisk", "mark_all", "*", "mark all", "mark all shown, or none"),
    Deed("s", "sort", "s", "sort", "next order: attention, ends, quiet, size, cost, listing"),
    Deed("F", "follow", "F", "follow", "follow the end of the stream, or stop", 13),
    Deed("t", "tools", "t", "", "tools and thinking in Live: short, in full, off", 9),
    Deed("left_square_bracket", "entry(-1)", "[", "", "in full Live: entry before; Enter opens"),
    Deed("right_square_bracket", "entry(1)", "]", "", "in full Live: entry after; Enter opens"),
    Deed("y", "copy", "y", "copy id", "copy the id; in full Live the entry", 14),
    Deed("Y", "copy_command", "Y", "copy command", "copy the command that does this"),
    Deed("tab", "next_pane", "Tab", "pane", "the next pane", 15),
    Deed("shift+tab", "next_pane(-1)", "S-Tab", "pane", "the pane before"),
    *(
        Deed(str(number), f"pane({number})", str(number), name, f"the pane {name}")
        for number, name in enumerate(("Listings", "Sessions", "Expiry", "Live"), 1)
    ),
    Deed("down,j", "move(1)", "j ↓", "down", "down"),
    Deed("up,k", "move(-1)", "k ↑", "up", "up"),
    Deed("g,home", "move_to('top')", "g", "first", "the first"),
    Deed("G,end", "move_to('end')", "G", "last", "the last"),
    Deed("pagedown,ctrl+f", "page(1)", "PgDn", "page", "a page on"),
    Deed("pageup,ctrl+b,b", "page(-1)", "PgUp", "page", "a page back"),
    Deed(
        "enter",
        "enter",
        "Enter",
        "open",
        "in: a listing, failures of one cause, the full Live",
    ),
    Deed("escape", "leave", "Esc", "back", "back: out of Live, off the marks, the filter"),
    Deed("ctrl+l", "redraw", "^L", "redraw", "draw the screen again"),
    Deed("ctrl+z", "suspend", "^Z", "suspend", "suspend"),
    Deed("ctrl+c", "how_to_quit", "^C", "", "says how to quit"),
)


def bindings(*, is_read_only: bool) -> list[BindingType]:
    """Return the bindings; the dangerous ones are not there when the console may only look.

    They have priority so that they act in the order of the keys, whatever is typed ahead.
    """
    return [
        Binding(deed.keys, deed.action, deed.says, key_display=deed.sign, priority=True)
        for deed in DEEDS
        if not (is_read_only and deed.is_dangerous)
    ]


IN_FULL = frozenset(
    {"help", "quit_or_leave", "leave", "answer", "interrupt", "follow", "copy", "copy_command",
     "mark", "filter", "find", "pane", "next_pane", "move", "move_to", "page", "redraw", "suspend",
     "how_to_quit", "enter", "tools", "entry", "command"}
)  # fmt: skip
ON_TEXT = {
    "quit_or_leave": "back",
    "filter": "search",
    "find(1)": "again",
    "tools": "tools",
    "copy": "copy",
}
WHEN_TINY = frozenset({"quit_or_leave", "redraw", "suspend", "how_to_quit"})
ON_PAGE = frozenset(
    {"help", "quit_or_leave", "leave", "move", "move_to", "page", "mark", "filter", "find",
     "command", "redraw", "suspend", "how_to_quit"}
)  # fmt: skip
