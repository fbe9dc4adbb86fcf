"""Bytes from a terminal become a key, a paste, or nothing; never a command nobody typed."""

from __future__ import annotations

import random

import pytest
from textual import events
from textual.message import Message

from tui.ui.terminal.key_sequences import CursorReport
from tui.ui.terminal.keyboard import MOST_PASTED, Keyboard, TypedAhead, is_ahead, is_burst

DELAY = 0.4


def said(found: list[Message]) -> list[str]:
    """Return keys by their names, pastes in quotes, and the rest by its class."""
    names = []
    for one in found:
        if isinstance(one, events.Key):
            names.append(one.key)
        elif isinstance(one, TypedAhead):
            names.append(f"ahead:{''.join(key.character or key.key for key in one.keys)}")
        elif isinstance(one, events.Paste):
            names.append(repr(one.text))
        else:
            names.append(type(one).__name__)
    return names


def typed(*parts: bytes, gap: float = 0.3, has_mouse: bool = False) -> list[str]:
    """Return the events of parts that arrive one after the other, then of a long silence."""
    keyboard, now, found = Keyboard(DELAY, has_mouse=has_mouse), 0.0, []
    for part in parts:
        found += keyboard.feed(part, now)
        now += gap
        found += keyboard.idle(now)
    return said(found + keyboard.idle(now + 60))


def bytewise(data: bytes) -> tuple[bytes, ...]:
    return tuple(bytes([byte]) for byte in data)


@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"j", ["j"]),
        (b"\x1b[B", ["down"]),
        (b"\x1bOB", ["down"]),
        (b"\x1b[1;5C", ["ctrl+right"]),
        (b"\x1b[3~", ["delete"]),
        (b"\x1b[13u", ["enter"]),
        (b"\x1b[[A", ["f1"]),
        (b"\x1b", ["escape"]),
        (b"\r", ["enter"]),
        ("é".encode(), ["é"]),
        (b"\x1b[200~du\ry\x1b[201~", [r"'du\ry'"]),
        (b"\x1b[200~", ["''"]),
        (b"\x1b[M !!j", ["j"]),
        (b"\x1b[M\xff\x80\xfej", ["j"]),
        (b"\x1b[M\x00\x1b\x03j", ["j"]),
        (b"\x1b[<0;5;5M\x1b[<0;5;5m", []),
        (b"\x1b[I\x1b[O", []),
        (b"\x1b[?62;22c", []),
        (b"\x1b[>41;354;0c", []),
        (b"\x1b[24;80R", ["CursorReport"]),
        (b"\x1b[?2048;2$y", []),
        (b"\x1b[48;9999;9999;99999;99999t", []),
        (b"\x1b[?31u", []),
        (b"\x1b[97;1:3u", []),
        (b"\x1b[99999999999u", []),
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", []),
        (b"\x1b]10;rgb:0/0/0\x07j", ["j"]),
        (b"\x1bP1$r0m\x1b\\", []),
        (b"\x1b_Gi=1;OK\x1b\\", []),
        (b"\x1b[12", []),
        (b"\x1b[" + b"1;" * 200 + b"ud", ["d"]),
    ],
)
def test_whole_or_in_pieces_it_is_one_thing(data: bytes, keys: list[str], is_split: bool) -> None:
    assert typed(*(bytewise(data) if is_split else (data,))) == keys


