"""A key does one thing, on purpose, and what is wrong with a keymap is named."""

from __future__ import annotations

import inspect
import string
from typing import Any

import pytest
from textual.keys import Keys, _character_to_key

from tui.core.console.key_table import KEY_ACTIONS
from tui.core.console.keymap import DANGEROUS, KEYS, Keymap, WrongKey, keymap, written
from tui.ui.actions.key_handlers import KeyHandlers
from tui.ui.actions.keys import _textual

VERBS = ("stop", "log", "wide")


@pytest.mark.parametrize(
    ("given", "name", "keys", "sign"),
    [
        ({"resume": "R"}, "resume", ("R",), "R"),
        ({"extend": ["x", "X"]}, "extend", ("x", "X"), "x"),
        ({"help": "question_mark"}, "help", ("?",), "?"),
        ({"filter": "slash"}, "filter", ("/",), "/"),
        ({"help": "F1"}, "help", ("f1",), "F1"),
        ({"redraw": "ctrl+R"}, "redraw", ("ctrl+r",), "^R"),
        ({"sort": ","}, "sort", (",",), ","),
        ({"mark": "insert"}, "mark", ("insert",), "Ins"),
        ({"sort": "ü"}, "sort", ("ü",), "ü"),
        ({"stop": "S"}, "stop", ("S",), "S"),
        ({"resume": "e", "extend": "r"}, "extend", ("r",), "r"),
        ({"quit": ["q", "q"]}, "quit", ("q",), "q"),
    ],
)
def test_a_line_gives_an_action_or_a_verb_its_keys(
    given: dict[str, Any], name: str, keys: tuple[str, ...], sign: str
) -> None:
    found = keymap(given, VERBS)
    assert (found.keys[name], found.sign(name)) == (keys, sign)
    assert found.verbs == (("stop",) if name == "stop" else ())


@pytest.mark.parametrize(
    ("given", "name", "words"),
    [
        (7, "", "expected a table"),
        ({"extnd": "x"}, "extnd", "did you mean 'extend'"),
        ({"stp": "x"}, "stp", "did you mean 'stop'"),
        ({"zzzz": "x"}, "zzzz", "use one of help, quit"),
        ({"a\x1b[31m": "x"}, "a\x1b[31m", "no action or verb is called 'a'"),
        ({"help": 5}, "help", "expected a key"),
        ({"help": []}, "help", "expected a key"),
        ({"help": ["x", 5]}, "help", "expected a key"),
        ({"help": "contrl+x"}, "help", "did you mean 'ctrl\\+x'"),
        ({"help": "alt+x"}, "help", "no key is called 'alt\\+x'"),
        ({"help": ""}, "help", "no key is called ''"),
        ({"help": "\x1b"}, "help", "no key is called"),
        ({"help": "\u200b"}, "help", "no key is called"),
        ({"help": "shift+r"}, "help", "write 'R'"),
        ({"help": "ctrl+i"}, "help", "terminals send the same for Tab"),
        ({"help": "ctrl+m"}, "help", "terminals send the same for Enter"),
        ({"resume": "e"}, "resume", "e belongs to 'extend'"),
        ({"resume": "x", "extend": "x"}, "extend", "x belongs to 'resume'"),
        ({"stop": "x", "log": "x"}, "log", "x belongs to 'stop'"),
        ({"help": "ctrl+c"}, "help", r"\^C always belongs to 'how_to_quit'"),
        ({"help": "4"}, "help", "4 always belongs to 'live'"),
        ({"back": "x"}, "back", "Esc cannot be changed"),
        *(({name: "enter"}, name, "easily pressed by mistake") for name in sorted(DANGEROUS)),
        ({"delete": "space"}, "delete", "easily pressed by mistake"),
        ({"delete": "9"}, "delete", "easily pressed by mistake"),
        ({"delete": "down"}, "delete", "easily pressed by mistake"),
        ({"delete": "y", "copy": "z"}, "delete", "also means yes"),
        ({"answer": "A"}, "answer", "also means always"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(given: object, name: str, words: str) -> None:
    with pytest.raises(WrongKey, match=words) as raised:
        keymap(given, VERBS)
    assert raised.value.name == name
    assert "\x1b" not in str(raised.value)


def test_a_named_view_may_have_a_key() -> None:
    found = keymap({"view:ends-today": "W", "stop": "S"}, VERBS)
    assert (found.views, found.verbs) == (("ends-today",), ("stop",))
    assert found.sign("view:ends-today") == "W"


@pytest.mark.parametrize("name", ["view:", "view:save", "view:A b", "view:../x", "view:x')"])
def test_a_key_names_no_view_that_cannot_be(name: str) -> None:
    with pytest.raises(WrongKey, match="no action or verb is called"):
        keymap({name: "W"}, VERBS)


def test_the_actions_are_those_that_the_console_has() -> None:
    assert [action.name for action in KEY_ACTIONS] == list(KEYS)
    for action in KEY_ACTIONS:
        inspect.signature(getattr(KeyHandlers, action.handler)).bind(None, *action.args)
    assert Keymap().keys == keymap({}, ()).keys == KEYS


def test_every_key_that_may_be_named_is_one_that_textual_knows() -> None:
    known = {key.value for key in Keys}
    for name in ("f1", "f12", "ctrl+a", "ctrl+z", "insert", "pageup", "backspace", "shift+tab"):
        found = keymap({"sort": name}, ()) if name not in _taken() else None
        assert found is None or found.keys["sort"] == (name,)
        assert name in known
    for sign in set(string.punctuation) - _taken():
        spelled = _character_to_key(sign)
        assert keymap({"sort": spelled}, ()).keys["sort"] == (sign,)
        assert _textual((sign,)) in (sign, "comma")


def _taken() -> set[str]:
    return {key for keys in KEYS.values() for key in keys}


def test_no_two_keys_are_written_alike() -> None:
    keys = [key for keys in KEYS.values() for key in keys]
    assert len({written(key) for key in keys}) == len(keys)
