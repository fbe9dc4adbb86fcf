"""The verb that prints the guides, as git prints its own."""

from __future__ import annotations

import argparse
from importlib.resources import files

from tui.cli.output import put, put_json
from tui.core.errors import UsageError
from tui.core.text.safe_text import one_line
from tui.operations.context import Context

_END = ".md"


def help(context: Context, args: argparse.Namespace) -> int:
    """Print one guide, or list them all."""
    guides = _guides()
    if not args.topic:
        titles = {topic: text.partition("\n")[0].lstrip("# ") for topic, text in guides.items()}
        if args.json:
            put_json([{"topic": topic, "title": title} for topic, title in titles.items()])
        for topic, title in titles.items() if not args.json else ():
            put(f"{topic:<12}{title}")
        return 0
    if args.topic not in guides:
        raise UsageError(
            f"no guide {one_line(args.topic)[:40]!r}: there are {', '.join(guides)}; "
            "VERB --help explains a verb"
        )
    text = guides[args.topic]
    if args.json:
        put_json({"topic": args.topic, "text": text})
    else:
        put(text.rstrip())
    return 0


def _guides() -> dict[str, str]:
    found = (one for one in files("tui.guides").iterdir() if one.name.endswith(_END))
    return {one.name.removesuffix(_END): one.read_text("utf-8") for one in sorted(found, key=str)}
