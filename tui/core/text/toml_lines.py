"""On which line of a TOML text a key stands, which `tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import Any

from tui.core.text.safe_text import one_line

_LONGEST = 2000
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def line_of(text: str, *names: str) -> int:
    """Return the line, from 1, on which the value of a key begins; 0 when that cannot be told.

    What can be read of the text's beginning is read with a line more each time: the key begins
    on the line after the last beginning that did not have it. Whatever the text holds, strings
    over several lines and inline tables included, that is where it is.
    """
    lines = text.split("\n")
    if len(lines) > _LONGEST:
        return 0
    without = 0
    for count in range(1, len(lines) + 1):
        try:
            found: Any = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _has(found, names):
            return without + 1
        without = count
    return 0


def _has(found: Any, names: tuple[str, ...]) -> bool:
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return True


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Where settings come from, for an error to name it: with its text, by the line.

    `table` are the names of the tables that its keys are inside.
    """

    name: str
    text: str = ""
    table: tuple[str, ...] = ()

    def within(self, *names: str) -> SettingsSource:
        """Return the source of the keys of a table inside."""
        return replace(self, table=(*self.table, *names))

    def broken(self, error: ValueError) -> str:
        """Return what keeps the text from being TOML, its line named as that of a key is."""
        said = str(error)
        found = _PLACE.search(said)
        if found is None:
            return f"{self.name}: {said}"
        line, column = found.groups()
        line = line or max(1, len(self.text.splitlines()))
        where = f"column {column}" if column else "at the end"
        return f"{self.name}, line {line}: {said[: found.start()]} ({where})"

    def at(self, *names: str) -> str:
        """Return where the value of a key stands, and the tables around it."""
        line = line_of(self.text, *self.table, *names) if self.text else 0
        where = f"{self.name}, line {line}" if line else self.name
        return ": ".join((where, *((".".join(map(one_line, self.table)),) if self.table else ())))
