"""The line that somebody types in a shell for a verb."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def shell_line(words: Sequence[str], root: str = "") -> str:
    """Return the command line of a verb with its arguments, in a named root if it is not empty."""
    named = ("--root", root) if root else ()
    return shlex.join(["session-console", *named, *words])
