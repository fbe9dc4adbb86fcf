"""An operator console for Claude Agent SDK sessions."""

__version__ = "0.1.0"
