"""Full-screen pages: the help, and the output of a verb."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from tui.core.console.line_keys import LINE_KEYS
from tui.core.text.safe_text import cell_width, fit
from tui.view.text import signs
from tui.view.text.formatting import STATE_WIDTH, state_legend
from tui.view.text.lines import Cell, Line
from tui.view.text.markdown import numbered_markdown
from tui.view.text.styled_text import wrap

NO_MARKDOWN = range(0)
_KEY_WIDTH = 8
_VERB_WIDTH = 11


def text_lines(lines: Sequence[str], width: int) -> tuple[Line, ...]:
    """Return lines of text; what is wider than `width` continues on the next line, indented."""
    return tuple(line for _, line in numbered_lines(lines, width))


def numbered_lines(
    lines: Sequence[str], width: int, markdown: range = NO_MARKDOWN
) -> Iterator[tuple[int, Line]]:
    """Yield the same lines, each with the index of the text that it is a piece of.

    Those in `markdown` are drawn as such.
    """
    room = max(20, width - 2)
    yield from _pieces(lines[: markdown.start], 0, room)
    for number, line in numbered_markdown(lines[markdown.start : markdown.stop], room):
        yield markdown.start + number, (Cell(" "), *line)
    yield from _pieces(lines[markdown.stop :], markdown.stop, room)


def _pieces(lines: Sequence[str], first: int, room: int) -> Iterator[tuple[int, Line]]:
    for number, line in enumerate(lines, first):
        for piece in _broken(line, room):
            yield number, (Cell(f" {piece}"),)


def _broken(line: str, width: int) -> Iterable[str]:
    if cell_width(line) <= width:
        return (line,)
    indent = " " * min(len(line) - len(line.lstrip()) + 4, width // 2)
    first, *others = wrap(line, width - len(indent))
    return (first, *(indent + piece.strip() for piece in others))


Named = tuple[str, str, str]


def help_lines(
    keys: Iterable[Named],
    verbs: Iterable[Named],
    topics: Iterable[str],
    width: int,
    sign: str = ":",
) -> tuple[Line, ...]:
    """Return the help: keys, verbs, guides, states, signs and colours, in columns if they fit.

    Each key and verb comes with why it is disabled, if it is; `sign` is the key of the verbs.
    """
    states = tuple((shown, says, "") for shown, says in state_legend())
    guides = wrap(", ".join(topics), width - 6)
    return (
        *_columns(tuple(keys), _KEY_WIDTH, width),
        (),
        _head("While a line is open", ""),
        *_columns([(key, does, "") for key, does in LINE_KEYS], _VERB_WIDTH, width),
        (),
        _head(f"{sign}VERB", "runs a verb; Tab completes it:"),
        *_columns(tuple(verbs), _VERB_WIDTH, width),
        (),
        _head(f"{sign}help TOPIC", "opens a guide:"),
        *((Cell(f"    {piece}"),) for piece in guides),
        (),
        _head("STATE", "shows the first that applies:"),
        *_columns(states, STATE_WIDTH + 1, width),
        (),
        *_legend(width),
    )


def _legend(width: int) -> Iterator[Line]:
    """Yield what the signs mean, and the colours, each in its own."""
    for heading, table, room in (
        ("Top line", signs.TOP_LINE, _VERB_WIDTH),
        ("Signs", signs.LISTS, _KEY_WIDTH),
        ("Signs in Live", signs.STREAM, _KEY_WIDTH),
    ):
        yield _head(heading, "")
        yield from _columns([(one.sign.strip(), one.means, "") for one in table], room, width)
        yield ()
    yield _head("Colours", "say what a word or a sign says as well:")
    for one in signs.COLOURS:
        yield (Cell(f"{one.sign:>{_VERB_WIDTH}}", one.sign), Cell(f"  {one.means}"))


def _head(name: str, says: str) -> Line:
    return (Cell(f"  {name}", "key"), Cell(f" {says}", "strong"))


def _columns(named: Sequence[Named], first: int, width: int, most: int = 2) -> tuple[Line, ...]:
    count = most if width >= 110 else 1
    rows = -(-len(named) // count)
    room = width // count
    return tuple(
        line
        for row in range(rows)
        for line in _beside([list(_explained(one, first, room)) for one in named[row::rows]], room)
    )


def _beside(blocks: Sequence[Sequence[Line]], room: int) -> Iterator[Line]:
    """Return blocks of lines side by side, each `room` cells wide."""
    for lines in zip_longest(*blocks, fillvalue=(Cell(" " * room),)):
        yield tuple(cell for line in lines for cell in line)


def _explained(named: Named, first: int, room: int) -> Iterator[Line]:
    """Yield a name with what it does, and why it is disabled if it is."""
    name, says, reason = named
    said = f"{says} · not now: {reason}" if reason else says
    style = "muted" if reason else ""
    for number, piece in enumerate(wrap(said, room - first - 3)):
        head = Cell(f"{'' if number else name:>{first}}", style or "key")
        yield (head, Cell(fit(f"  {piece}", room - first), style))


class Match(NamedTuple):
    """A line that has what was sought: its index, and which it is of how many."""

    line: int
    number: int
    total: int


def find(texts: Sequence[str], sought: str, start: int, step: int) -> Match | None:
    """Return the next line from `start` on that contains `sought`, ignoring case; wraps around."""
    wanted = sought.casefold()
    found = [index for index, text in enumerate(texts) if wanted in text.casefold()]
    if not found:
        return None
    if step > 0:
        number = bisect_left(found, start) % len(found)
    else:
        number = (bisect_right(found, start) - 1) % len(found)
    return Match(found[number], number + 1, len(found))
