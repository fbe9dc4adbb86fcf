"""Reads `compose.yaml`: only plain maps, words, and lists in JSON."""

from __future__ import annotations

import json
import re
from typing import Any

_LINE = re.compile(r"(?P<indent> *)(?:- (?P<item>\S.*)|(?P<name>[\w-]+):(?: (?P<value>\S.*))?)")


def read_compose(text: str) -> dict[str, Any]:
    """Return the file's content; raises `ValueError` for any other line."""
    top: dict[str, Any] = {}
    open_maps: list[tuple[int, dict[str, Any], str]] = [(-1, {"": top}, "")]
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not plain enough: {line!r}")
        indent = len(match["indent"])
        while open_maps[-1][0] >= indent:
            open_maps.pop()
        _, above, key = open_maps[-1]
        if match["item"]:
            above[key] = [*(above[key] or []), _scalar(match["item"])]
        elif match["name"] in above[key]:
            raise ValueError(f"twice: {line!r}")
        else:
            above[key][match["name"]] = _scalar(match["value"]) if match["value"] else {}
            open_maps.append((indent, above[key], match["name"]))
    return top


def _scalar(text: str) -> Any:
    if text[0] in '"[{':
        return json.loads(text)
    return {"true": True, "false": False}.get(text, text)
