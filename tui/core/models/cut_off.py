"""A session that a crash left in the middle of a turn, as a pipeline is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tui.core.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffSession:
    """A session whose last turn has no end, and which nobody has acknowledged or gone on with.

    `at`, aware, is when that was, if known. With `is_orphan` its CLI outlived what ran it: resume
    it with `take_over=True`. Without `can_resume` there is no transcript: ask again. `metadata` is
    the pipeline's own, to be handed on to what asks again.
    """

    session_id: str
    listing_id: str
    stage: str
    at: datetime | None
    is_orphan: bool
    can_resume: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)
