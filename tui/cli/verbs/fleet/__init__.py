"""The verbs for a fleet of hosts; declared in `declarations.fleet`."""

from __future__ import annotations

from importlib.util import find_spec

from tui.core.errors import Reason, Refused

if find_spec("psycopg") is None:
    raise Refused(
        "a fleet needs the driver of PostgreSQL, which is not installed: install "
        "session-console[fleet]",
        Reason.NOT_SET_UP,
    )
