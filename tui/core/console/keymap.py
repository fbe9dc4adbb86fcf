"""The default keys of every action, and how an operator's settings change them."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tui.core.console.key_table import KEY_ACTIONS
from tui.core.console.named_view import KEY_PREFIX, is_view_name
from tui.core.console.own_command import OwnCommand
from tui.core.text.near_names import meant
from tui.core.text.safe_text import one_line
from tui.core.values import dataclass, field

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: one.keys for one in KEY_ACTIONS})
FIXED = frozenset(one.name for one in KEY_ACTIONS if one.is_fixed)
DANGEROUS = frozenset(one.name for one in KEY_ACTIONS if one.changes)

_SIGNS = {
    **{"space": "space", "enter": "Enter", "escape": "Esc", "tab": "Tab", "shift+tab": "S-Tab"},
    **{"up": "↑", "down": "↓", "left": "←", "right": "→", "home": "Home", "end": "End"},
    **{"pageup": "PgUp", "pagedown": "PgDn", "insert": "Ins", "delete": "Del"},
    "backspace": "Bksp",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}
_AS_CONTROL = {"ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+j": "enter", "ctrl+m": "enter"}
_CONTROLS = {f"ctrl+{letter}" for letter in string.ascii_lowercase} - set(_AS_CONTROL)
_SHORT = {"slash": "/", "backslash": "\\", "at": "@", "minus": "-", "plus": "+", "underscore": "_"}
_LIKE_A_KEY = 'write it like "R", "ctrl+r", "f5", "space"'
_SPELLED = _SHORT | {
    unicodedata.name(sign).lower().replace("-", "_").replace(" ", "_"): sign
    for sign in string.punctuation
}
_ALIASES = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", " ": "space"}
_EASILY_PRESSED = frozenset(set(_SIGNS) | set(string.digits)) - {f"f{n}" for n in range(1, 13)}


class WrongKey(ValueError):
    """An invalid line in `[keys]`; `name` is the setting's name."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of every action, and of verbs, views and own commands that have one.

    `no_commands` is why the operator's own `commands` are not run; empty when they are.
    """

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: KEYS)
    commands: tuple[OwnCommand, ...] = ()
    no_commands: str = ""

    def sign(self, name: str) -> str:
        """Return the label of an action's first key."""
        return written(self.keys[name][0])

    def signs(self, name: str) -> str:
        """Return the labels of its first two keys."""
        return " ".join(written(key) for key in self.keys[name][:2])

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs that have a key; pressing it types them at the `:` line."""
        others = {*KEYS, *(one.name for one in self.commands)}
        named = (name for name in self.keys if name not in others)
        return tuple(name for name in named if not name.startswith(KEY_PREFIX))

    @property
    def views(self) -> tuple[str, ...]:
        """The names of the views that have a key."""
        named = (name for name in self.keys if name.startswith(KEY_PREFIX))
        return tuple(name.removeprefix(KEY_PREFIX) for name in named)


def written(key: str) -> str:
    """Return a key's label."""
    return f"^{key[5:].upper()}" if key in _CONTROLS else _SIGNS.get(key, key)


def keymap(
    table: object,
    verbs: Collection[str],
    commands: Sequence[OwnCommand] = (),
    no_commands: str = "",
) -> Keymap:
    """Return the default keys, overridden by a `[keys]` table, and those of own commands.

    Its names are actions, verbs or `view:NAME`, its values a key or a list of keys. Raises
    `WrongKey`.
    """
    if not isinstance(table, Mapping):
        raise WrongKey("", 'expected a table: [keys], and below it lines like resume = "R"')
    keys = dict(KEYS)
    for name, value in table.items():
        _require_name(str(name), verbs)
        keys[str(name)] = _keys_of(str(name), value)
    for one in commands:
        if one.name in keys or one.name in verbs:
            raise WrongKey(one.name, "an action or a verb has this name: use another")
        keys[one.name] = (_named(one.name, one.key),)
        _require_unmistakable(one.name, keys[one.name][0])
    _require_distinct(keys, [*(str(name) for name in table), *(one.name for one in commands)])
    return Keymap(MappingProxyType(keys), tuple(commands), no_commands)


def _require_name(name: str, verbs: Collection[str]) -> None:
    if name in FIXED:
        raise WrongKey(name, f"{written(KEYS[name][0])} cannot be changed")
    if name.startswith(KEY_PREFIX) and is_view_name(name.removeprefix(KEY_PREFIX)):
        return
    known = (*(one for one in KEYS if one not in FIXED), *verbs)
    if name not in known:
        hint = meant(name, known, f"use one of {', '.join(known)}")
        raise WrongKey(name, f"no action or verb is called {one_line(name)[:40]!r}: {hint}")


def _keys_of(name: str, value: Any) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    if not many or not all(isinstance(one, str) for one in many):
        raise WrongKey(name, 'expected a key like "R", or a list like ["R", "f5"]')
    keys = tuple(dict.fromkeys(_named(name, one) for one in many))
    for key in keys:
        _require_deliberate(name, key)
    return keys


def _named(name: str, text: str) -> str:
    """Return the standard name of a key; raises `WrongKey`."""
    key = text if len(text) == 1 and text != " " else text.lower()
    key = _ALIASES.get(key, _SPELLED.get(key, key))
    is_sign = len(key) == 1 and key.isprintable() and one_line(key) == key
    if is_sign or key in _SIGNS or key in _CONTROLS:
        return key
    shown = one_line(text)[:40]
    if key in _AS_CONTROL:
        raise WrongKey(name, f"{shown!r}: terminals send the same for {written(_AS_CONTROL[key])}")
    if len(key) == 7 and key.startswith("shift+"):
        raise WrongKey(name, f"{shown!r}: write {key[6:].upper()!r}")
    hint = meant(key, (*_SIGNS, *_CONTROLS, *_SPELLED), _LIKE_A_KEY, likeness=0.6)
    raise WrongKey(name, f"no key is called {shown!r}: {hint}")


def _require_deliberate(name: str, key: str) -> None:
    """Raise `WrongKey` for an action that must not have a key that is easily pressed by mistake."""
    if name in DANGEROUS:
        _require_unmistakable(name, key)
    if name == "answer" and key == "A":
        raise WrongKey(name, "A also means always: pressed twice, it would answer that question")


def _require_unmistakable(name: str, key: str) -> None:
    if key in _EASILY_PRESSED:
        raise WrongKey(name, f"{written(key)} is easily pressed by mistake: use another key")
    if key == "y":
        raise WrongKey(name, f"y also means yes: pressed twice, it would {name} without asking")


def _require_distinct(keys: Mapping[str, tuple[str, ...]], changed: Collection[str]) -> None:
    """Raise `WrongKey` when a key has two actions, naming the one that can be changed."""
    owners: dict[str, str] = {}
    for name in sorted(keys, key=lambda one: (one in changed, one not in FIXED)):
        for key in keys[name]:
            if key in owners:
                other = owners[key]
                way = "use another" if other in FIXED else "one of them needs another key"
                verb = "always belongs to" if other in FIXED else "belongs to"
                raise WrongKey(name, f"{written(key)} {verb} {other!r}: {way}")
            owners[key] = name
