"""A tool call: one line with its outcome, which opens to its input and result."""

from __future__ import annotations

import json
from datetime import timedelta

from tui.core.models.entry import Entry
from tui.core.text.safe_text import cell_width, cut, fit, one_line, safe_text
from tui.view.text import formatting, signs
from tui.view.text.lines import Cell, Line
from tui.view.text.styled_text import wrap

MOST_LINES = 400
_BAR = Cell(signs.BESIDE.sign, "rule")


def call_line(entry: Entry, result: Entry | None, width: int) -> Line:
    """Return a call as one line: its tool, argument, outcome and duration."""
    outcome = _outcome(result) + f"  {took(entry, result):>5}" if result else signs.LEFT_OUT.sign
    outcome = cut(outcome, width // 2)
    failed = result is not None and result.is_error
    name = cut(entry.tool, width // 3)
    room = width - cell_width(name) - 1 - cell_width(outcome) - 2
    argument = fit(one_line(entry.text), max(0, room))
    return (
        Cell(name, "tool"),
        Cell(f" {argument}  "),
        Cell(outcome, "bad" if failed else "muted"),
    )


def call_lines(
    entry: Entry, result: Entry | None, width: int, most: int = MOST_LINES
) -> list[Line]:
    """Return an opened call: its line, input and result, the last two of at most `most` lines."""
    lines = [call_line(entry, result, width)]
    lines += _block(_input(entry.detail), "muted", width, most)
    if result is not None:
        lines.append((Cell(signs.RESULT.sign, "rule"), Cell(_outcome(result), "strong")))
        style = "bad" if result.is_error else ""
        lines += _block(result.detail or result.text, style, width, most)
    return lines


def _block(text: str, style: str, width: int, most: int) -> list[Line]:
    lines = wrap(text.strip("\n"), max(8, width - 2)) if text.strip() else []
    more = len(lines) - most
    if more > 0:
        lines = [*lines[:most], f"[{more} more lines; `export` has them all]"]
    return [(_BAR, Cell(line, style)) for line in lines]


def _input(detail: str) -> str:
    """Return a call's input as names and values; unchanged when it is not a JSON object."""
    try:
        given = json.loads(detail)
    except (ValueError, RecursionError):
        return detail
    if not isinstance(given, dict):
        return detail
    return "\n".join(f"{safe_text(name)}: {_value(value)}" for name, value in given.items())


def _value(value: object) -> str:
    if not isinstance(value, str):
        return safe_text(json.dumps(value, ensure_ascii=False))
    text = safe_text(value)
    return f"\n{text}" if "\n" in text else text


def _outcome(result: Entry) -> str:
    return "error" if result.is_error else one_line(result.text)


def took(call: Entry, result: Entry | None) -> str:
    """Return how long a call took; empty when unknown."""
    if result is None or call.at is None or result.at is None or result.at < call.at:
        return ""
    passed = result.at - call.at
    if passed < timedelta(minutes=1):
        return f"{passed.total_seconds():.1f}s"
    return formatting.span(passed)
