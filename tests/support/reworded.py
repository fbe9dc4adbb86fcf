"""Says everything that the program tells people in other words, so that only values are left."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

import tui
from tui.core.errors import ConsoleError

_SAYS = "reworded "
_FIELDS = frozenset(
    {"words", "message", "problem", "why", "note", "cut", "counts", "worst"}
    | {"problems", "row_problem", "transcript_problem", "unsearched", "unsearched_agents", "unread"}
)
# What the CLI, an agent or a user wrote.
_THEIRS = ("tui.claude.", "tui.demo.", "tui.core.agent_questions")


def reworded(text: Any) -> Any:
    """Return other words for a text or several: the same ones for the same text."""
    if isinstance(text, tuple):
        return tuple(map(reworded, text))
    if not isinstance(text, str) or not text or text.startswith(_SAYS):
        return text
    return _SAYS + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def reword(patch: pytest.MonkeyPatch) -> None:
    """Reword all errors, and whatever of ours has a field or a property for words."""
    patch.setattr(ConsoleError, "__init__", _rewording(ConsoleError.__init__, {"message"}))
    patch.setattr(ConsoleError, "__str__", lambda error: error.message)
    for kind in _with_words():
        patch.setattr(kind, "__init__", _rewording(kind.__init__, _names_of(kind)))
        for name in _FIELDS:
            if isinstance(made := vars(kind).get(name), property):
                patch.setattr(kind, name, property(_reworded_by(made.fget)))


def _reworded_by(make: Any) -> Any:
    return lambda self: reworded(make(self))


def _rewording(make: Any, names: set[str]) -> Any:
    def init(self: Any, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        for name in names:
            object.__setattr__(self, name, reworded(getattr(self, name)))

    return init


def _with_words() -> Iterator[Any]:
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name.startswith(_THEIRS) or module.name.endswith("__main__"):
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and kind.__module__ == module.name and is_dataclass(kind):
                yield kind


def _names_of(kind: Any) -> set[str]:
    return {one.name for one in fields(kind)} & _FIELDS
