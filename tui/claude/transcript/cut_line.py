"""Parses the head of a line that is too long to be read whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tui.claude.transcript.attached_files import without_cut_data
from tui.claude.transcript.line_parser import entries_of, unreadable
from tui.claude.transcript.speaker import closed_tag
from tui.core.models.entry import Entry, EntryKind
from tui.core.text.bounded_json import parse_json
from tui.core.text.late_pattern import late_pattern
from tui.core.text.sizes import size_text
from tui.core.values import replace

_TOKEN = late_pattern(r'"(?:[^"\\]|\\.)*("?)|[\[\]{}]', re.DOTALL)
_HALF_ESCAPE = late_pattern(r"(?:[^\\]|^)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)$")
_LAST_TOKEN = late_pattern(r"[^\[\]{},:\"\s]+$")
_STAMP = late_pattern(rb'"timestamp"\s*:\s*"([^"\\]{1,40})"')
_CLOSES = {"{": "}", "[": "]"}
_DEEPEST = 200


def parse_head(head: bytes, end: bytes, size: int, max_text: int, place: int) -> tuple[Entry, ...]:
    """Return the entries of a line of `size` bytes of which only `head` and `end` were read.

    The last entry says that only the head was read.
    """
    line = closed(head)
    if line is None:
        return (unreadable(size, place),)
    line.setdefault("type", _role(line))
    if "timestamp" not in line and (found := _STAMP.findall(end)):
        line["timestamp"] = found[-1].decode("utf-8", "replace")
    _close_tag(line)
    without_cut_data(line.get("message"), head)
    entries = entries_of(line, max_text, place)
    if not entries:
        return ()
    says = f"[only the head of a line of {size_text(size)}]"
    return (*entries[:-1], _with(entries[-1], says))


def closed(head: bytes) -> dict[str, Any] | None:
    """Return the JSON object that begins with `head`, or `None` when that begins none."""
    text = head.decode("utf-8", "replace")
    for candidate in _candidates(text):
        try:
            value = parse_json(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None


def _candidates(text: str) -> Iterator[str]:
    """Return ways to close it: the cut may be in a text, a name, a number, or between."""
    stack: list[str] = []
    is_in_text, begun = False, 0
    for token in _TOKEN.finditer(text):
        found = token[0]
        if found[0] == '"':
            is_in_text, begun = not token[1], token.start()
        elif found in _CLOSES:
            stack.append(_CLOSES[found])
        elif stack:
            stack.pop()
    if len(stack) > _DEEPEST:
        return
    ends = "".join(reversed(stack))
    if is_in_text:
        before = text[:begun].rstrip().rstrip(",")
        if half := _HALF_ESCAPE.search(text):
            text = text[: half.start(1)]
        yield f'{text}"{ends}'
        yield f"{before}{ends}"  # half a name: whole, it could be that of another
        return
    whole = _LAST_TOKEN.sub("", text).rstrip()
    yield f"{text}{ends}"
    yield f"{whole.rstrip(',')}{ends}"
    yield f"{whole}null{ends}"
    yield f"{whole}:null{ends}"


def _close_tag(line: dict[str, Any]) -> None:
    """Close a tag of the CLI that was cut, so that its text is not taken for a person's."""
    message = line.get("message")
    holder, name = (message, "content") if isinstance(message, dict) else ({}, "")
    if isinstance(content := holder.get(name), list):
        holder, name = content[-1] if content and isinstance(content[-1], dict) else {}, "text"
    if line["type"] == "user" and isinstance(text := holder.get(name), str):
        holder[name] = closed_tag(text)


def _role(line: dict[str, Any]) -> object:
    message = line.get("message")
    return message.get("role") if isinstance(message, dict) else None


def _with(entry: Entry, says: str) -> Entry:
    if entry.kind is EntryKind.RESULT:
        return replace(entry, text=says, detail=f"{entry.detail}\n{says}")
    if entry.kind is EntryKind.TOOL:
        return replace(entry, text=f"{says} {entry.text}", detail=f"{entry.detail}\n{says}")
    return replace(entry, text=f"{entry.text}\n{says}")
