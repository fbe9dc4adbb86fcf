"""What waits for an answer, in full, for whoever answers it from the command line."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from datetime import datetime

from tui.core.request import Request


def asked_lines(request: Request, now: datetime) -> Iterator[str]:
    """Yield who asks and why, all that would be granted, and what names it."""
    from tui.view import requests

    is_ascii = _is_limited()
    shown = requests.request_lines(request, requests.UNWRAPPED, is_ascii=is_ascii)
    facts = requests.fact_lines(request, now, requests.UNWRAPPED, is_ascii=is_ascii)
    for line in (*facts, *shown):
        yield "".join(cell.text for cell in line)
    yield requests.end_line(request)


def _is_limited() -> bool:
    """Whether stdout or stderr has no room for each character, and would replace some."""
    streams = (getattr(stream, "encoding", None) for stream in (sys.stdout, sys.stderr))
    return any(codecs.lookup(one).name != "utf-8" for one in streams if one)
