"""Shows a permission request in full, and asks for confirmation before it is granted."""

from __future__ import annotations

import codecs
import sys
import termios
from collections.abc import Iterator
from datetime import datetime

from tui.cli.output import say, terminal_width
from tui.core.errors import Refused
from tui.core.models.permission_request import PermissionRequest

_MIN_WIDTH = 20
_NARROW = "the terminal is too narrow to show the request: make it wider"
_WORD = 4  # digits of the digest that a yes must repeat


def permission_lines(request: PermissionRequest, now: datetime, indent: int = 0) -> Iterator[str]:
    """Yield who asks and why, everything that would be granted, and its digest.

    No row is wider than the terminal less `indent` cells: a row that the terminal wraps looks like
    two, and can make one input look like another.
    """
    from tui.view.stream import permission_page

    is_ascii, width = _is_limited(), terminal_width() - indent
    if width < _MIN_WIDTH:
        yield _NARROW
        return
    shown = permission_page.request_lines(request, width, is_ascii=is_ascii)
    facts = permission_page.fact_lines(request, now, width, is_ascii=is_ascii)
    for line in (*facts, *shown):
        yield "".join(cell.text for cell in line)
    yield permission_page.end_line(request)


def confirm_grant(request: PermissionRequest, now: datetime, decision: str, who: str) -> None:
    """Show a request at the terminal and ask for a yes; raises `Refused` without one.

    Input typed before all of it was shown is discarded, and the yes includes digits of the digest,
    so that nobody can give it without having read the request.
    """
    from tui.view.stream.permission_page import short_tool

    if terminal_width() - 2 < _MIN_WIDTH:
        raise Refused(_NARROW)
    for line in permission_lines(request, now, 2):
        say(f"  {line}")
    if decision == "always":
        tool = short_tool(request)
        say(f"  always: every later call of {tool} in this run too, whatever its input")
    word = f"{'always' if decision == 'always' else 'yes'} {request.digest[:_WORD]}"
    _discard_typeahead()
    say(f"type `{word}` to answer {decision} to {who}:")
    if " ".join(sys.stdin.readline().split()) != word:
        raise Refused("nothing was granted")


def _discard_typeahead() -> None:
    """Discard input that was typed before all output had reached the terminal."""
    try:
        sys.stderr.flush()
        termios.tcdrain(sys.stderr.fileno())
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, termios.error) as error:
        raise Refused(f"cannot ask at this terminal: {error}") from error


def _is_limited() -> bool:
    """Whether stdout or stderr cannot encode every character."""
    streams = (getattr(stream, "encoding", None) for stream in (sys.stdout, sys.stderr))
    return any(codecs.lookup(one).name != "utf-8" for one in streams if one)
