"""The CLI versions that this program was tested with: what each writes is recorded in the tests."""

from __future__ import annotations

from pathlib import Path

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

# Oldest first; `help new-cli-version` says how one is added.
TESTED = ("2.1.139", "2.1.235", "2.1.330", "2.1.332")
_VERSION = late_pattern(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_LONGEST = 200
REMEDY = "see `help new-cli-version`"


def version_text(cli: Path) -> str:
    """Return what the file beside a CLI says of its version; empty without one."""
    try:
        with cli.with_name("claude.version").open("rb") as file:
            return one_line(file.read(_LONGEST).decode("utf-8", "replace"))
    except OSError:
        return ""


def untested_words(version: str) -> str:
    """Return that a CLI of this version is newer than those tested; empty for any other."""
    if _numbers(version) <= _numbers(TESTED[-1]):
        return ""
    shown = ".".join(map(str, _numbers(version)))
    return f"Claude CLI {shown} is newer than the versions tested here ({TESTED[0]} … {TESTED[-1]})"


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.search(version)
    return tuple(map(int, found.groups())) if found else ()
