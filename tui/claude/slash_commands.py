"""The CLI's own commands that a prompt may begin with: what would leave the session, and room."""

from __future__ import annotations

from tui.core.errors import UsageError
from tui.core.text.late_pattern import late_pattern

# Each goes on in another session, or would; the CLI knows them in lower case only.
_LEAVES = late_pattern(r"/(?:clear|new|reset|resume|exit|quit)(?=\s|$)")
_COMPACTS = late_pattern(r"/compact(?=\s|$)")


def compacts(prompt: str) -> bool:
    """Whether a prompt makes room in the context: the one command that stays within the session."""
    return _COMPACTS.match(prompt.lstrip()) is not None


def require_same_session(prompt: str) -> None:
    """Raise `UsageError` for a prompt with which the CLI would leave its session."""
    if found := _LEAVES.match(prompt.lstrip()):
        raise UsageError(
            f"{found[0]} is not sent: it would end the session or put another in its place; begin "
            "a session of its own for that, or put another word first if it is meant as text"
        )