@pytest.mark.parametrize("is_split", [False, True])
@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\x1b[27;5;100~", ["ctrl+d"]),  # xterm's modifyOtherKeys
        (b"\x1b[27;5;117~", ["ctrl+u"]),
        (b"\x1b[27;3;100~", ["alt+d"]),
        (b"\x1b[27;7;100~", ["alt+ctrl+d"]),
        (b"\x1b[27;2;68~", ["D"]),
        (b"\x1b[27;1;100~", ["d"]),
        (b"\x1b[27;2;9~", ["shift+tab"]),
        (b"\x1b[27;2;13~", ["shift+enter"]),
        (b"\x1b[27;5;13~", ["ctrl+enter"]),
        (b"\x1b[27;5;4~", []),
        (b"\x1b[100;5u", ["ctrl+d"]),  # kitty's protocol
        (b"\x1b[100;5;100u", ["ctrl+d"]),
        (b"\x1b[100;9u", ["super+d"]),
        (b"\x1b[100;3;100u", ["alt+d"]),
        (b"\x1b[100;3;8706u", ["partial_differential"]),
        (b"\x1b[100u", ["d"]),
        (b"\x1b[100;1;100u", ["d"]),
        (b"\x1b[100;65;68u", ["D"]),
        (b"\x1b[97:65;2;65u", ["A"]),
        (b"\x1b[97;2u", ["A"]),
        (b"\x1b[49;2u", []),
        (b"\x1b[97;1;27u", []),
        (b"\x1b[9;2u", ["shift+tab"]),
        (b"\x1b[9u\x1b[127u", ["tab", "backspace"]),
        (b"\x1b[27u", ["escape"]),
        (b"\x1b[57400u\x1b[57414u", ["1", "enter"]),
        (b"\x1b[122;133u", ["ctrl+z"]),  # with num lock on
        (b"\x1b[57344u\x1b[57358u", ["caps_lock"]),
        (b"\x1b[2;5~", ["ctrl+insert"]),
        (b"\x1b[25~", ["f13"]),
        (b"\x1b[33~", ["f19"]),  # `!` to Textual
        (b"\x1b[100~", []),  # to Textual the key of the character with that number
        (b"\x1b[105;1~", []),
        (b"\x1b[63;5S", []),
        (b"\x1b[100;5F", []),
        (b"\x1b[114A", []),
        (b"\x1b[1;2;100~", []),
        (b"\x1b[100;5;1;1u", []),
    ],
)
def test_a_key_that_is_sent_as_a_sequence_types_nothing_but_its_own_text(
    data: bytes, keys: list[str], is_split: bool
) -> None:
    assert typed(*(bytewise(data) if is_split else (data,))) == keys


def test_no_numbered_sequence_is_the_key_of_the_character_with_that_number() -> None:
    for number in range(1, 300):
        for ending in b"~ABCDEFGHIJKLMNOPQRSTVWXYZ":
            for more in (b"", b";1", b";5", b";1:3", b";5;100", b";2;9;9"):
                data = b"\x1b[%d%s%c" % (number, more, ending)
                (*found,) = Keyboard(DELAY, has_mouse=True).feed(data, 0)
                keys = [one for one in found if isinstance(one, events.Key)]
                if number != 27 or ending != ord("~"):
                    assert not any(key.character or len(key.key) == 1 for key in keys), data
                assert not any(key.character for key in keys if "+" in key.key), data


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"\x1b[0n", []),
        (b"\x1b[2;5R", ["CursorReport"]),
        (b"\x1b[?2026;2$y", ["TerminalSupportsSynchronizedOutput"]),
        (b"\x1b[?1;2c", []),
        (b"\x1b[I", []),
    ],
)
def test_an_escape_counts_though_the_terminal_answers_at_once(
    answer: bytes, told: list[str]
) -> None:
    """Read as a key with Alt, both keys would be lost."""
    assert typed(b"\x1b" + answer) == ["escape", *told]
    assert typed(b"\x15\x1b" + answer) == ["ctrl+u", "escape", *told]


def test_where_the_cursor_is_was_answered_and_f3_was_pressed() -> None:
    """The two differ only in the row."""
    (answered,) = Keyboard(DELAY, has_mouse=True).feed(b"\x1b[2;5R", 0)
    assert isinstance(answered, CursorReport)
    assert answered.cell == (2, 5)
    assert typed(b"\x1b[1;5R") == ["ctrl+f3"]
    assert typed(b"\x1b\x1b[1;5R") == []


