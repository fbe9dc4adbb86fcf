"""The guides that ship with the program, one Markdown file a topic.

The first line of each is `# Name: what it is about`.
"""

from __future__ import annotations

import re
from pathlib import Path

from tui.core.text.late_pattern import late_pattern

_FOLDER = Path(__file__).parent
_COMMENT = late_pattern(r"^<!-- .* -->\n\n?", re.M)


def topics() -> dict[str, str]:
    """Return every topic with what it is about, in alphabetical order."""
    heads = {one: read_guide(one).partition("\n")[0] for one in topic_names()}
    return {one: head.partition(": ")[2] for one, head in heads.items()}


def topic_names() -> tuple[str, ...]:
    """Return the topics in alphabetical order, without reading a guide."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.md")))


def read_guide(topic: str) -> str:
    """Return the Markdown of one of the topics, without its comments."""
    return _COMMENT.sub("", (_FOLDER / f"{topic}.md").read_text("utf-8"))
