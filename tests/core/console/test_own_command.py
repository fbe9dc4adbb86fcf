"""A command of one's own is declared exactly, and its arguments stay a list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tui.core.console.keymap import WrongKey, keymap
from tui.core.console.own_command import OwnCommand, WrongCommand, own_commands
from tui.core.errors import Refused

GIVEN = {"key": "L", "argv": ["less", "{transcript}"]}
VALUES = {"session": "9f2c", "listing": "a b; $(rm) {session}", "transcript": "/x y"}


def command(*argv: str) -> OwnCommand:
    return OwnCommand(name="open", key="L", argv=argv)


def test_a_table_makes_a_command_that_asks() -> None:
    (one,) = own_commands({"open": GIVEN})
    assert one == OwnCommand(name="open", key="L", argv=("less", "{transcript}"))
    assert one.asks
    more = GIVEN | {"ask": False, "timeout": "5m", "bottom_line": True}
    (other,) = own_commands({"open": more})
    assert (other.asks, other.timeout) == (False, timedelta(minutes=5))
    assert other.is_in_bottom_line


@pytest.mark.parametrize(
    ("given", "names", "words"),
    [
        (7, (), r"\[commands.open\]"),
        ({"Open": GIVEN}, ("Open",), "lower-case"),
        ({"open": "less"}, ("open",), r"\[commands.open\]"),
        ({"open": {"argv": ["less"]}}, ("open",), "key"),
        ({"open": GIVEN | {"key": 7}}, ("open", "key"), "key"),
        ({"open": {"key": "L"}}, ("open",), "argv"),
        ({"open": GIVEN | {"argv": "less x"}}, ("open", "argv"), "list"),
        ({"open": GIVEN | {"argv": []}}, ("open", "argv"), "list"),
        ({"open": GIVEN | {"argv": ["less", 7]}}, ("open", "argv"), "list"),
        ({"open": GIVEN | {"argv": ["{session}"]}}, ("open", "argv"), "program"),
        ({"open": GIVEN | {"argv": ["less", "{sesion}"]}}, ("open", "argv"), "{session}"),
        ({"open": GIVEN | {"argv": ["less", "a\0b"]}}, ("open", "argv"), "NUL"),
        ({"open": GIVEN | {"ask": "no"}}, ("open", "ask"), "true or false"),
        ({"open": GIVEN | {"asks": True}}, ("open", "asks"), "'ask'"),
        ({"open": GIVEN | {"timeout": "2h"}}, ("open", "timeout"), "hour"),
        ({"open": GIVEN | {"timeout": "soon"}}, ("open", "timeout"), "5m"),
    ],
)
def test_what_is_wrong_is_named(given: Any, names: tuple[str, ...], words: str) -> None:
    with pytest.raises(WrongCommand, match=words) as raised:
        own_commands(given)
    assert raised.value.names == names


def test_a_placeholder_is_replaced_within_its_argument_and_never_twice() -> None:
    """What a listing is called makes no second argument, and no other placeholder."""
    one = command("tool", "{listing}", "--of={session}", '{"json": 1}', "x")
    expected = ("tool", "a b; $(rm) {session}", "--of=9f2c", '{"json": 1}', "x")
    assert one.words(VALUES) == expected
    assert one.places == {"session", "listing"}


@pytest.mark.parametrize("argument", ["{session}", "--of={session}", "{session}.txt"])
@pytest.mark.parametrize("value", ["-rf", "--help", "-", "a\0b"])
def test_a_value_that_could_be_an_option_is_refused(argument: str, value: str) -> None:
    with pytest.raises(Refused):
        command("tool", argument).words(VALUES | {"session": value})


@pytest.mark.parametrize(
    ("key", "table", "words"),
    [
        ("r", {}, "'resume'"),
        ("R", {"resume": "R"}, "'resume'"),
        ("1", {}, "easily pressed"),
        ("space", {}, "easily pressed"),
        ("y", {}, "y also means yes"),
        ("ctrl+c", {}, "always belongs to"),
        ("nokey", {}, "no key is called"),
    ],
)
def test_its_key_must_be_free_and_not_easily_pressed(
    key: str, table: dict[str, str], words: str
) -> None:
    one = OwnCommand(name="open-log", key=key, argv=("less",))
    with pytest.raises(WrongKey, match=words) as raised:
        keymap(table, ("stop",), (one,))
    assert raised.value.name == "open-log"


@pytest.mark.parametrize("name", ["resume", "stop"])
def test_its_name_must_be_its_own(name: str) -> None:
    with pytest.raises(WrongKey, match="has this name"):
        keymap({}, ("stop",), (OwnCommand(name=name, key="L", argv=("less",)),))


def test_it_is_no_verb() -> None:
    keys = keymap({}, ("stop",), (OwnCommand(name="open-log", key="L", argv=("less",)),))
    assert keys.sign("open-log") == "L"
    assert keys.verbs == ()
