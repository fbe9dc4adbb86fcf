"""A row of the pipeline's table, `claude_sessions`, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tui.core.text.bounded_json import json_object
from tui.core.values import dataclass


class Status(StrEnum):
    """The known values of a row's `status` column; others are kept as they are."""

    ACTIVE = "active"
    EXPIRED = "expired"
    FAILED = "failed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as stored, for compare-and-set: times are strings, `metadata` is JSON text."""

    session_id: str
    listing_id: str
    stage: str
    created_at: str
    expires_at: str
    status: str
    metadata: str | None = None

    def details(self) -> Mapping[str, Any]:
        """Return the metadata as a mapping; an empty one when it is not a JSON object."""
        return json_object(self.metadata)
