"""Cuts a terminal's input into keys, pastes and pointer events before Textual reads it.

Textual's own parser stops at a byte that is not UTF-8 (an old mouse report, a Latin-1 letter), a
key code beyond Unicode or a window of 99999 columns, and reads unknown sequences (a terminal's
replies, half of an arrow key) as the letters in them. So whole sequences are cut out here, and
only keys and pointer events are passed on.

Terminals without bracketed paste send pasted text like typing. A person types about 20 letters a
second and a held key repeats about 50 times, so a larger burst is a paste, or was typed ahead of a
link that stalled: a burst too small to tell is `TypedAhead`.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Generator, Iterator, Sequence

from textual import events
from textual.message import Message

from tui.core.text.late_pattern import late_pattern
from tui.ui.terminal.key_sequences import parsed, read_sequence

# A reply may come in pieces; one that is silent for this long is given up, in seconds.
BROKEN_OFF = 1.0
PASTE_BROKEN_OFF = 30.0
MOST_PASTED = 1024 * 1024  # more than a line takes, whatever the characters
_BURST, _HAND = 256, 8  # characters
_MOST_HELD = 4096  # of one key that was held down while a link stalled
# What follows so soon was sent at once, in seconds: links deliver in pieces, slow ones seldom.
_AT_ONCE, _BURST_GOES_ON = 0.01, 0.15
_LONGEST = 64
_MOVING = frozenset("bjk[] \t\x02\x06\x7f")  # what is held down to get along
_STEP = late_pattern(rb"([bjk\x02\x06\x7f]|\x1b[\[O][A-D]|\x1b\[[56]~)\1{0,6}")

_ESC, _PASTE, _PASTED = b"\x1b", b"\x1b[200~", b"\x1b[201~"
_WHOLE = late_pattern(
    rb"(?P<text>[^\x1b]+)"
    rb"|(?P<mouse>\x1b\[M[\x00-\xff]{3})"  # X10: three raw bytes
    # A key with Alt does nothing; what a terminal answers behind an Esc is no such key.
    rb"|(?P<alt>\x1b\x1b(?:\[(?!M|200~|[<=>?]|[0-9;]*[IOcnt]|(?!1;)[0-9]+;[0-9]+R)"
    rb"[0-?]*[ -/]*[@-Z\\-~]|O[@-~]))"
    rb"|(?P<key>\x1b\[(?:\[[ -~]|(?!M)[0-?]*[ -/]*[@-Z\\-~])|\x1bO[0-9;]*[@-~])"
    rb"|(?P<string>\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\))"
    # Of these only Alt+Enter is a key, which begins another line of a prompt.
    rb"|(?P<meta>\x1b(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
    rb"|(?!(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z)"
    rb"[^\x1b\[\]OPX^_]))"
)
_BEGUN = late_pattern(
    rb"\x1b(?:\[(?:M[\x00-\xff]{0,2}|\[|[0-?]*[ -/]*)|O[0-9;]*|[\]PX^_][^\x07\x1b]*\x1b?"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})?\Z"
)
_BROKEN = late_pattern(rb"\x1b(?:\[[0-?]*[ -/]*|O[0-9;]*|[\]PX^_][^\x07\x1b]*)?")
_LINES = late_pattern(r"[\r\n]+[^\r\n]")


class TypedAhead(events.Paste):
    """A burst faster than typing, and too short to be a paste for certain.

    In an open line its `keys` are text; outside one they are not commands.
    """

    def __init__(self, text: str, keys: Sequence[events.Key]) -> None:
        super().__init__(text)
        self.keys = keys


class Keyboard:
    """Turns bytes into messages; times are of one monotonic clock, in seconds.

    `escape_delay` is how long an Esc waits for the rest of a sequence. Without `has_mouse` pointer
    events are dropped.
    """

    def __init__(self, escape_delay: float, *, has_mouse: bool) -> None:
        self._escape_delay = escape_delay
        self._has_mouse = has_mouse
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._held = b""
        self._paste = bytearray()
        self._is_pasting = False
        self._since = self._goes_on_until = 0.0
        self._came = ""
        self._is_ahead = self._is_burst = False

    @property
    def is_pasting(self) -> bool:
        """Whether a paste has begun and not ended."""
        return self._is_pasting

    @property
    def is_waiting(self) -> bool:
        """Whether silence means something: a paste or a sequence has begun and not ended."""
        return self._is_pasting or bool(self._held)

    def feed(self, data: bytes, now: float) -> list[Message]:
        """Return the messages of one read; of a burst no key is passed on alone."""
        found = list(self._cut(data))
        text = "".join(one for one in found if isinstance(one, str))
        self._since = now
        self._look(text, is_step=_STEP.fullmatch(data) is not None, now=now)
        if self._is_burst:
            pasted = "".join(map(_as_pasted, found))
            return [*([events.Paste(pasted)] if text else []), *_keyless(found)]
        made = [each for one in found for each in (_keys(one) if isinstance(one, str) else [one])]
        if not self._is_ahead:
            return made
        keys = [one for one in made if isinstance(one, events.Key)]
        return [*([TypedAhead(text, keys)] if keys else []), *_keyless(found)]

    def _look(self, text: str, *, is_step: bool, now: float) -> None:
        """Judge by amount and timing whether a person typed it; a clock step extends no burst."""
        goes_on = now <= self._goes_on_until
        came = self._came + text if goes_on else text
        self._came = came[:_MOST_HELD]
        self._is_ahead = is_ahead(text) or (goes_on and self._is_ahead)
        self._is_burst = is_burst(came) if self._is_ahead else is_much(came)
        lasts = _BURST_GOES_ON if self._is_burst and not is_step else _AT_ONCE
        self._goes_on_until = max(now + lasts, self._goes_on_until)

    def idle(self, now: float) -> list[Message]:
        """Return what silence makes of held-back bytes: Esc is a key, half a sequence nothing."""
        silent = now - self._since
        if self._is_pasting:
            return self._pasted() if silent >= PASTE_BROKEN_OFF else []
        is_escape = self._held == _ESC
        if not self._held or silent < (self._escape_delay if is_escape else BROKEN_OFF):
            return []
        self._held = b""
        return [_escape()] if is_escape and not self._is_burst else []

    def _cut(self, data: bytes) -> Iterator[Message | str]:
        if self._is_pasting and data == b"\x03":
            self._pasted()  # nobody pastes this alone: a way out when its end never comes
            return
        if self._held == _ESC and data[:1] not in b"[]OPX^_":
            yield _escape()  # a terminal sends Alt and its key at once, a hand does not
            self._held = b""
        data, self._held = self._held + data, b""
        while data:
            if self._is_pasting:
                data = yield from self._into_paste(data)
            elif data.startswith(_PASTE):
                self._is_pasting, data = True, data[len(_PASTE) :]
            elif found := _WHOLE.match(data):
                yield from self._whole(found)
                data = data[found.end() :]
            elif _BEGUN.match(data):
                self._held, data = _shortened(data), b""
            else:
                broken = _broken(data)
                if broken == _ESC:
                    yield _escape()
                data = data[len(broken) :]

    def _whole(self, found: re.Match[bytes]) -> Iterator[Message | str]:
        if found.lastgroup == "text":
            yield self._decode(found[0])
        elif found.lastgroup in ("key", "meta") and len(found[0]) <= _LONGEST:
            for made in read_sequence(found[0].decode("utf-8", "replace")):
                if self._has_mouse or not isinstance(made, events.MouseEvent):
                    yield made

    def _into_paste(self, data: bytes) -> Generator[Message, None, bytes]:
        """Take what belongs to the paste; return what follows it."""
        seam = len(self._paste)
        self._paste += data
        end = self._paste.find(_PASTED, max(0, seam - len(_PASTED)))
        if end < 0:
            if len(self._paste) > MOST_PASTED:
                del self._paste[MOST_PASTED : -len(_PASTED)]
            return b""
        rest = bytes(self._paste[end + len(_PASTED) :])
        del self._paste[end:]
        yield from self._pasted()
        return rest

    def _pasted(self) -> list[Message]:
        text = self._paste.decode("utf-8", "replace")
        self._is_pasting = False
        self._paste.clear()
        return [events.Paste(text)]


def is_burst(text: str) -> bool:
    """Whether a read holds too much, or too many lines, to have been typed.

    Then it is a paste from a terminal without bracketed paste: its letters are not commands.
    """
    return is_much(text) or (len(text) >= _HAND and _LINES.search(text) is not None)


def is_much(text: str) -> bool:
    """Whether a read holds too much to be typed, and is not one movement key held down.

    Any other key that is held down counts: an acting key must not repeat.
    """
    is_held = len(text) < _MOST_HELD and len(set(text)) == 1 and text[0] in _MOVING
    return len(text) >= _BURST and not is_held


def is_ahead(text: str) -> bool:
    """Whether a read holds more than a person types, and not one key held down."""
    return len(text) >= _HAND and len(set(text)) > 1


def _escape() -> Message:
    return events.Key("escape", "\x1b")


def _keyless(found: Sequence[Message | str]) -> list[Message]:
    """Return what is neither a key nor a pointer event: pastes and the terminal's replies."""
    own = (str, events.Key, events.MouseEvent)
    return [one for one in found if not isinstance(one, own)]


def _as_pasted(one: Message | str) -> str:
    """Return what a burst says: its text, and a newline for each Alt+Enter."""
    if isinstance(one, str):
        return one
    return "\n" if isinstance(one, events.Key) and one.key == "alt+enter" else ""


def _keys(text: str) -> list[Message]:
    return list(parsed(text))


def _shortened(begun: bytes) -> bytes:
    """Return what must be kept of an unfinished sequence; of a long one only its kind."""
    if begun[1:2] in (b"]", b"P", b"X", b"^", b"_"):
        return begun[:2] + (_ESC if begun.endswith(_ESC) else b"")
    return begun if len(begun) <= _LONGEST else begun[:2] + b":"


def _broken(data: bytes) -> bytes:
    """Return the bytes of a sequence that was cut off, at least its Esc."""
    found = _BROKEN.match(data)
    return found[0] if found else data[:1]
