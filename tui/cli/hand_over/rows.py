"""Lines of the hand-over's Markdown, and the commands in them. What others wrote is escaped."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tui.cli.declarations.table import BY_NAME
from tui.core.models.line_target import LineTarget
from tui.core.models.session import Key, Session
from tui.core.sessions.attention import FEW
from tui.core.text.markdown_quoting import code, escaped, fence
from tui.core.text.safe_text import cell_width, one_line
from tui.core.text.shell_line import shell_line
from tui.core.time.zones import LOCAL
from tui.operations.formatting import count
from tui.operations.monitor.hand_over import HandOver

ShellLine = Callable[[Sequence[str]], str]
MOST_AT_ONCE = 50  # sessions that one command names: no more runs than that may wait
_LONGEST_TITLE, _LONGEST_NOTE = 60, 160
_WIDEST = 76
_FEW_LISTINGS = 3


class Row(NamedTuple):
    """One line of Markdown, and where it leads on a page of the console."""

    text: str
    target: LineTarget | None = None


EMPTY = Row("")


class CommandLines:
    """Adds commands to lines, with ids as short as they may be; never a part of a command.

    `as_shell` makes a command line of a verb's words; without it they are written as the console's
    `:` line takes them, and a long one is left out, since Enter has the whole. Of the listings that
    are `unread` not all sessions may be known.
    """

    def __init__(
        self,
        sessions: Iterable[Session],
        as_shell: ShellLine | None,
        unread: Collection[str] = (),
    ) -> None:
        self._as_shell, self._unread = as_shell, unread
        self._sessions = tuple(sessions)
        self._shorter = _short_addresses(self._sessions)
        self._keys = {one.address: one.key for one in self._sessions}

    def row(self, text: str, words: Sequence[str]) -> Row:
        """Return a line that ends with a command, and leads to it or to its session."""
        command = self.shown(words)
        return Row(f"{text} → {command}", self._target(words)) if command else Row(text)

    def for_all(
        self, text: str, verb: str, keys: Sequence[Key], *rest: str, also: str = ""
    ) -> Iterator[Row]:
        """Yield a line with the one command of a verb for the first of these sessions.

        `also` goes before each but the first, `rest` at the end. More than a few are named by their
        listing where it holds no others with which the verb can do anything; else each, on lines
        that can be copied.
        """
        first, *others = self._addresses(verb, keys)
        named = (first, *(word for one in others for word in filter(None, (also, one))))
        words = (verb, *named, *rest)
        if len(others) < FEW:
            yield self.row(text, words)
        elif self._as_shell is None:
            yield Row(f"{text} → Enter: {code(f':{verb}')} for these", self._target(words))
        else:
            yield from (Row(f"{text}:"), EMPTY)
            line = self._as_shell([self._shorter.get(word, word) for word in words])
            block = fence("\n".join(_broken(line)), "sh")
            yield from (Row(f"  {one}") for one in block.split("\n"))
            yield EMPTY

    def _addresses(self, verb: str, keys: Sequence[Key]) -> list[str]:
        """Return the addresses of the first of these, or of listings that hold exactly them."""
        found = [f"{listing}/{own}" for listing, own in keys[:MOST_AT_ONCE]]
        if not FEW < len(keys) <= MOST_AT_ONCE:
            return found
        wholes = {name for name in {name for name, _ in keys} if self._is_whole(verb, name, keys)}
        if self._as_shell is None and len(wholes) == len({name for name, _ in keys}) > 1:
            return found  # the `:` line takes one listing
        named = (f"{one[0]}/" if one[0] in wholes else f"{one[0]}/{one[1]}" for one in keys)
        return list(dict.fromkeys(named))

    def _is_whole(self, verb: str, name: str, keys: Sequence[Key]) -> bool:
        """Whether a verb can do something with exactly these sessions of a listing, and several."""
        why_not, meant = BY_NAME[verb].why_not, {one for one in keys if one[0] == name}
        there = (one for one in self._sessions if one.listing == name)
        possible = {one.key for one in there if not why_not(one, str)}
        return possible == meant and len(meant) > 1 and name not in self._unread

    def shown(self, words: Sequence[str]) -> str:
        """Return a command as a code span, empty without words."""
        if not words:
            return ""
        short = [self._shorter.get(word, word) for word in words]
        if self._as_shell is not None:
            return code(one_line(self._as_shell(short)))
        return code(f":{one_line(shell_line(short).partition(' ')[2])}")

    def _target(self, words: Sequence[str]) -> LineTarget:
        if not BY_NAME[words[0]].acts:
            key = next((self._keys[one] for one in words if one in self._keys), None)
            if key is not None:
                return LineTarget(listing=key[0], session_id=key[1])
        return LineTarget(command=tuple(words))


def _broken(line: str) -> Iterator[str]:
    """Yield a command line as several, broken between words so that a shell takes them as one."""
    used = ""
    for word in (one_line(shlex.quote(one)) for one in shlex.split(line)):
        if used and cell_width(used) + cell_width(word) + 3 > _WIDEST:
            yield f"{used} \\"
            used = " "
        used = f"{used} {word}" if used else word
    yield used


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
