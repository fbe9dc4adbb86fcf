"""An operator's own commands on keys, as `[commands]` in the settings declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tui.core.errors import Refused, UsageError
from tui.core.text.late_pattern import late_pattern
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import parse_duration
from tui.core.values import dataclass

HANDLER = "own_command"  # of the keys that run them
PLACEHOLDERS = ("session", "listing", "transcript")
_PLACE = late_pattern(r"\{([a-z_]+)\}")
_NAME = late_pattern(r"[a-z][a-z0-9_-]{0,19}")
_FIELDS = ("key", "argv", "ask", "timeout", "bottom_line")
_LONGEST = timedelta(hours=1)


class WrongCommand(ValueError):
    """An invalid line in `[commands]`; `names` are the command's name and its setting, if known."""

    def __init__(self, words: str, *names: str) -> None:
        super().__init__(words)
        self.names = names


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCommand:
    """A program that a key runs, without a shell, as a list of arguments with placeholders.

    Unless it `asks`, the key runs it at once. It is ended after `timeout`. `is_in_bottom_line` is
    whether the line of keys names it.
    """

    name: str
    key: str
    argv: tuple[str, ...]
    asks: bool = True
    timeout: timedelta = timedelta(minutes=1)
    is_in_bottom_line: bool = False

    @property
    def places(self) -> frozenset[str]:
        """The names of its placeholders."""
        return frozenset(name for one in self.argv for name in _PLACE.findall(one))

    def words(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Return the arguments with their placeholders replaced, each within its own argument.

        Raises `Refused` for a value that begins with `-`, which a program would take for an option.
        """
        for name in sorted(self.places):
            if values[name].startswith("-"):
                raise Refused(f"{{{name}}} begins with `-` and could be taken for an option")
            if "\0" in values[name]:
                raise Refused(f"{{{name}}} cannot be an argument")
        return tuple(_PLACE.sub(lambda found: values[found[1]], one) for one in self.argv)


def own_commands(table: object) -> tuple[OwnCommand, ...]:
    """Return the commands of a `[commands]` table; raises `WrongCommand`."""
    if not isinstance(table, Mapping):
        raise WrongCommand("expected one table a command, like [commands.open]")
    return tuple(_command(str(name), one) for name, one in table.items())


def _command(name: str, given: object) -> OwnCommand:
    if not _NAME.fullmatch(name):
        raise WrongCommand("expected a name of up to 20 lower-case letters, digits, - or _", name)
    if not isinstance(given, Mapping):
        raise WrongCommand(f"expected a table: [commands.{name}]", name)
    for key in given:
        if key not in _FIELDS:
            hint = meant(str(key), _FIELDS, f"there are {', '.join(_FIELDS)}")
            raise WrongCommand(f"no setting is called {one_line(key)[:40]!r}: {hint}", name, key)
    key = given.get("key")
    if not isinstance(key, str):
        raise WrongCommand('expected a key, like key = "L"', name, *_if_there("key", given))
    return OwnCommand(
        name=name,
        key=key,
        argv=_argv(name, given),
        asks=_switch(name, given, "ask", default=True),
        timeout=_timeout(name, given),
        is_in_bottom_line=_switch(name, given, "bottom_line", default=False),
    )


def _if_there(key: str, given: Mapping[str, Any]) -> Iterator[str]:
    if key in given:
        yield key


def _argv(name: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    argv = given.get("argv")
    where = (name, *_if_there("argv", given))
    if not isinstance(argv, list) or not argv or not all(isinstance(one, str) for one in argv):
        words = 'expected a list of arguments, like argv = ["less", "{transcript}"]'
        raise WrongCommand(words, *where)
    if not argv[0] or _PLACE.search(argv[0]) or argv[0].startswith("-"):
        raise WrongCommand("the first argument must be a program, without placeholders", *where)
    if any("\0" in one for one in argv):
        raise WrongCommand("no argument can hold a NUL character", *where)
    for place in (place for one in argv for place in _PLACE.findall(one)):
        if place not in PLACEHOLDERS:
            known = [f"{{{one}}}" for one in PLACEHOLDERS]
            hint = meant(f"{{{place}}}", known, f"there are {', '.join(known)}", likeness=0.7)
            raise WrongCommand(f"no placeholder is called {{{place}}}: {hint}", *where)
    return tuple(argv)


def _switch(name: str, given: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = given.get(key, default)
    if not isinstance(value, bool):
        raise WrongCommand("expected true or false", name, key)
    return value


def _timeout(name: str, given: Mapping[str, Any]) -> timedelta:
    if "timeout" not in given:
        return timedelta(minutes=1)
    try:
        length = parse_duration(str(given["timeout"]), "use 30s or 5m")
    except UsageError as error:
        raise WrongCommand(str(error), name, "timeout") from error
    if length > _LONGEST:
        raise WrongCommand("a command runs for an hour at most", name, "timeout")
    return length
