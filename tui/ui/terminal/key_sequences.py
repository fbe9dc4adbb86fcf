"""Reads one escape sequence of a terminal: a key, text, a pointer event, or nothing.

Three key encodings are read: the legacy one (`CSI 3 ~`), xterm's modifyOtherKeys
(`CSI 27;5;100 ~`) and kitty's keyboard protocol (`CSI 100;5 u`). Textual's parser takes anything
of that form for the character with that number (`CSI 100 ~` is `d` to it), so only known keys
are passed to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import _character_to_key
from textual.message import Message

from tui.core.text.late_pattern import late_pattern

_AT = late_pattern(r"\x1b\[(\d{1,5});(\d{1,5})R")
_NUMBERED = late_pattern(r"\x1b\[(\d{0,6})((?:;\d{0,6})*)([~A-Z])")
_OTHER_KEY = late_pattern(r"\x1b\[27;(\d{1,6});(\d{1,7})~")
_KITTY = late_pattern(r"\x1b\[(\d{0,7})(?::(\d{0,7}))?(?::\d*)?(?:;(\d{0,4})(?:;([\d:]*))?)?u")
_SHIFT, _ALT, _LOCKS = 1, 2, 64 | 128  # caps lock and num lock are no modifiers of a key
_MODIFIERS = ((1, "shift"), (2, "alt"), (4, "ctrl"), (8, "super"), (16, "hyper"), (32, "meta"))
_ALT_ENTER = ("\x1b\r", "\x1b\n")
_HIGHEST = 0x10FFFF
_IS_TEXT = {9, 13, 127}  # Tab, Enter and Backspace, as the bytes that other terminals send
_GOES_ON = (events.Key, events.MouseEvent, messages.TerminalSupportsSynchronizedOutput)


class CursorReport(Message):
    """The terminal's reply to a cursor position request."""

    def __init__(self, cell: tuple[int, int]) -> None:
        super().__init__()
        self.cell = cell


def read_sequence(sequence: str) -> Iterator[Message | str]:
    """Yield what a whole sequence is: text as a string, any other key or event as a message."""
    if sequence in _ALT_ENTER:
        yield events.Key("alt+enter", None)
    elif (found := _AT.fullmatch(sequence)) and int(found[1]) > 1:  # in the first row it is F3
        yield CursorReport((int(found[1]), int(found[2])))
    elif found := _OTHER_KEY.fullmatch(sequence):
        yield from _key(int(found[2]), int(found[1]), "")
    elif found := _KITTY.fullmatch(sequence):
        is_shifted = _bits(int(found[3] or 1)) == _SHIFT and found[2]
        code = found[2] if is_shifted else found[1]
        yield from _key(int(code or 0), int(found[3] or 1), found[4] or "")
    elif found := _NUMBERED.fullmatch(sequence):
        yield from _numbered(found)
    else:
        made = list(parsed(sequence))
        if len(made) == 1 or not any(isinstance(one, events.Key) for one in made):
            yield from (_without_text(one) for one in made)


def parsed(sequence: str) -> Iterator[Message]:
    """Yield what a fresh parser makes of it; nothing for an unknown sequence."""
    try:
        found = list(XTermParser().feed(sequence))
    except Exception:  # whatever a number beyond all bounds raises: it is no key
        return
    yield from (one for one in found if isinstance(one, _GOES_ON))


def _numbered(found: re.Match[str]) -> Iterator[Message]:
    """Yield the key of `CSI number ; modifiers ~` or `CSI 1 ; modifiers A`, if it is one."""
    name = FUNCTIONAL_KEYS.get(f"{found[1] or 1}{found[3]}", "")
    modifiers = found[2].split(";")[1:] or ["1"]
    legacy = ANSI_SEQUENCES_KEYS.get(found[0])
    if name and len(modifiers) == 1:
        yield events.Key("+".join(_sorted(_bits(int(modifiers[0] or 1)), name)), None)
    elif isinstance(legacy, tuple) and len(legacy) == 1:
        yield events.Key(legacy[0].value, None)


def _key(code: int, modifiers: int, text: str) -> Iterator[Message | str]:
    """Yield the key with a character's code, or the text it types."""
    bits = _bits(modifiers)
    name = FUNCTIONAL_KEYS.get(f"{code}u", "")
    if typed := _text(code, bits, text):
        yield typed
    elif name or (bits & ~_SHIFT and _is_printable(code)):
        base = name or _character_to_key(chr(code))
        yield events.Key("+".join(_sorted(bits, base)), None)


def _text(code: int, bits: int, text: str) -> str:
    """Return what a key types: the reported text, else the character of its code.

    With Ctrl or Alt a key types nothing, except a character that Alt or AltGr composes (`∂`).
    """
    typed = _characters(text)
    if typed:
        is_plain = typed.lower() == chr(code).lower() if 0 < code <= _HIGHEST else False
        is_composed = not bits & ~(_SHIFT | _ALT) and not (bits & _ALT and is_plain)
        return typed if is_composed else ""
    if text or bits & ~_SHIFT:
        return ""
    if code in _IS_TEXT:
        return "" if bits else chr(code)
    if not _is_printable(code):
        name = FUNCTIONAL_KEYS.get(f"{code}u", "")
        return name if len(name) == 1 and not bits else ""
    return _shifted(chr(code)) if bits else chr(code)


def _shifted(character: str) -> str:
    """Return a letter in upper case; other characters depend on the keyboard layout."""
    if character.isalpha():
        return character.upper() if len(character.upper()) == 1 else character
    return "" if character.isdecimal() else character


def _characters(text: str) -> str:
    codes = [int(one) for one in text.split(":") if one.isdecimal() and len(one) < 8]
    characters = "".join(chr(one) for one in codes if one <= _HIGHEST)
    return (
        characters if characters.isprintable() and len(characters) == len(text.split(":")) else ""
    )


def _is_printable(code: int) -> bool:
    return 0 < code <= _HIGHEST and chr(code).isprintable()


def _bits(modifiers: int) -> int:
    return max(0, modifiers - 1) & ~_LOCKS


def _sorted(bits: int, name: str) -> list[str]:
    """Return the modifiers in Textual's order, then the key."""
    return [*sorted(modifier for bit, modifier in _MODIFIERS if bits & bit), name]


def _without_text(message: Message) -> Message:
    """Return a key that types nothing: no character has a sequence of its own."""
    return events.Key(message.key, None) if isinstance(message, events.Key) else message
