"""A tool call: one line with what came of it, that opens to its input and its result."""

from __future__ import annotations

import json
from datetime import timedelta

from tui.core.models.entry import Entry
from tui.core.text.safe_text import cell_width, fit, one_line, safe_text
from tui.view.text import formatting
from tui.view.text.lines import Cell, Line
from tui.view.text.styled_text import wrap

MOST_LINES = 400
_BAR = Cell("│ ", "rule")


def call_line(entry: Entry, result: Entry | None, width: int) -> Line:
    """Return the one line of a call: its tool, what it is about, what came of it and when."""
    outcome = _outcome(result) + f"  {took(entry, result):>5}" if result else "…"
    outcome = fit(outcome, min(cell_width(outcome), width // 2))
    failed = result is not None and result.is_error
    name = fit(entry.tool, min(cell_width(entry.tool), width // 3))
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
    """Return a call that is open: its line, its input, then its result, of both `most` lines."""
    lines = [call_line(entry, result, width)]
    lines += _block(_input(entry.detail), "muted", width, most)
    if result is not None:
        lines.append((Cell("└─ ", "rule"), Cell(_outcome(result), "strong")))
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
    """Return a call's input as its names and values; as it is when that cannot be read."""
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
    """Return how long a call took; nothing when that is not known."""
    if result is None or call.at is None or result.at is None or result.at < call.at:
        return ""
    passed = result.at - call.at
    if passed < timedelta(minutes=1):
        return f"{passed.total_seconds():.1f}s"
    return formatting.span(passed)
