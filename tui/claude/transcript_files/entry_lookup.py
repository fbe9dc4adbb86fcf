"""Finds one entry of a transcript by its uuid."""

from __future__ import annotations

import re
from pathlib import Path

from tui.claude.transcript.records import whole_records
from tui.claude.transcript_files.transcript_lines import read_lines

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def has_entry(path: Path, uuid: str) -> bool:
    """Whether a transcript has a line with this uuid in the conversation itself.

    Raises `OSError` when it cannot be read.
    """
    if not _UUID.fullmatch(uuid):
        return False
    lines = read_lines(path, (uuid.encode(),))
    records = (record for line in lines for record in whole_records(line.raw))
    return any(one.get("uuid") == uuid and not one.get("isSidechain") for one in records)
