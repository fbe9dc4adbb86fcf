"""Reads a painted request back: the input of the request, or an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tui.core.text.request_rows import BECOMES
from tui.core.text.visible_escapes import MORE, original
from tui.view.stream.permission_page import CALLED

_STEP = re.compile(r'\[(\d+)\]|\.?([A-Za-z_][A-Za-z0-9_-]*)|\.?("(?:[^"\\]|\\.)*")')


def read_back(rows: Iterable[str]) -> dict[str, Any]:
    """Return the input that these rows show."""
    lines = list(_lines(rows))
    if lines == ["{}"]:
        return {}
    found: dict[str, Any] = {}
    while lines:
        line = lines.pop(0)
        path, rest = _path(line)
        body = []
        while lines and lines[0].startswith("|"):
            body.append(lines.pop(0))
        if rest.startswith(BECOMES):
            old, new = ("\n".join(_side(body, sign)) for sign in "-+")
            _put(found, path, old)
            _put(found, [*path[:-1], "new_string"], new)
        elif rest == ":":
            assert body, line
            _put(found, path, "\n".join(original(one[2:]) for one in body))
        elif rest.startswith(": "):
            _put(found, path, original(rest[2:]))
        else:
            assert rest.startswith(" = "), line
            _put(found, path, json.loads(rest[3:]))
    return {name: _listed(one) for name, one in found.items()}


def read_both(rows: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the input that these rows show, and what differs in the agent's own call."""
    known = list(rows)
    begin = next(n for n, row in enumerate(known) if row.startswith("what the CLI asks for"))
    call = known.index(CALLED)
    return read_back(known[begin + 1 : call]), read_back(known[call + 1 :])


def _lines(rows: Iterable[str]) -> Iterator[str]:
    """Yield whole lines: rows that continue the one above are joined."""
    line: str | None = None
    for row in rows:
        if row.startswith(MORE):
            assert line is not None
            line += row[len(MORE) :]
            continue
        if line is not None:
            yield line
        line = row
    if line is not None:
        yield line


def _path(line: str) -> tuple[list[Any], str]:
    path: list[Any] = []
    at = 0
    while (step := _STEP.match(line, at)) and (step[1] or not path or line[at] == "."):
        number, name, quoted = step.groups()
        path.append(int(number) if number else name or json.loads(quoted))
        at = step.end()
    return path, line[at:]


def _side(body: list[str], sign: str) -> list[str]:
    return [original(one[3:]) for one in body if one[1:2] in ("", " ", sign)]


def _put(found: dict[Any, Any], path: list[Any], value: Any) -> None:
    for name in path[:-1]:
        found = found.setdefault(name, {})
    assert path[-1] not in found
    found[path[-1]] = value


def _listed(value: Any) -> Any:
    """Return mappings of numbers as lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(one) for name, one in value.items()}
    if inner and all(isinstance(name, int) for name in inner):
        assert list(inner) == list(range(len(inner)))
        return list(inner.values())
    return inner
