"""What a misspelt name may have meant: for every message that refuses a name."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 40  # characters; no name is longer, and comparing takes time


def nearest(typed: str, known: Iterable[str], *, likeness: float = 0.5) -> str:
    """Return the known name most like `typed`, or an empty string.

    `likeness` is the least that counts, from 0 to 1 for the same name.
    """
    if len(typed) > _LONGEST:
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(typed, list(known), 1, likeness)), "")


def meant(typed: str, known: Iterable[str], otherwise: str, *, likeness: float = 0.5) -> str:
    """Ask whether the nearest name was meant; say `otherwise` where none is near."""
    near = nearest(typed, known, likeness=likeness)
    return f"did you mean {near!r}?" if near else otherwise
