"""Images and files inside a message: named by their type or name, and their size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import cut_middle, one_line
from tui.core.text.sizes import size_text

KINDS = ("image", "document")
_TYPE = late_pattern(r"[a-z]+/([a-z0-9][a-z0-9.+-]{0,30})")
_MOST_NAME = 80
_LAST = 64  # characters that tell whether a text goes on to the end of what was read


def file_words(block: Mapping[str, Any]) -> str:
    """Return `[image png 24K]` or `[file report.pdf 1.2M]`, with as much as the block says."""
    kind, given = one_line(block.get("type") or "data")[:60], block.get("source")
    source = given if isinstance(given, dict) else {}
    name = cut_middle(one_line(_text(block, "title") or _text(block, "name")), _MOST_NAME).strip()
    named = _TYPE.fullmatch(_text(source, "media_type"))
    what = f"file {name}" if name else f"{kind} {named[1]}" if named else kind
    if not name and (address := one_line(_text(source, "url"))[:_MOST_NAME].strip()):
        what = f"{kind} {address}"
    return f"[{' '.join(filter(None, (what, _size(source))))}]"


def without_cut_data(block: object, head: bytes) -> None:
    """Drop the data of a file inside a message if the cut at the end of `head` went through it."""
    while isinstance(block, dict):
        source, content = block.get("source"), block.get("content")
        if isinstance(source, dict):
            data = _text(source, "data")
            if data and head.endswith(data[-_LAST:].encode("utf-8", "replace")):
                del source["data"]
        block = content[-1] if isinstance(content, list) and content else None


def _size(source: Mapping[str, Any]) -> str:
    """Return the size of a file's data, told by its length; empty where there is none."""
    data = _text(source, "data")
    if not data:
        return ""
    if source.get("type") == "text":
        return size_text(len(data.encode("utf-8", "replace")))
    return size_text(len(data) * 3 // 4 - data.count("=", -2))


def _text(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""
