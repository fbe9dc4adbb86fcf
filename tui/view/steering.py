"""What operators sent to a run, and for how long it waits for one of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.core.models import Sent
from tui.core.request import Request
from tui.core.text import one_line
from tui.view import words


def sent_words(sent: Sent, now: datetime, *, is_over: bool) -> str:
    """Return a command that waits: queued for its turn, not taken yet, or never taken."""
    text = f": {one_line(sent.text)}" if sent.text else ""
    what = f"{one_line(sent.kind)} of {one_line(sent.by) or 'somebody'}{text}"
    if is_over:
        return f"never taken: {what}"
    if sent.is_taken:
        return f"queued {what}"
    return f"sent, not taken yet {ago(sent.at, now)}: {what}"


def ago(at: datetime, now: datetime) -> str:
    """Return how long something waits, by the second in its first minute."""
    gone = max(now - at, timedelta())
    if gone < timedelta(minutes=1):
        return f"{int(gone.total_seconds())}s"
    return words.span(gone)


def until_words(request: Request, now: datetime) -> str:
    """Return how long a request waits, and when it is denied because nobody came."""
    waits = f"waits {ago(request.at, now)}"
    if request.until is None:
        return waits
    left = request.until - now
    if left <= timedelta():
        return f"{waits}, denied at any moment"
    is_soon = left < timedelta(minutes=1)
    return f"{waits}, denied in {f'{left.seconds}s' if is_soon else words.span(left)}"
