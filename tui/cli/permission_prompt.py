"""What waits for an answer, in full, for whoever answers it from the command line."""

from __future__ import annotations

import codecs
import sys
import termios
from collections.abc import Iterator
from datetime import datetime

from tui.cli.output import least_room, say
from tui.core.errors import Refused
from tui.core.models.permission_request import PermissionRequest

_LEAST_ROOM = 20
_NARROW = "the terminal is too narrow to show the request: make it wider"
_WORD = 4  # digits of a request's digest, which nobody knows who did not read them


def asked_lines(request: PermissionRequest, now: datetime, indent: int = 0) -> Iterator[str]:
    """Yield who asks and why, all that would be granted, and what names it.

    No row is longer than the terminal is wide, behind an indent of so many cells: what a terminal
    wraps by itself looks like a row of its own, and two inputs then like one.
    """
    from tui.view.stream import request_page

    is_ascii, width = _is_limited(), least_room() - indent
    if width < _LEAST_ROOM:
        yield _NARROW
        return
    shown = request_page.request_lines(request, width, is_ascii=is_ascii)
    facts = request_page.fact_lines(request, now, width, is_ascii=is_ascii)
    for line in (*facts, *shown):
        yield "".join(cell.text for cell in line)
    yield request_page.end_line(request)


def require_yes(request: PermissionRequest, now: datetime, decision: str, who: str) -> None:
    """Show a request to whoever sits at the terminal; raises `Refused` without their yes to it.

    What was typed before it was all shown counts for nothing, nor does a word that somebody can
    know who did not read it.
    """
    from tui.view.stream.request_page import short_tool

    if least_room() - 2 < _LEAST_ROOM:
        raise Refused(_NARROW)
    for line in asked_lines(request, now, 2):
        say(f"  {line}")
    if decision == "always":
        tool = short_tool(request)
        say(f"  always: every later call of {tool} in this run too, whatever its input")
    word = f"{'always' if decision == 'always' else 'yes'} {request.digest[:_WORD]}"
    _forget_typed()
    say(f"type `{word}` to answer {decision} to {who}:")
    if " ".join(sys.stdin.readline().split()) != word:
        raise Refused("nothing was granted")


def _forget_typed() -> None:
    """Drop what was typed before all that was said had reached the terminal."""
    try:
        sys.stderr.flush()
        termios.tcdrain(sys.stderr.fileno())
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, termios.error) as error:
        raise Refused(f"nobody can be asked at this terminal: {error}") from error


def _is_limited() -> bool:
    """Whether stdout or stderr has no room for each character, and would replace some."""
    streams = (getattr(stream, "encoding", None) for stream in (sys.stdout, sys.stderr))
    return any(codecs.lookup(one).name != "utf-8" for one in streams if one)
