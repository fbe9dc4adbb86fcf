"""What a pane's heading says of the rows out of sight: how many, and who of them needs somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tui.core.sessions.attention import Need
from tui.core.sessions.session_state import StateWord
from tui.core.text.safe_text import cell_width, cut
from tui.core.values import dataclass, field
from tui.view.text import signs
from tui.view.text.lines import Cell, Layout, Line, table_line

_WORDS: Mapping[Need, str] = {
    Need.ANSWER: StateWord.WAITING,
    Need.FAILED: StateWord.FAILED,
    Need.CUT_OFF: StateWord.CUT_OFF,
    Need.UNSENT: StateWord.UNSENT,
    Need.ORPHAN: StateWord.ORPHAN,
    Need.QUIET: StateWord.QUIET,
    Need.ENDS: signs.ENDING.sign,
    Need.SWEPT: signs.SWEEP.sign,
    Need.EXPIRED: StateWord.EXPIRED,
    Need.OVERWRITTEN: StateWord.OVERWRITTEN,
    Need.GHOST: StateWord.GHOST,
}

_LEAST_PART = 2
_UP, _DOWN = signs.ABOVE.sign, signs.BELOW.sign


@dataclass(frozen=True, slots=True)
class OutOfSight:
    """Rows on one side of those in sight, and how many sessions in them have each need."""

    rows: int = 0
    needs: Mapping[Need, int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What is out of sight above and below, and how many rows a new order would move.

    `key` is the label of the key that takes the new order.
    """

    above: OutOfSight = OutOfSight()
    below: OutOfSight = OutOfSight()
    moved: int = 0
    key: str = ""

    def __bool__(self) -> bool:
        return self.needs or self.moved > 0

    @property
    def needs(self) -> bool:
        """Whether somebody is needed out of sight."""
        return bool(self.above.needs or self.below.needs)

    def heading(self, rest: str, room: int | None = None) -> str:
        """Return it before the `rest` of a heading, in as many words as fit `room` cells."""
        forms = [f"{form}  {rest}".strip() for form in self._forms()]
        if room is None:
            return forms[0]
        fitting = (form for form in forms if cell_width(form) <= room)
        told = list(self._forms())[-1]
        is_tight = cell_width(told) + len("  1~") > room
        return next(fitting, cut(told, room) if is_tight else _within(forms[-1], room))

    def _forms(self) -> Iterator[str]:
        """Yield what to say, from the longest form to the shortest."""
        moved = f"{self.moved} {signs.MOVED}" if self.moved else ""
        named = f"{moved} ({self.key})" if moved and self.key else moved
        for way in (_full, _counted, _short):
            yield _joined((way(_UP, self.above), way(_DOWN, self.below), named))
        yield _joined((_short(_UP, self.above), _short(_DOWN, self.below), moved))
        yield _joined((_least(_UP, self.above), _least(_DOWN, self.below), moved))
        yield _joined((_least(_UP, self.above), _least(_DOWN, self.below)))


def with_hint(hint: str, told: str, room: int) -> str:
    """Return a hint before what a heading tells, where there is room for both."""
    both = _joined((hint, told))
    return both if cell_width(both) <= room else told


def _within(text: str, room: int) -> str:
    """Return a heading in that room: its longest part gives way, not the number at its end."""
    *parts, last = text.split("  ")
    over = cell_width(text) - room
    longest = max(range(len(parts)), key=lambda at: cell_width(parts[at]), default=None)
    if longest is None or (left := cell_width(parts[longest]) - over) < _LEAST_PART:
        return cut(text, room)
    parts[longest] = cut(parts[longest], left)
    return "  ".join((*parts, last))


def _joined(parts: Iterable[str]) -> str:
    return "  ".join(part for part in parts if part)


def _counts(there: OutOfSight) -> list[str]:
    return [f"{there.needs[need]} {word}" for need, word in _WORDS.items() if there.needs.get(need)]


def _full(arrow: str, there: OutOfSight) -> str:
    return f"{arrow} {there.rows} more, {', '.join(_counts(there))}" if there.needs else ""


def _counted(arrow: str, there: OutOfSight) -> str:
    return f"{arrow} {', '.join(_counts(there))}" if there.needs else ""


def _short(arrow: str, there: OutOfSight) -> str:
    """Return the most urgent need, and how many sessions have another."""
    if not there.needs:
        return ""
    first, others = _counts(there)[0], sum(there.needs.values()) - there.needs[min(there.needs)]
    return f"{arrow}{first}" + (f" +{others}" if others else "")


def _least(arrow: str, there: OutOfSight) -> str:
    return f"{arrow}{sum(there.needs.values())}!" if there.needs else ""


NO_MARGIN = Margin()


def head_with(margin: Margin, columns: Layout, name: str, width: int) -> Line:
    """Return the line of column names, with what the margin tells after `name`."""
    room = next(column.width for column in columns if column.name == name) - cell_width(name) - 2
    told = f"{name}  {margin.heading('', max(0, room))}".rstrip()
    style = "attention" if margin.needs else "head"
    cells = [
        Cell(told, style) if column.name == name else Cell(column.name, "head")
        for column in columns
    ]
    return table_line(columns, cells, width)
