"""The guides that ship with the program, one Markdown file a topic.

The first line of each says in one sentence what it is about.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def topics() -> dict[str, str]:
    """Return every topic with its one sentence, in alphabetical order."""
    return {one: read_guide(one).partition("\n")[0].lstrip("# ") for one in topic_names()}


def topic_names() -> tuple[str, ...]:
    """Return the topics in alphabetical order, without reading a guide."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.md")))


def read_guide(topic: str) -> str:
    """Return the Markdown of one of the topics."""
    return (_FOLDER / f"{topic}.md").read_text("utf-8")
