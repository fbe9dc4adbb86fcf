"""What waits for an answer, in full, for whoever answers it from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tui.core.request import Request


def asked_lines(request: Request, now: datetime) -> Iterator[str]:
    """Yield who asks and why, all that would be granted, and what names it."""
    from tui.view import requests

    shown = requests.request_lines(request, requests.UNWRAPPED)
    facts = requests.fact_lines(request, now, requests.UNWRAPPED)
    for line in (*facts, *shown):
        yield "".join(cell.text for cell in line)
    yield requests.end_line(request)
