"""Prints data to stdout and messages to stderr, as text or JSON, safe for any terminal."""

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
from tui.core.models.line_target import LineTarget
from tui.core.text.safe_text import safe_text
from tui.core.values import dataclass, field

_DEEPEST = 60
_USUAL = 80
_ESCAPE = "\\"

_encode = json.JSONEncoder(allow_nan=False).encode


@dataclass(slots=True)
class Captured:
    """The printed lines, where some of them lead, by their index, and which are Markdown."""

    lines: list[str] = field(default_factory=list)
    targets: dict[int, LineTarget] = field(default_factory=dict)
    markdown: range = range(0)


_CAPTURED: ContextVar[Captured | None] = ContextVar("captured", default=None)
_ROOM: ContextVar[int | None] = ContextVar("room", default=None)


@contextmanager
def captured(width: int | None = None) -> Iterator[Captured]:
    """Collect the lines that verbs in this thread or task print, instead of printing them.

    `width` is the number of cells that they will be shown in, if known.
    """
    printed = Captured()
    token, room_token = _CAPTURED.set(printed), _ROOM.set(width)
    try:
        yield printed
    finally:
        _CAPTURED.reset(token)
        _ROOM.reset(room_token)


def output_width() -> int | None:
    """Return the width in cells to fit data to, or `None` if it does not go to a screen."""
    if _CAPTURED.get() is not None:
        return _ROOM.get()
    return _columns(sys.stdout)


def terminal_width() -> int:
    """Return the width in cells of the narrowest terminal at hand, such as a pager's; else 80.

    For text that must not be cut; `output_width` is for what may be.
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
    """Print a message to stderr; it is cleaned, since it may quote anything."""
    _print(safe_text(words), sys.stderr)


def put(words: str, target: LineTarget | None = None) -> None:
    """Print a line of data to stdout; `target` is where it leads on a page of the console."""
    _print(safe_text(words), sys.stdout, target)


def put_markdown(lines: Iterable[tuple[str, LineTarget | None]]) -> None:
    """Print lines of Markdown, which a page of the console draws as such."""
    printed = _CAPTURED.get()
    first = len(printed.lines) if printed is not None else 0
    for words, target in lines:
        put(words, target)
    if printed is not None:
        printed.markdown = range(first, len(printed.lines))


def is_captured() -> bool:
    """Whether what is printed is shown by the console."""
    return _CAPTURED.get() is not None


def put_json(value: Any) -> None:
    """Print a JSON value to stdout: ASCII only, and safe to print after decoding, too."""
    _print(json_text(value), sys.stdout)


class Verbatim:
    """A JSON value that is not cleaned: the input of a request must be read unchanged.

    Printed it is still safe, since the JSON is ASCII only.
    """

    def __init__(self, value: Any) -> None:
        self.value = value


def is_in_console() -> bool:
    """Whether a verb runs in a thread of the console."""
    return threading.current_thread() is not threading.main_thread()


def is_interactive() -> bool:
    """Whether somebody can read a question and answer it."""
    if _CAPTURED.get() is not None or sys.stdin is None or sys.stderr is None:
        return False
    return sys.stdin.isatty() and sys.stderr.isatty()


def put_array(values: Iterable[Any]) -> None:
    """Print a JSON array to stdout, whose values are made one at a time."""
    _print(f"[{', '.join(map(json_text, values))}]", sys.stdout)


def json_text(value: Any) -> str:
    """Return a value as safe JSON; one without escapes, that is not deep, needs no cleaning."""
    try:
        text = _encode(value)
    except (ValueError, TypeError, RecursionError):  # `Verbatim`, NaN, or nested too deeply
        text = _ESCAPE
    is_plain = _ESCAPE not in text and text.count("{") + text.count("[") < _DEEPEST
    return text if is_plain else json.dumps(_cleaned(value))


def _print(text: str, stream: TextIO | None, target: LineTarget | None = None) -> None:
    printed = _CAPTURED.get()
    if printed is not None:
        lines = text.split("\n")
        if target is not None:
            first = len(printed.lines)
            printed.targets |= dict.fromkeys(range(first, first + len(lines)), target)
        printed.lines.extend(lines)
    elif stream is not None:  # `print(file=None)` would print to stdout
        print(text, file=stream)


def _cleaned(value: Any, depth: int = 0) -> Any:
    """Return a value that strict JSON can hold, with every string cleaned."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, Verbatim):
        return value.value if _is_strict(value.value) else json.dumps(value.value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, (dict, list)):  # a union would be made at each call
        return value
    if depth == _DEEPEST:
        return "..."
    if isinstance(value, list):
        return [_cleaned(one, depth + 1) for one in value]
    return {_safe_name(name): _cleaned(one, depth + 1) for name, one in value.items()}


def _is_strict(value: Any) -> bool:
    """Whether strict JSON can hold a value: it has no NaN and no infinity."""
    try:
        _encode(value)
    except (ValueError, RecursionError):
        return False
    return True


@lru_cache(maxsize=256, typed=True)
def _safe_name(name: object) -> str:
    """Return a cleaned key; cached, since the objects of an array repeat theirs."""
    return safe_text(name)


def put_error(error: ConsoleError, *, as_json: bool) -> None:
    """Print an error on stderr, in words or as `{"error": ...}` with what `error_json` returns.

    In a shell the words name the program; the console shows them as its own.
    """
    if as_json:
        say(json.dumps({"error": error_json(error)}))
    else:
        say(str(error) if _CAPTURED.get() is not None else f"session-console: {error}")


def error_json(error: ConsoleError) -> dict[str, Any]:
    """Return an error under the names that scripts rely on; `remedy` is a command, or null."""
    facts: dict[str, Any] = {
        "code": error.code,
        "reason": str(error.reason),
        "message": safe_text(str(error)),
        "remedy": safe_text(error.remedy) or None,
    }
    if isinstance(error, AmbiguousId):
        facts["candidates"] = list(error.candidates)
    return facts


def as_console_error(error: ConsoleError | OSError) -> ConsoleError:
    """Return an error as a `ConsoleError`; an `OSError` is prefixed with its file name."""
    if isinstance(error, ConsoleError):
        return error
    return ConsoleError(f"{error.filename or 'stdout'}: {error.strerror or error}")
