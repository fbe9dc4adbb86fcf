"""Checks of session ids before they become part of a path: they come from others' files."""

from __future__ import annotations

from tui.claude.layout import ALL_FOLDERS
from tui.core.errors import UnknownId
from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line

_SESSION_ID = late_pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_CLI_ID = late_pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_session_id(name: str) -> bool:
    """Whether `name` can be a session's id, and so part of a path.

    The CLI's own folder names are excluded: deleting such a "session" would delete that folder.
    """
    return _SESSION_ID.fullmatch(name) is not None and name.lower() not in ALL_FOLDERS


def is_cli_id(name: str) -> bool:
    """Whether `name` is a UUID, as the CLI's session ids are."""
    return _CLI_ID.fullmatch(name.lower()) is not None


def require_session_id(name: str) -> str:
    """Return `name`; raises `UnknownId` when it cannot be a session's id."""
    if not is_session_id(name):
        raise UnknownId(f"{one_line(name)[:80]!r} is not a session id")
    return name


def is_beginning(name: str, session_id: str) -> bool:
    """Whether `name` is how the id begins, and not that id, in capitals or not."""
    return name != session_id and session_id.lower().startswith(name.lower())


def not_whole(name: str, session_id: str) -> UnknownId:
    """Return that a pipeline has named a session by less than its id."""
    return UnknownId(f"{name} is not a whole session id: do you mean {session_id}?")
