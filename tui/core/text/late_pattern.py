"""Regular expressions that are compiled when they are first used.

A start compiles none that it does not need: a hundred of them take longer than most verbs run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any


class _LatePattern:
    """A pattern whose methods are those of `re.Pattern`."""

    def __init__(self, pattern: Any, flags: int = 0) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        self.__dict__[name] = found  # not asked for again
        return found


if TYPE_CHECKING:
    late_pattern = re.compile
else:
    late_pattern = _LatePattern
