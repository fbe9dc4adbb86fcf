"""What the keys do: their words, their places in the bottom line, and where they act."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingType
from textual.keys import _character_to_key

from tui.core.keymap import DANGEROUS, Keymap
from tui.operations.context import VerbInfo
from tui.ui.actions.verbs import OWN


@dataclass(frozen=True, slots=True)
class KeyAction:
    """What a key does: its name in the settings, its action, and its words.

    `order` is its place in the bottom line, 0 for none.
    """

    name: str
    action: str
    word: str
    says: str
    order: int = 0
    is_dangerous: bool = False


def _deed(name: str, action: str, word: str, says: str, order: int = 0) -> KeyAction:
    return KeyAction(name, action, word, says, order, name in DANGEROUS)


DEEDS = (
    _deed("help", "help", "help", "this help", 1),
    _deed("quit", "quit_or_leave", "quit", "back; at the top quit (running agents go on)", 2),
    _deed("resume", "resume", "resume", "resume with a prompt", 3),
    _deed("extend", "extend", "extend", "extend: 7, 30, 12h, +7d, 2026-12-24", 4),
    _deed("delete", "delete", "delete", "delete into the trash", 5),
    _deed(
        "filter", "filter", "filter", "filter: words, stage:3, live, <24h, !; in Live: search", 6
    ),
    _deed("again", "find(1)", "", "in full Live, on a page: search again", 7),
    _deed("again_back", "find(-1)", "", "the same, backwards"),
    _deed("answer", "answer", "answer", "answer a permission request", 7),
    _deed("interrupt", "interrupt", "interrupt", "interrupt the turn", 9),
    _deed("undo", "undo", "undo", "undo my last delete, clean-up or extension", 8),
    _deed(
        "cleanup", "clean_up", "clean up", "clean up: preview what goes, then into the trash", 10
    ),
    _deed("next", "attention", "next", "the next that needs somebody", 11),
    _deed("verbs", "command", "verbs", "every verb by its name (Tab completes)", 12),
    _deed("mark", "mark", "mark", "mark this one (in full Live: a page on)"),
    _deed("mark_all", "mark_all", "mark all", "mark all shown, or none"),
    _deed("sort", "sort", "sort", "next order: attention, ends, quiet, size, cost, listing"),
    _deed("follow", "follow", "follow", "follow the end of the stream, or stop", 13),
    _deed("tools", "tools", "", "tools and thinking in Live: short, in full, off", 9),
    _deed("entry_before", "entry(-1)", "", "in full Live: entry before; Enter opens"),
    _deed("entry_after", "entry(1)", "", "in full Live: entry after; Enter opens"),
    _deed("copy", "copy", "copy id", "copy the id; in full Live the entry", 14),
    _deed("copy_command", "copy_command", "copy command", "copy the command that does this"),
    _deed("pane_next", "next_pane", "pane", "the next pane", 15),
    _deed("pane_before", "next_pane(-1)", "pane", "the pane before"),
    *(
        _deed(name.lower(), f"pane({number})", name, f"the pane {name}")
        for number, name in enumerate(("Listings", "Sessions", "Expiry", "Live"), 1)
    ),
    _deed("down", "move(1)", "down", "down"),
    _deed("up", "move(-1)", "up", "up"),
    _deed("first", "move_to('top')", "first", "the first"),
    _deed("last", "move_to('end')", "last", "the last"),
    _deed("page_down", "page(1)", "page", "a page on"),
    _deed("page_up", "page(-1)", "page", "a page back"),
    _deed("open", "enter", "open", "in: a listing, failures of one cause, the full Live"),
    _deed("back", "leave", "back", "back: out of Live, off the marks, the filter"),
    _deed("redraw", "redraw", "redraw", "draw the screen again"),
    _deed("suspend", "suspend", "suspend", "suspend; `fg` brings it back"),
    _deed("how_to_quit", "how_to_quit", "", "says how to quit"),
)
_LAST = 16


def deeds(keys: Keymap, verbs: Sequence[VerbInfo]) -> tuple[KeyAction, ...]:
    """Return what the keys do; the key of a verb types it at the `:` line."""
    named = {verb.name: verb for verb in (*verbs, *OWN)}
    spoken = tuple(_spoken(named[name]) for name in keys.verbs if name in named)
    return DEEDS + spoken


def _spoken(verb: VerbInfo) -> KeyAction:
    name = verb.name
    return KeyAction(name, f"verb('{name}')", name, f":{name}, {verb.summary}", _LAST, verb.acts)


def bindings(there: Iterable[KeyAction], keys: Keymap) -> list[BindingType]:
    """Return the bindings of what is there.

    They have priority so that they act in the order of the keys, whatever is typed ahead.
    """
    return [
        Binding(_textual(keys.keys[deed.name]), f"press('{deed.name}')", deed.says, priority=True)
        for deed in there
    ]


def textual_name(key: str) -> str:
    """Return the name that Textual has for a key."""
    return _character_to_key(key) if len(key) == 1 else key


def _textual(keys: Iterable[str]) -> str:
    """Return keys as Textual takes them: it parts them by commas, and spells signs itself."""
    return ",".join("comma" if key == "," else key for key in keys)


IN_FULL = frozenset(
    {"help", "quit_or_leave", "leave", "answer", "interrupt", "follow", "copy", "copy_command",
     "mark", "filter", "find", "pane", "next_pane", "move", "move_to", "page", "redraw", "suspend",
     "how_to_quit", "enter", "tools", "entry", "command", "verb"}
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
     "command", "verb", "redraw", "suspend", "how_to_quit"}
)  # fmt: skip
