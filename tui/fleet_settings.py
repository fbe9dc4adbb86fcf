"""The settings of the fleet: which database, and what this host is called in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tui.core.text.late_pattern import late_pattern
from tui.core.text.safe_text import one_line
from tui.core.time.expiry import parse_duration
from tui.core.values import dataclass

_HOST = late_pattern(r"[a-z0-9][a-z0-9_.-]{0,62}")
_EXPECTED = 'expected a table like {dsn_file = "/etc/session-console/dsn", host = "a"}'
_SHORTEST, _LONGEST = timedelta(seconds=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """What `[fleet]` says; a host that has been silent for its `lease` can be taken over from."""

    dsn_file: Path
    host: str
    lease: timedelta = timedelta(seconds=15)


def parse_fleet(value: Any) -> FleetSettings:
    """Return the settings in a table; raises `ValueError`, or `UsageError` for no such duration."""
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError(_EXPECTED)
    if odd := value.keys() - {"dsn_file", "host", "lease"}:
        raise ValueError(f"no setting of the fleet is called {one_line(min(odd))[:40]!r}")
    file, host = value.get("dsn_file", ""), value.get("host", "")
    if not file or not host:
        raise ValueError(f"dsn_file and host belong together: {_EXPECTED}")
    path = Path(file).expanduser()
    if not path.is_absolute():
        raise ValueError(f"dsn_file is no absolute path: {one_line(file)[:80]}")
    if not is_host(host):
        raise ValueError(f"host is no name: small letters, digits, `-`, `_` and `.`, not {host!r}")
    lease = parse_duration(value.get("lease", "15s"))
    if not _SHORTEST <= lease <= _LONGEST:
        raise ValueError("lease: from 5s to 1h")
    return FleetSettings(dsn_file=path, host=host, lease=lease)


def is_host(name: str) -> bool:
    """Whether a host of the fleet may have this name."""
    return _HOST.fullmatch(name) is not None