def test_a_key_with_alt_is_no_escape_and_a_key() -> None:
    assert typed(b"\x1b\x1b[A") == typed(b"\x1b\x1bOB") == typed(b"\x1b\x1b[3~") == []
    assert typed(b"\x1b", b"\x1b[A") == ["escape", "up"]


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        ((b"\x1bd",), []),
        ((b"\x1b", b"d"), ["escape", "d"]),
        ((b"\x1b\x1b",), ["escape", "escape"]),
        ((b"\xe9t\xff",), ["replacement_character", "t", "replacement_character"]),
        ((b"\x1b[200~never", b" ended", b"\x03", b"j"), ["j"]),
        ((b"d" * 40,), ["d"] * 40),
        ((b"d" * 300,), [repr("d" * 300)]),
        ((b"y" * 300,), [repr("y" * 300)]),
        ((b"j" * 300,), ["j"] * 300),
        ((b"\x1b[B" * 300,), ["down"] * 300),
        ((b"j" * 300 + b"d",), [repr("j" * 300 + "d")]),
        (
            (b"delete it\rand say yes to what it asks\ry",),
            [r"'delete it\rand say yes to what it asks\ry'"],
        ),
        ((b"one\rd\ry\rn",), [r"'one\rd\ry\rn'"]),
        ((b"dy", b"dy"), ["d", "y", "d", "y"]),
        ((b"every body",), ["ahead:every body"]),
        ((b"typed ahe\x1b[D\x7fad\x1b[A",), ["ahead:typed aheleft\x7fadup"]),
        (
            (b"a prompt that a hand has typed ahead of its Enter\r",),
            ["ahead:a prompt that a hand has typed ahead of its Enter\r"],
        ),
        (("\x1bé".encode(),), []),
        ((b"\x1b\xc3", b"\xa9j"), ["j"]),
        (("\x1b漢".encode()[:3], "漢".encode()[2:] + b"j"), ["j"]),
        ((b"\x1b\xe9tj",), ["t", "j"]),
    ],
)
def test_what_a_hand_does_and_what_only_a_paste_can(
    parts: tuple[bytes, ...], keys: list[str]
) -> None:
    assert typed(*parts) == keys


@pytest.mark.parametrize(
    ("parts", "gap", "found"),
    [
        ((b"z" * 4096, b"dy"), 0.001, ["'" + "z" * 4096 + "'", "'dy'"]),
        ((b"z" * 4096, b"\x1b[A\x1b", b"dy", b"\x1b"), 0.1, ["'" + "z" * 4096 + "'", "'dy'"]),
        ((b"z" * 300, b"d", b"y", b"d"), 0.1, ["'" + "z" * 300 + "'", "'d'", "'y'", "'d'"]),
        ((b"z" * 300, b"d"), 0.2, ["'" + "z" * 300 + "'", "d"]),
        ((b"every b", b"ody"), 0.001, [*"every", "space", "b", "o", "d", "y"]),
        ((b"every body", b"dy"), 0.001, ["ahead:every body", "ahead:dy"]),
        (tuple(b"dy" for _ in range(130)), 0.001, ["d", "y"] * 127 + ["'dy'"] * 3),
        ((b"every body", b"dy"), 0.02, ["ahead:every body", "d", "y"]),
        ((b"every body", b"\ry"), 0.001, ["ahead:every body", r"'\ry'"]),
        (tuple(b"j" for _ in range(100)), 0.02, ["j"] * 100),
        ((b"j" * 300, *(b"j" for _ in range(9))), 0.03, ["j"] * 309),
        ((b"j" * 300, b"j" * 300, b"dy"), 0.001, ["j"] * 600 + ["'dy'"]),
        ((b"j" * 4000, b"j" * 300, b"j"), 0.001, ["j"] * 4000 + [repr("j" * 300), "'j'"]),
        ((b"z" * 300, *(b"j" for _ in range(5))), 0.06, [repr("z" * 300), "'j'", "'j'", *"jjj"]),
        ((b"z" * 300, *(b"\x1b[B" for _ in range(4))), 0.06, [repr("z" * 300), "down", "down"]),
        ((b"d" * 300, *(b"d" for _ in range(5))), 0.06, [repr("d" * 300)] + ["'d'"] * 5),
        (
            (b"z" * 300, *(b"j" for _ in range(300)), b"dy"),
            0.005,
            [repr("z" * 300), *["'j'"] * 300, "'dy'"],
        ),
    ],
)
def test_a_burst_goes_on_while_nothing_pauses(
    parts: tuple[bytes, ...], gap: float, found: list[str]
) -> None:
    assert typed(*parts, gap=gap) == found


