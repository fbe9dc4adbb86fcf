"""A permission request in a run folder, as its run writes it: the input file, then the event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tui.core.models.permission_request import Requester
from tui.runs.folder.agent_events import PermissionAsk
from tui.runs.folder.permission_requests import REQUESTS, file_name, request_file
from tui.runs.folder.protocol import EVENTS


def plant_request(
    folder: Path,
    at: datetime,
    tool: str = "Bash",
    given: Mapping[str, Any] | None = None,
    *,
    request_id: str = "p1",
    asker: Requester | None = None,
) -> str:
    """Make the run of `folder` ask for a permission since `at`; return the request's digest."""
    ask = PermissionAsk(tool, {"command": "ls"} if given is None else given, asker or Requester())
    file = request_file(request_id, ask)
    (folder / REQUESTS).mkdir(exist_ok=True)
    (folder / REQUESTS / file_name(request_id)).write_text(file.text)
    event = {
        "type": "permission",
        "at": at.isoformat(),
        "request_id": request_id,
        "tool": tool,
        "digest": file.digest,
        "until": (at + timedelta(minutes=30)).isoformat(),
    }
    with (folder / EVENTS).open("a") as events:
        events.write(json.dumps(event) + "\n")
    return file.digest
