"""Lines of the hand-over's Markdown, and the commands in them. What others wrote is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tui.cli.declarations.table import BY_NAME
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Session
from tui.core.text.markdown_quoting import code, escaped
from tui.core.text.safe_text import cut, one_line
from tui.core.text.shell_line import shell_line
from tui.core.time.zones import LOCAL
from tui.operations.formatting import count
from tui.operations.monitor.hand_over import HandOver

ShellLine = Callable[[Sequence[str]], str]
MOST_AT_ONCE = 50  # sessions that one command names: no more runs than that may wait
_LONGEST_TITLE, _LONGEST_NOTE = 60, 160
_WIDEST_ON_PAGE = 120
_FEW_LISTINGS = 3


class Row(NamedTuple):
    """One line of Markdown, and where it leads on a page of the console."""

    text: str
    target: LineTarget | None = None


EMPTY = Row("")


class CommandLines:
    """Adds commands to lines, with ids as short as they may be.

    `as_shell` makes a command line of a verb's words; without it they are written as the console's
    `:` line takes them, and a long one is cut, since Enter has the whole.
    """

    def __init__(self, sessions: Iterable[Session], as_shell: ShellLine | None) -> None:
        self._as_shell = as_shell
        there = tuple(sessions)
        self._shorter = _short_addresses(there)
        self._keys = {one.address: one.key for one in there}

    def row(self, text: str, words: Sequence[str]) -> Row:
        """Return a line that ends with a command, and leads to it or to its session."""
        command = self.shown(words)
        return Row(f"{text} → {command}", self._target(words)) if command else Row(text)

    def shown(self, words: Sequence[str]) -> str:
        """Return a command as a code span, empty without words."""
        if not words:
            return ""
        short = [self._shorter.get(word, word) for word in words]
        if self._as_shell is not None:
            return code(one_line(self._as_shell(short)))
        typed = one_line(shell_line(short).partition(" ")[2])
        return code(cut(f":{typed}", _WIDEST_ON_PAGE))

    def _target(self, words: Sequence[str]) -> LineTarget:
        if not BY_NAME[words[0]].acts:
            key = next((self._keys[one] for one in words if one in self._keys), None)
            if key is not None:
                return LineTarget(listing=key[0], session_id=key[1])
        return LineTarget(command=tuple(words))


def _short_addresses(sessions: Iterable[Session]) -> Mapping[str, str]:
    """Return the addresses that can be shortened, with what they become."""
    shorts: dict[str, list[str]] = {}
    for one in sessions:
        shorts.setdefault(place(one.listing, one.session_id), []).append(one.address)
    return {many[0]: short for short, many in shorts.items() if len(many) == 1}


def place(listing: str, session_id: str) -> str:
    """Return a session's address with its short id, or the name of a listing."""
    return f"{listing}/{session_id[:8]}" if session_id else listing


def where(listing: str, session_id: str) -> str:
    """Return that as a code span; empty for the whole root."""
    return code(one_line(place(listing, session_id)))


def label(session: Session | None) -> str:
    """Return a session's title and the note that operators keep, each after a blank."""
    if session is None:
        return ""
    title, note = shown(session.title, _LONGEST_TITLE), shown(session.note, _LONGEST_NOTE)
    return f"{title and f' {title}'}{note and f' (note: {note})'}"


def resume_all(sessions: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the words of the one verb that resumes the first of them, by listing and id."""
    first, *others = (f"{listing}/{own}" for listing, own in sessions[:MOST_AT_ONCE])
    return ("resume", first, *(word for one in others for word in ("--also", one)))


def shown(text: str, longest: int) -> str:
    """Return a text of others on one line, escaped; a longer one ends with `…`."""
    line = one_line(text)
    return escaped(line if len(line) <= longest else f"{line[: longest - 1]}…")


def since_words(found: HandOver) -> tuple[str, ...]:
    """Return the arguments of a verb for the same time and listing."""
    named = (found.listing,) if found.listing else ()
    return (*named, "--since", f"{found.since.astimezone(LOCAL):%Y-%m-%d %H:%M}")


def by_listing(listings: Iterable[str]) -> str:
    """Return how many each listing has: `alder 20, beacon 3 and 4 more listings`."""
    counts = sorted(Counter(listings).items(), key=lambda one: (-one[1], one[0]))
    named = [f"{shown(name, 64)} {number}" for name, number in counts[:_FEW_LISTINGS]]
    more = len(counts) - len(named)
    rest = f" and {count(more, 'more listing')}" if more else ""
    return f"{', '.join(named)}{rest}"


def section(head: str, rows: Iterable[Row]) -> list[Row]:
    """Return a section, or nothing if it has no rows."""
    found = list(rows)
    return [EMPTY, Row(f"## {head}"), EMPTY, *found] if found else []
