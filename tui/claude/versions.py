"""The CLI versions that this program was tested with: what each writes is recorded in the tests."""

from __future__ import annotations

import re
from pathlib import Path

# Oldest first; `help new-cli-version` says how one is added.
TESTED = ("2.1.139", "2.1.235", "2.1.330", "2.1.332")
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
_LONGEST = 200


def version_of(cli: Path) -> str:
    """Return the version of a CLI that has a file with it beside; empty when nothing tells it."""
    try:
        with cli.with_name("claude.version").open("rb") as file:
            found = _VERSION.search(file.read(_LONGEST).decode("ascii", "replace"))
    except OSError:
        return ""
    return found[0] if found else ""


def untested_words(version: str) -> str:
    """Return that a CLI is newer than those that were tested; empty for any other."""
    if not version or _numbers(version) <= _numbers(TESTED[-1]):
        return ""
    return (
        f"Claude CLI {version} is newer than the versions tested here "
        f"(the newest is {TESTED[-1]}): see `help new-cli-version`"
    )


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.search(version)
    return tuple(map(int, found.groups())) if found else ()
