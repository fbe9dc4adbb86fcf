"""Checks what a pipeline wants to have in the row of a session."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tui.core.errors import UsageError
from tui.core.text.safe_text import one_line

_LONGEST_NAME = 200


def require_stage(stage: str) -> None:
    """Raise `UsageError` for a stage that says nothing, or is too long for a line."""
    if not one_line(stage):
        raise UsageError("stage must be a word: what the session is for")
    require_short("stage", stage)


def require_short(name: str, text: str) -> None:
    """Raise `UsageError` for a name that is too long for a column of the table."""
    if len(text) > _LONGEST_NAME:
        raise UsageError(f"{name} has {len(text):,} characters, and may have {_LONGEST_NAME}")


def require_json(metadata: Mapping[str, Any] | None) -> None:
    """Raise `UsageError` for metadata that the table cannot keep."""
    try:
        json.dumps(dict(metadata or {}), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"metadata cannot be kept as JSON: {one_line(error)[:80]}") from error
