"""Context windows by model name: a transcript has the tokens, not the window.

As in the model catalog of CLI 2.1.332. A model that is not here has no known window.
"""

from __future__ import annotations

import re

from tui.core.text.late_pattern import late_pattern

_LARGE, _SMALL = 1_000_000, 200_000
_ASKS_FOR_LARGE = late_pattern(r"\[1m\]", re.IGNORECASE)
# `claude-opus-4-8`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `claude-sonnet-4@20250514`
_NAME = late_pattern(r"claude-([a-z]+)-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")
_OLD_NAME = late_pattern(r"claude-3(?:[-.][57])?-(?:haiku|sonnet|opus)(?![a-z])")
_WINDOWS = {
    "haiku": {"4-5": _SMALL, "5-5": _LARGE},
    "sonnet": {"4": _SMALL, "4-5": _SMALL, "4-6": _SMALL, "5": _LARGE, "5-5": _LARGE},
    "opus": {
        "4": _SMALL, "4-1": _SMALL, "4-5": _SMALL, "4-6": _SMALL,
        "4-7": _LARGE, "4-8": _LARGE, "5": _LARGE, "5-5": _LARGE,
    },
    "fable": {"5": _LARGE, "5-1": _LARGE, "5-2": _LARGE},
    "mythos": {"5": _LARGE, "5-1": _LARGE, "5-2": _LARGE},
}  # fmt: skip
# These have the large window on request.
_MAY_BE_LARGE = frozenset({"sonnet-4", "sonnet-4-5", "sonnet-4-6", "opus-4-6"})


def window_of(model: str, tokens: int = 0) -> int:
    """Return the context window of `model` in tokens, 0 when it is not known.

    More `tokens` in it than the default window prove that the larger one was asked for.
    """
    if _ASKS_FOR_LARGE.search(model):
        return _LARGE
    name = _short_name(model)
    family, _, version = name.partition("-")
    window = _WINDOWS.get(family, {}).get(version, 0)
    if name == "3":
        window = _SMALL
    if tokens > window:
        window = _LARGE if name in _MAY_BE_LARGE and tokens <= _LARGE else 0
    return window


def same_model(model: str) -> str:
    """Return a model's name without the suffix for the large window, `[1m]`."""
    return _ASKS_FOR_LARGE.sub("", model).strip()


def _short_name(model: str) -> str:
    """Return a name such as `sonnet-4-6`, or `3` for the third generation."""
    if found := _NAME.search(model):
        version = "-".join(part for part in (found[2], found[3]) if part and part != "0")
        return f"{found[1]}-{version}"
    return "3" if _OLD_NAME.search(model) else ""
