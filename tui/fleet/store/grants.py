"""The statements that give a host's role what it needs, and nothing else."""

from __future__ import annotations

from tui.fleet.store.schema import SCHEMA

_READ = ("migration", "host", "session", "file", "chunk", "run", "command", "live")
_RIGHTS = {
    "host": "INSERT, UPDATE",
    "session": "INSERT, UPDATE",
    "file": "INSERT, UPDATE, DELETE",
    "chunk": "INSERT, UPDATE, DELETE",
    "run": "INSERT, UPDATE, DELETE",
    "command": "INSERT, UPDATE, DELETE",
    "live": "INSERT, UPDATE, DELETE",
}


def grants(role: str) -> str:
    """Return the statements for a host's role, which the owner of the tables runs."""
    name = '"' + role.replace('"', '""') + '"'
    return "\n".join(
        [
            f"CREATE ROLE {name} LOGIN PASSWORD 'CHANGE-ME';",
            f"GRANT USAGE ON SCHEMA {SCHEMA} TO {name};",
            *(f"GRANT SELECT ON {SCHEMA}.{table} TO {name};" for table in _READ),
            *(f"GRANT {what} ON {SCHEMA}.{table} TO {name};" for table, what in _RIGHTS.items()),
        ]
    )
