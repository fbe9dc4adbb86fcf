"""Where a line of a page leads."""

from __future__ import annotations

from tui.core.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTarget:
    """What Enter opens on a line: a session, a listing, a place in a stream, or the `:` line.

    Without a `session_id` it is the listing. `place` is a file offset in the session's stream, -1
    for none; `sought` is what stands there. `command` is put into the `:` line instead, and never
    run; one that ends with an option lacks its value.
    """

    listing: str = ""
    session_id: str = ""
    place: int = -1
    sought: str = ""
    command: tuple[str, ...] = ()
