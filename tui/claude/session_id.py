"""What may be a session's id in a path: ids come from files that others write."""

from __future__ import annotations

import re

from tui.claude.layout import ALL_FOLDERS
from tui.core.errors import UnknownId
from tui.core.text.safe_text import one_line

_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_CLI_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_session_id(name: str) -> bool:
    """Whether `name` can be a session's id, and so be part of a path.

    The names of the CLI's own folders are none: taken for a session, one would take all of them.
    """
    return _SESSION_ID.fullmatch(name) is not None and name.lower() not in ALL_FOLDERS


def is_cli_id(name: str) -> bool:
    """Whether `name` has the form of the ids that the CLI gives: a UUID."""
    return _CLI_ID.fullmatch(name.lower()) is not None


def require_session_id(name: str) -> str:
    """Return `name`, or raise `UnknownId` when it cannot be a session's id."""
    if not is_session_id(name):
        raise UnknownId(f"{one_line(name)[:80]!r} is not a session id")
    return name
