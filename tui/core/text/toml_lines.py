"""Finds the line of a key in a TOML text, which `tomllib` does not report."""

from __future__ import annotations

from typing import Any

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, replace

_LONGEST = 2000
_PLACE = late_pattern(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def line_of(text: str, *names: str) -> int:
    """Return the line, from 1, on which a key's value begins; 0 if it cannot be found.

    Parses the first line, the first two, and so on: the key begins right after the last part that
    parses without it. This also holds for multi-line strings and inline tables.
    """
    import tomllib

    lines = text.split("\n")
    if len(lines) > _LONGEST:
        return 0
    last_without = 0
    for count in range(1, len(lines) + 1):
        try:
            found: Any = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _has(found, names):
            return last_without + 1
        last_without = count
    return 0


def _has(found: Any, names: tuple[str, ...]) -> bool:
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return True


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """The file or text that settings come from, to locate an error by its line.

    `table` are the names of the enclosing tables.
    """

    name: str
    text: str = ""
    table: tuple[str, ...] = ()

    def within(self, *names: str) -> SettingsSource:
        """Return the source for a nested table."""
        return replace(self, table=(*self.table, *names))

    def broken(self, error: ValueError) -> str:
        """Return a message for invalid TOML, with the line named as in `at`."""
        message = str(error)
        found = _PLACE.search(message)
        if found is None:
            return f"{self.name}: {message}"
        line, column = found.groups()
        line = line or max(1, len(self.text.splitlines()))
        where = f"column {column}" if column else "at the end"
        return f"{self.name}, line {line}: {message[: found.start()]} ({where})"

    def at(self, *names: str) -> str:
        """Return the location of a key's value: file, line and enclosing tables."""
        line = line_of(self.text, *self.table, *names) if self.text else 0
        where = f"{self.name}, line {line}" if line else self.name
        return ": ".join((where, *((".".join(map(one_line, self.table)),) if self.table else ())))
