"""What a verb prints: data on stdout, talk on stderr, the same facts as JSON."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TextIO

from tui.core.errors import AmbiguousId, ConsoleError
from tui.core.text.safe_text import safe_text

_DEEPEST = 60
_USUAL = 80
_ESCAPE = "\\"

_encode = json.JSONEncoder(allow_nan=False).encode

_CAPTURED: ContextVar[list[str] | None] = ContextVar("captured", default=None)
_ROOM: ContextVar[int | None] = ContextVar("room", default=None)


@contextmanager
def captured(width: int | None = None) -> Iterator[list[str]]:
    """Collect the lines that verbs of this thread or task print, rather than print them.

    They are to be shown in `width` cells, if that is known.
    """
    lines: list[str] = []
    token, room_token = _CAPTURED.set(lines), _ROOM.set(width)
    try:
        yield lines
    finally:
        _CAPTURED.reset(token)
        _ROOM.reset(room_token)


def room() -> int | None:
    """Return how many cells a line of data may have; `None` where nobody reads it on a screen."""
    if _CAPTURED.get() is not None:
        return _ROOM.get()
    return _columns(sys.stdout)


def least_room() -> int:
    """Return how many cells a row has wherever it may be read, such as in a pager: 80 if unknown.

    `room` is for what may be cut, and this for what must not be.
    """
    if _CAPTURED.get() is not None:
        return _ROOM.get() or _USUAL
    known = (_columns(stream) for stream in (sys.stdin, sys.stdout, sys.stderr))
    return min((one for one in known if one), default=_USUAL)


def _columns(stream: TextIO | None) -> int | None:
    try:
        return (stream and os.get_terminal_size(stream.fileno()).columns) or None
    except (OSError, ValueError, AttributeError):  # no terminal, or no file at all
        return None


def say(words: str) -> None:
    """Print talk for a person on stderr; cleaned once more, since it may quote anything."""
    _print(safe_text(words), sys.stderr)


def put(words: str) -> None:
    """Print a line of data on stdout."""
    _print(safe_text(words), sys.stdout)


def put_json(value: Any) -> None:
    """Print one JSON value on stdout: ASCII only, and harmless once it is decoded, too."""
    _print(_json(value), sys.stdout)


class Verbatim:
    """A JSON value of which nothing is cleaned: what an agent asks for must be read as it is.

    In the JSON that is printed it is harmless all the same: that is ASCII only.
    """

    def __init__(self, value: Any) -> None:
        self.value = value


def is_in_console() -> bool:
    """Whether a verb runs in a thread of the console."""
    return threading.current_thread() is not threading.main_thread()


def talks_to_terminal() -> bool:
    """Whether somebody reads what is said, and can answer it."""
    if _CAPTURED.get() is not None or sys.stdin is None or sys.stderr is None:
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def put_array(values: Iterable[Any]) -> None:
    """Print one JSON array on stdout, each of its values made when its turn comes."""
    _print(f"[{', '.join(map(_json, values))}]", sys.stdout)


def _json(value: Any) -> str:
    """Return a value as harmless JSON; what is flat, and has nothing escaped, is so as it is."""
    try:
        text = _encode(value)
    except (ValueError, TypeError, RecursionError):  # `Verbatim`, no number of JSON, or too deep
        text = _ESCAPE
    is_plain = _ESCAPE not in text and text.count("{") + text.count("[") < 2
    return text if is_plain else json.dumps(_harmless(value))


def _print(text: str, stream: TextIO | None) -> None:
    lines = _CAPTURED.get()
    if lines is not None:
        lines.extend(text.split("\n"))
    elif stream is not None:  # `print` would take stdout instead of a closed stderr
        print(text, file=stream)


def _harmless(value: Any, depth: int = 0) -> Any:
    """Return what strict JSON can say of a value, every string of it cleaned."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, Verbatim):
        return value.value if _is_strict(value.value) else json.dumps(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, dict | list):
        return value
    if depth == _DEEPEST:
        return "..."
    if isinstance(value, list):
        return [_harmless(one, depth + 1) for one in value]
    return {_safe_name(name): _harmless(one, depth + 1) for name, one in value.items()}


def _is_strict(value: Any) -> bool:
    """Whether JSON has words for all of a value: it has none for what is infinite."""
    try:
        _encode(value)
    except (ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=256, typed=True)
def _safe_name(name: object) -> str:
    """Return a safe name: a list of thousands of sessions has few of them, again and again."""
    return safe_text(name)


def put_error(error: ConsoleError, *, as_json: bool) -> None:
    """Print an error on stderr, in words or as `{"error": {"code", "message"}}`."""
    if not as_json:
        say(f"session-console: {error}")
        return
    facts: dict[str, Any] = {"code": error.code, "message": safe_text(str(error))}
    if isinstance(error, AmbiguousId):
        facts["candidates"] = list(error.candidates)
    say(json.dumps({"error": facts}))


def problem_of(error: ConsoleError | OSError) -> ConsoleError:
    """Return what to print of an error: one of the system names its place."""
    if isinstance(error, ConsoleError):
        return error
    return ConsoleError(f"{error.filename or 'stdout'}: {error.strerror or error}")
