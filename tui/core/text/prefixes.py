"""What several names have in common, for completion."""

from __future__ import annotations

from collections.abc import Collection
from itertools import takewhile


def shared_prefix(names: Collection[str]) -> str:
    """Return the common prefix of all names, of which there is at least one."""
    first, last = min(names), max(names)
    same = (one == other for one, other in zip(first, last, strict=False))
    return first[: sum(takewhile(bool, same))]
