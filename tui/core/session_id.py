"""What may be a session's or a listing's name in a path: ids come from files others write."""

from __future__ import annotations

import re

from tui.core.errors import UnknownId
from tui.core.text.safe_text import one_line

_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_CLI_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CLI_FOLDERS = {
    "agent-memory", "agents", "backups", "cache", "ccr", "chrome", "commands", "cowork_plugins",
    "daemon", "debug", "dev-mods", "dump-prompts", "feedback", "feedback-bundles", "file-history",
    "files", "hooks", "ide", "jobs", "local", "mcp-discovery-cache", "memory", "output-styles",
    "paste-cache", "plans", "plugins", "projects", "remote-control", "rules", "seed-admin",
    "session-env", "sessions", "shares", "shell-snapshots", "skills", "startup-perf", "state",
    "statsig", "subagents", "tasks", "teams", "telemetry", "themes", "todos", "tool-results",
    "traces", "uploads", "usage-data", "workflows",
}  # fmt: skip


def is_session_id(name: str) -> bool:
    """Whether `name` can be a session's id, and so be part of a path.

    The names of the CLI's own folders are none: taken for a session, one would take all of them.
    """
    return _SESSION_ID.fullmatch(name) is not None and name.lower() not in _CLI_FOLDERS


def is_cli_id(name: str) -> bool:
    """Whether `name` has the form of the ids that the CLI gives: a UUID."""
    return _CLI_ID.fullmatch(name.lower()) is not None


def is_listing_id(name: str) -> bool:
    """Whether `name` can be a listing's folder: one plain path component, not hidden."""
    return name not in ("", ".", "..") and not name.startswith(".") and not set(name) & set("/\0")


def require_session_id(name: str) -> str:
    """Return `name`, or raise `UnknownId` when it cannot be a session's id."""
    if not is_session_id(name):
        raise UnknownId(f"{one_line(name)[:80]!r} is not a session id")
    return name
