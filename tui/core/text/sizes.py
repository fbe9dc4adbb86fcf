"""Parsing of sizes that operators type."""

from __future__ import annotations

import re

from tui.core.errors import UsageError
from tui.core.text.safe_text import one_line

_SIZE = re.compile(r"([0-9]{1,12}(?:[.][0-9]{1,3})?)\s*([kmgt]?)(i?)(b?)")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_size(typed: str) -> int:
    """Return the bytes that `5GB`, `500MB`, `2.5GiB`, `5G` or a bare number mean.

    `GB` is in powers of 1000, `GiB` and a bare `G` of 1024. Raises `UsageError` otherwise.
    """
    match = _SIZE.fullmatch(typed.strip().lower())
    if match is None or (match[3] and not match[2]):
        raise UsageError(
            f"{one_line(typed)[:40]!r} is not a size: use 5GB, 500MB, 2.5GiB or a number of bytes"
        )
    base = 1000 if match[4] and not match[3] else 1024
    return int(float(match[1]) * base ** _POWERS[match[2]])
