"""Markdown around text that others wrote: it stays in its place and brings nothing of its own.

Every text is already safe to show (`safe_text`); lines end with a newline only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_TICKS = re.compile("`+")
_OPENS_FENCE = re.compile(r"```[\w+#.-]*")
_IS_FENCE = re.compile(r"```|~~~")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_PICTURE = re.compile(r"!(?=\[)")
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#|!~&])")
_NOT_YAML = re.compile("[\ufffe\uffff]")


def front_matter(facts: Mapping[str, str | int | float | None]) -> str:
    """Return the facts as a YAML front matter.

    A JSON string is a YAML string too: whatever is in it, it ends nothing and starts nothing.
    """
    lines = (f"{name}: {_scalar(value)}" for name, value in facts.items())
    return "\n".join(("---", *lines, "---"))


def _scalar(value: str | float | None) -> str:
    return _NOT_YAML.sub("", json.dumps(value, ensure_ascii=False))


def quoted(text: str) -> str:
    """Return a text of Markdown as a block quote, which nothing in it can end.

    Tags and pictures show as they were typed: no page loads or runs anything for it.
    """
    return nested(_tamed(text))


def nested(block: str) -> str:
    """Return a block as a block quote."""
    return "\n".join(f"> {line}" if line else ">" for line in block.split("\n"))


def fence(text: str, language: str = "") -> str:
    """Return a text exactly as it is, between fences longer than any inside."""
    ticks = "`" * max(3, _longest_ticks(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def code(line: str) -> str:
    """Return one line as a code span."""
    if not line.strip():
        return ""
    ticks = "`" * (_longest_ticks(line) + 1)
    pad = " " if line.startswith(("`", " ")) or line.endswith(("`", " ")) else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def escaped(line: str) -> str:
    """Return one line as plain words."""
    return _MARKS.sub(r"\\\1", line)


def details(summary: str, block: str) -> str:
    """Return a block folded behind its summary, which is a word of ours."""
    return f"<details><summary>{summary}</summary>\n\n{block}\n\n</details>"


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _tamed(text: str) -> str:
    """Return Markdown without tags and pictures; code between plain fences stays as it is.

    Which lines are code is only certain when every fence is plain: at the left, of three ticks,
    each closed by the next. Any other kind, and nothing is taken for code.
    """
    lines = text.split("\n")
    inside = _in_fences(lines)
    return "\n".join(
        line if is_code else _PICTURE.sub(r"\\!", _TAG.sub("&lt;", line))
        for line, is_code in zip(lines, inside, strict=True)
    )


def _in_fences(lines: list[str]) -> list[bool]:
    inside, is_open = [], False
    for line in lines:
        if not _IS_FENCE.search(line):
            inside.append(is_open)
        elif not is_open and _OPENS_FENCE.fullmatch(line):
            inside.append(False)
            is_open = True
        elif is_open and line == "```":
            inside.append(False)
            is_open = False
        else:
            return [False] * len(lines)
    return [False] * len(lines) if is_open else inside
