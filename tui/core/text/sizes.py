"""Sizes as operators read and type them: as of `ls -h` and `df -h`, in powers of 1024."""

from __future__ import annotations

from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

_SIZE = late_pattern(r"([0-9]{1,12}(?:[.][0-9]{1,3})?)\s*(?:([kmgtpe])(?:i?b)?|b)?")
_UNITS = "kmgtpe"
FORMS = "200M, 1.5G or a number of bytes"


def parse_size(typed: str) -> int:
    """Return the bytes that `200M`, `200MB`, `200MiB`, `1.5G` or a bare number mean.

    However a unit is written, it counts in 1024, as in `size_text`. Raises `UsageError` otherwise.
    """
    match = _SIZE.fullmatch(typed.strip().lower())
    if match is None:
        raise UsageError(f"{one_line(typed)[:40]!r} is not a size: use {FORMS}")
    power = _UNITS.index(match[2]) + 1 if match[2] else 0
    return int(float(match[1]) * 1024**power)


def size_text(count: int | None) -> str:
    """Return a number of bytes in five cells at most: `880K`, `2.1M`; `?` when it is unknown."""
    if count is None:
        return "?"
    from humanize import naturalsize

    text: str = naturalsize(count, gnu=True, format="%.1f")
    if len(text) <= len("2.1M"):
        return text
    whole: str = naturalsize(count, gnu=True, format="%.0f")
    return whole if len(whole) > len("1M") else f"{whole[0]}.0{whole[1:]}"
