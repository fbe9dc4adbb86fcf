"""What came of a flow."""

from __future__ import annotations

from dataclasses import dataclass

from tui.core.models.session import Key
from tui.operations.context import ActionResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message with its style, and what else changes; `None` leaves the message that is there.

    `failed` are the sessions that stay marked; `None` leaves the marks as they are. `started` is
    the id of the run whose session is to be selected once it is there. `done` can be undone as one.
    """

    message: str | None = None
    style: str = ""
    failed: frozenset[Key] | None = None
    started: str = ""
    done: tuple[ActionResult, ...] = ()
