"""What went wrong in a thread of the console's, in words that a screen shows."""

from __future__ import annotations

from tui.core.errors import ConsoleError
from tui.core.text.safe_text import one_line


def trouble(error: Exception) -> str:
    """Say what kept a thread from the fleet.

    The driver's own words on a connection that it cannot make out may quote a password.
    """
    if isinstance(error, ConsoleError):
        return one_line(error)[:300]
    if isinstance(error, OSError):
        return f"the fleet cannot be followed: {one_line(error.strerror or error)}"[:300]
    said = f"the fleet cannot be followed: {type(error).__name__}; see to the dsn_file"
    return said[:300]
