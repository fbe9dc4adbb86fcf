"""What may be a session's or a listing's name in a path: ids come from files others write."""

from __future__ import annotations

import re

from tui.core.errors import UnknownId
from tui.core.text import one_line

_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def is_session_id(name: str) -> bool:
    """Whether `name` can be a session's id, and so be part of a path."""
    return _SESSION_ID.fullmatch(name) is not None


def is_listing_id(name: str) -> bool:
    """Whether `name` can be a listing's folder: one plain path component, not hidden."""
    return name not in ("", ".", "..") and not name.startswith(".") and not set(name) & set("/\0")


def require_session_id(name: str) -> str:
    """Return `name`, or raise `UnknownId` when it cannot be a session's id."""
    if not is_session_id(name):
        raise UnknownId(f"{one_line(name)[:80]!r} is not a session id")
    return name
