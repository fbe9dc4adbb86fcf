"""The verb that prints the guides, as git prints its own."""

from __future__ import annotations

import argparse
import re

from tui.cli.output import is_captured, put, put_json, put_markdown, terminal_width
from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.guides import read_guide, topic_names, topics
from tui.operations.context import Context
from tui.view.text.markdown import markdown_lines

_WIDEST = 100
_FENCED = late_pattern(r"(^```.*?^```$)", re.S | re.M)
_CODE = late_pattern(r"`([^`\n]+)`")


def help(context: Context, args: argparse.Namespace) -> int:
    """Print one guide, or list them all."""
    if args.topic:
        _put_guide(args.topic, as_json=args.json)
    elif args.json:
        put_json([{"topic": topic, "title": title} for topic, title in topics().items()])
    else:
        named = topics()
        width = max(map(len, named)) + 2
        for topic, title in named.items():
            put(f"{topic:<{width}}{title}")
        put("")
        put("`help TOPIC` prints one of them; `VERB --help` explains a verb.")
    return 0


def _put_guide(topic: str, *, as_json: bool) -> None:
    if topic not in topic_names():
        raise UsageError(
            f"no guide {one_line(topic)[:40]!r}: there are {', '.join(topic_names())}; "
            "VERB --help explains a verb"
        )
    text = read_guide(topic)
    if as_json:
        put_json({"topic": topic, "text": text})
        return
    if is_captured():
        put_markdown((line, None) for line in text.rstrip("\n").split("\n"))
        return
    for line in markdown_lines(_with_ticks(text), min(terminal_width(), _WIDEST)):
        put("".join(cell.text for cell in line).rstrip())


def _with_ticks(text: str) -> str:
    """Return Markdown whose inline code keeps its backticks: text has no colour to show it by."""
    parts = _FENCED.split(text)
    parts[::2] = [_CODE.sub(r"`` `\1` ``", part) for part in parts[::2]]
    return "".join(parts)
