"""Quotes untrusted text in Markdown, so that it can neither end its block nor load anything.

All text passed in is already safe to show (`safe_text`), with `\\n` as line end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tui.core.text.late_pattern import late_pattern

_TICKS = late_pattern("`+")
_OPENS_FENCE = late_pattern(r"```[\w+#.-]*")
_IS_FENCE = late_pattern(r"```|~~~")
_TAG = late_pattern(r"<(?=[A-Za-z/!?])")
_PICTURE = late_pattern(r"!(?=\[)")
_MARKS = late_pattern(r"([\\`*_{}\[\]()<>#|!~&])")
_NOT_YAML = late_pattern("[\ufffe\uffff]")


def front_matter(facts: Mapping[str, str | int | float | None]) -> str:
    """Return the facts as a YAML front matter.

    Values are JSON strings, which are valid YAML and cannot break out.
    """
    lines = (f"{name}: {_scalar(value)}" for name, value in facts.items())
    return "\n".join(("---", *lines, "---"))


def _scalar(value: str | float | None) -> str:
    return _NOT_YAML.sub("", json.dumps(value, ensure_ascii=False))


def quoted(text: str) -> str:
    """Return Markdown as a block quote that nothing in it can end.

    HTML tags and images are escaped, so that a page neither loads nor runs anything.
    """
    return nested(_tamed(text))


def nested(block: str) -> str:
    """Return a block as a block quote."""
    return "\n".join(f"> {line}" if line else ">" for line in block.split("\n"))


def fence(text: str, language: str = "") -> str:
    """Return a text verbatim, between fences longer than any inside."""
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
    """Return one line with Markdown's special characters escaped."""
    return _MARKS.sub(r"\\\1", line)


def details(summary: str, block: str) -> str:
    """Return a collapsed block; the summary is trusted."""
    return f"<details><summary>{summary}</summary>\n\n{block}\n\n</details>"


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _tamed(text: str) -> str:
    """Return Markdown with tags and images escaped, except in code between plain fences.

    Code is recognised only if every fence is plain: at the line start, three ticks, each closed
    by the next. With any other fence, nothing counts as code.
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