def test_what_a_terminal_answers_in_a_burst_is_heard() -> None:
    answers = (b"\x1b[200~paste\x1b[201~", b"\x1b[?2026;2$y")
    heard = ["'paste'", "TerminalSupportsSynchronizedOutput"]
    assert typed(b"every body", *answers, gap=0.001) == ["ahead:every body", *heard]
    assert typed(b"z" * 256, *answers, gap=0.001)[1:] == heard


def test_the_pointer_is_read_where_it_was_asked_for() -> None:
    assert typed(b"\x1b[<0;5;5M", has_mouse=True) == ["MouseDown"]
    assert typed(b"\x1b[M !!", has_mouse=True) == []


def test_a_paste_without_end_is_bounded_and_the_keys_come_back() -> None:
    keyboard = Keyboard(DELAY, has_mouse=False)
    keyboard.feed(b"\x1b[200~", 0)
    for _ in range(40):
        keyboard.feed(b"x" * 100_000, 0)
    (paste,) = keyboard.feed(b"\x1b[201~", 0)
    assert isinstance(paste, events.Paste)
    assert len(paste.text) < MOST_PASTED + 100
    assert said(keyboard.feed(b"j", 0)) == ["j"]


def test_no_bytes_break_it_and_a_pause_always_brings_the_keys_back() -> None:
    chance = random.Random(5)  # noqa: S311 (the same bytes each time)
    keyboard = Keyboard(DELAY, has_mouse=True)
    for number in range(1000):
        keyboard.feed(chance.randbytes(chance.randrange(1, 60)), number)
        keyboard.feed(b"\x1b[" + chance.randbytes(8), number)
    keyboard.feed(b"\x03", 9000)
    keyboard.idle(9999)
    assert said(keyboard.feed(b"j", 9999)) == ["j"]


def test_a_burst_is_what_no_hand_types() -> None:
    assert not is_burst("r")
    assert not is_burst("e7\rj")
    assert is_burst("rm -rf everything\nand the rest of it as well")
    assert not is_burst("j" * 300)
    assert is_burst("j" * 100_000)
    assert is_burst("d" * 300)
    assert not is_ahead("j" * 200)
    assert not is_ahead("rdieu")
    assert is_ahead("rm -rf it")


@pytest.mark.parametrize("alt_enter", [b"\x1b\r", b"\x1b\n", b"\x1b[13;3u", b"\x1b[27;3;13~"])
def test_alt_enter_is_one_key_in_every_encoding(alt_enter: bytes) -> None:
    """Esc and Enter would leave a prompt, and then open what is selected."""
    assert typed(alt_enter) == ["alt+enter"]
    assert typed(b"ab" + alt_enter + b"cd") == ["a", "b", "alt+enter", "c", "d"]
    assert typed(b"first" + alt_enter + b"second") == ["ahead:firstalt+entersecond"]
    much = b"x" * 300
    assert typed(much + alt_enter + b"second") == [repr("x" * 300 + "\nsecond")]


def test_other_keys_with_alt_stay_dead() -> None:
    assert typed(b"\x1bx", b"\x1bd", b"\x1b:", b"\x1b ") == []
