"""The last line of a transcript that no newline ends: told if it is whole, and named if not."""

from __future__ import annotations

import os

from tui.core.limits import LONGEST_SHOWN
from tui.core.models import Entry, EntryKind, Session
from tui.core.transcript import parse_line
from tui.storage import pages
from tui.storage.lines import is_whole, unfinished

_BLANK = b" \t\r\n\0"


def last_line(session: Session, start: int) -> tuple[Entry, ...]:
    """Return what stands behind the last whole line, which ends at `start`.

    While the session runs, the newline of a whole record may be on its way: it is told then.
    """
    if session.transcript is None:
        return ()
    try:
        with pages.opened(session.transcript.path) as fd:
            size = os.fstat(fd).st_size - start
            raw = pages.read(fd, min(max(size, 0), LONGEST_SHOWN + 1), start)
    except OSError:
        return ()
    if size <= LONGEST_SHOWN and not raw.strip(_BLANK):
        return ()
    if not session.is_live and size <= LONGEST_SHOWN and is_whole(raw):
        return parse_line(raw, place=start)
    return (Entry(EntryKind.NOTICE, unfinished(size), place=start),)
