"""An operator console for Claude Agent SDK sessions; for a pipeline, `SessionManager`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.manager import SessionManager as SessionManager

__version__ = "0.1.0"
__all__ = ["SessionManager", "__version__"]


def __getattr__(name: str) -> Any:
    """Import `SessionManager` when it is asked for: no verb needs what it brings with it."""
    if name == "SessionManager":
        from tui.manager import SessionManager

        return SessionManager
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
